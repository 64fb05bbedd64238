"""Who may call what: roles per route, and what of the data each role sees."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Annotated, Any

import structlog
from fastapi import Depends, Header, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.authentication import Caller, KeysUnavailable, Role, TokenInvalid
from api.hardening.rates import Limited
from api.problems import Problem, unavailable
from api.services import UsesServices
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import ActedBy
from ordersaga.gateways import correlation
from ordersaga.settings import Settings

log = structlog.get_logger()

bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="`ordersaga token --role buyer --sub alice`")


Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def authenticated(request: Request, services: UsesServices, credentials: Bearer) -> Caller:
    """The caller. 401 without a token that can be trusted, 429 when too many of those came from one address.

    A good token is never refused for its neighbours' bad ones.
    """
    if credentials is None:
        raise Problem("unauthenticated", "a bearer token is needed", {"WWW-Authenticate": "Bearer"})
    try:
        caller = await services.authenticator.authenticate(credentials.credentials)
    except KeysUnavailable as error:
        raise unavailable("the identity provider") from error
    except TokenInvalid as error:
        await services.rates.spend(Limited.LOGINS, address=address_of(request))
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise Problem("unauthenticated", str(error), challenge) from error
    correlation.bind(role=caller.role)
    return caller


AnyCaller = Annotated[Caller, Depends(authenticated)]


def _only(*roles: Role) -> Callable[..., Any]:
    async def check(caller: AnyCaller) -> Caller:
        if caller.role not in roles:
            names = " or ".join(roles)
            raise Problem("forbidden", f"this is for the {names}", role=caller.role, allowed_roles=list(roles))
        return caller

    return check


def limited(what: Limited) -> Callable[..., Awaitable[None]]:
    """A route's dependency: each request counts for its caller and its address; 429 when it is one too many."""

    async def count(request: Request, response: Response, services: UsesServices, caller: AnyCaller) -> None:
        await services.rates.spend(what, address=address_of(request), caller=f"{caller.role}:{caller.subject}")
        policies = services.rates.policies(what)
        if policies:
            response.headers["RateLimit-Policy"] = policies

    return count


Buyer = Annotated[Caller, Depends(_only(Role.BUYER))]
BuyerOrMerchant = Annotated[Caller, Depends(_only(Role.BUYER, Role.MERCHANT))]
BuyerOrOperator = Annotated[Caller, Depends(_only(Role.BUYER, Role.OPERATOR))]
Canceller = Annotated[Caller, Depends(_only(Role.BUYER, Role.MERCHANT, Role.OPERATOR))]
Operator = Annotated[Caller, Depends(_only(Role.OPERATOR))]
Settler = Annotated[Caller, Depends(_only(Role.OPERATOR, Role.MERCHANT))]
Downstream = Annotated[Caller, Depends(_only(Role.DOWNSTREAM, Role.OPERATOR))]
ParcelHandler = Annotated[Caller, Depends(_only(Role.WAREHOUSE, Role.MERCHANT))]
ParcelReader = Annotated[Caller, Depends(_only(Role.WAREHOUSE, Role.MERCHANT, Role.OPERATOR))]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="same key and body: the first answer again; same key, other body: 422",
    ),
]


async def language_of(request: Request) -> str:
    """The first language of `Accept-Language` that labels exist in; English otherwise."""
    wanted = request.headers.get("accept-language", "")
    return "zh-Hant" if wanted.strip().lower().startswith("zh") else "en"


Language = Annotated[str, Depends(language_of)]


def address_of(request: Request) -> str:
    """Where the request comes from; what a proxy says of that counts only if the settings trust the proxy."""
    settings: Settings = request.app.state.settings
    if settings.counts_requests and not settings.http.trusted_proxies and "x-forwarded-for" in request.headers:
        _warn_of_a_proxy()
    return request.client.host if request.client else ""


@cache
def _warn_of_a_proxy() -> None:
    """Once in a process: if it is a proxy, all its visitors share one allowance."""
    log.warning("X-Forwarded-For from an address that no setting trusts", setting="ORDERSAGA_HTTP__TRUSTED_PROXIES")


def acted_by(caller: Caller, reason: str = "") -> ActedBy:
    return ActedBy(role=actor_of(caller), subject=caller.subject, reason=reason)


def actor_of(caller: Caller) -> Actor:
    """The part that a role plays in the state machine; downstream systems read like buyers."""
    return Actor.BUYER if caller.role is Role.DOWNSTREAM else Actor(caller.role.value)
