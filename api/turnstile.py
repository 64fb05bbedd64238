"""Where whoever comes too late for a sale turns back, before the framework has begun with the request (R-TYPE-2).

Most who come to a sale leave with nothing, and all of them at once. What the gate says costs little beside routing,
dependencies and errors on their way to an answer, so here they are left out.

Nothing is decided here that is not decided again inside. A request is answered only if everything about it is in order
and the gate refuses it for sure; it takes no tokens for that, and builds no gate. Any other goes on as it came, to be
let in or refused for whatever else is the matter.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.access import IdempotencyKey, address_of, bearer
from api.authentication import Caller, KeysUnavailable, Role, TokenInvalid
from api.gate import Asked, asked_by_cart, asked_by_quote
from api.hardening.rates import Limited
from api.schemas.orders import SubmitRequest
from api.schemas.quotes import QuoteRequest
from api.screening import DeviceId
from api.services import Services
from ordersaga.domain.errors import OrderError
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.domain.pricing.quote import CartItem
from ordersaga.gateways import correlation

_GATED = tuple(kind.name.encode() for kind in ORDER_TYPES.values() if kind.gated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A path behind which a gate may stand, and how to read what a body asks of it; `None` if none does.

    `headers` are those of which the framework would say that they are not acceptable.
    """

    path: str
    limited: Limited
    read: Callable[[Services, bytes], Asked | None]
    headers: Mapping[str, TypeAdapter[Any]] = field(default_factory=dict)


class Turnstile:
    """ASGI, within all that sees every request. While requests are traced the framework tells its spans of each."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        entrance = _entrance(scope)
        if entrance is None:
            return await self._app(scope, receive, send)
        message = await receive()
        refusal = await _refusal(entrance, Request(scope), message)
        if refusal is None:
            return await self._app(scope, _again(message, receive), send)
        scope["route"] = entrance
        return await problems.refusing(refusal)(scope, receive, send)


def _entrance(scope: Scope) -> Entrance | None:
    """Of a JSON document of a known length."""
    if scope["type"] != "http" or scope["method"] != "POST" or "fastapi.telemetry" in scope:
        return None
    entrance = _ENTRANCES.get(scope["path"])
    if entrance is None or scope.get("root_path"):
        return None
    headers = dict(reversed(scope["headers"]))  # of several the first counts
    is_json = headers.get(b"content-type", b"").partition(b";")[0] == b"application/json"
    return entrance if is_json and b"content-length" in headers and b"transfer-encoding" not in headers else None


async def _refusal(entrance: Entrance, request: Request, message: Message) -> OrderError | None:
    """`None` in any doubt."""
    body = message.get("body", b"")
    if str(len(body)) != request.headers["content-length"]:
        return None
    services: Services = request.app.state.services
    try:
        asked = entrance.read(services, body)
        caller = await _buyer(services, request) if asked else None
        asked = asked.by(caller.subject) if asked and caller else None
        for name, acceptable in entrance.headers.items():
            acceptable.validate_python(request.headers.get(name))
    except (OrderError, ValueError):
        return None
    answer = await services.gates.glance(asked) if asked else None
    if asked is None or caller is None or answer is None:
        return None
    correlation.bind(role=caller.role)
    try:
        who = f"{caller.role}:{caller.subject}"
        await services.rates.spend(entrance.limited, address=address_of(request), caller=who)
        if asked.entrant.order_no:
            correlation.bind(order_no=asked.entrant.order_no)
        services.gates.tell(asked, answer)
    except OrderError as refusal:
        return refusal
    return None


async def _buyer(services: Services, request: Request) -> Caller | None:
    credentials = await bearer(request)
    try:
        caller = await services.authenticator.authenticate(credentials.credentials) if credentials else None
    except (TokenInvalid, KeysUnavailable):
        return None
    return caller if caller and caller.role is Role.BUYER else None


def _submit(services: Services, body: bytes) -> Asked | None:
    """Raises `ValueError`, `QuoteInvalid` and `ChannelUnknown`."""
    request = SubmitRequest.model_validate_json(body)
    if request.payment_channel is not None:
        services.providers.for_channel(request.payment_channel)
    return asked_by_quote(services.sealer.open(request.quote_token))


def _preview(_: Services, body: bytes) -> Asked | None:
    """Of a cart whose type is named: the catalogue is not asked here. Raises `ValueError`."""
    if not any(name in body for name in _GATED):
        return None
    request = QuoteRequest.model_validate_json(body)
    return asked_by_cart(request.order_type, [CartItem(item.sku, item.quantity) for item in request.items])


def _again(message: Message, receive: Receive) -> Receive:
    """`receive`, from the message on that was taken from it."""
    taken = [message]

    async def receiving() -> Message:
        return taken.pop() if taken else await receive()

    return receiving


_ENTRANCES = {
    entrance.path: entrance
    for entrance in (
        Entrance(path="/v1/quotes", limited=Limited.QUOTES, read=_preview),
        Entrance(
            path="/v1/orders",
            limited=Limited.SUBMITS,
            read=_submit,
            headers={"idempotency-key": TypeAdapter(IdempotencyKey), "x-device-id": TypeAdapter(DeviceId)},
        ),
    )
}
