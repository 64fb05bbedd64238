"""A change before payment: previewed by today's prices and offers, sealed, and handed to the order's run (R-REV-1)."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import acted_by
from api.authentication import Caller
from api.commands import steer
from api.order_change_views import differing_lines, priced_document
from api.placement import update_id
from api.previews import offer_document
from api.problems import Problem, not_found
from api.quoting import Cart, price
from api.schemas.order_changes import ChangePreview, ChangePreviewRequest
from api.schemas.values import money
from api.services import Services
from ordersaga.domain.errors import ActionNotAllowed, ChangeInvalid, ChangeOutdated, OrderError
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import CHANGE, AcceptedChange
from ordersaga.domain.order_change import reduced, renumbered, require_a_change
from ordersaga.domain.pricing.occasion import WEB, Wishes
from ordersaga.domain.pricing.promise import promise
from ordersaga.domain.pricing.quote import PricedOrder, Pricing
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import offer_changes, order_changes, orders, stock, submissions
from ordersaga.persistence.order_changes import ChangeProposal
from ordersaga.persistence.orders import Order

_LOST = frozenset({"change_outdated", "coupon_unavailable", "points_unavailable", "offer_exhausted", "out_of_stock"})
"""Refusals of the order's run after which another preview may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a change token seals: the change, the order as often as it was changed before, and the price by digest."""

    proposal_id: str
    order_no: str
    based_on: int
    shipping_option: str | None
    quantities: Mapping[int, int]
    promised: str
    expires_at: datetime

    def packed(self) -> dict[str, Any]:
        return {
            "proposal_id": self.proposal_id,
            "order_no": self.order_no,
            "based_on": self.based_on,
            "shipping_option": self.shipping_option,
            "quantities": list(self.quantities.items()),
            "promised": self.promised,
            "expires_at": int(self.expires_at.timestamp()),
        }

    @classmethod
    def unpacked(cls, document: Mapping[str, Any]) -> "Proposal":
        """Raises `KeyError`, `TypeError` or `ValueError` for what is none."""
        return cls(
            proposal_id=document["proposal_id"],
            order_no=document["order_no"],
            based_on=document["based_on"],
            shipping_option=document["shipping_option"],
            quantities=dict(document["quantities"]),
            promised=document["promised"],
            expires_at=datetime.fromtimestamp(document["expires_at"], UTC),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repriced:
    """An order as it is and as it would be."""

    order: Order
    based_on: int
    before: PricedOrder
    after: PricedOrder
    pricing: Pricing


async def preview(services: Services, caller: Caller, order_no: str, wanted: ChangePreviewRequest) -> ChangePreview:
    """What the change would cost. Changes and holds nothing. Raises `ActionNotAllowed`, `ChangeInvalid`, and what
    pricing raises.
    """
    quantities = {item.line_no: item.quantity for item in wanted.lines}
    async with services.database.reading() as connection:
        return await _preview(connection, services, caller, order_no, quantities, wanted.shipping_option)


async def accept(services: Services, caller: Caller, order_no: str, token: str) -> None:
    """Let the order's run apply what was previewed, and wait until it is done; once is as good as twice.

    Raises `ChangeInvalid` for a token that is none of this order, `ChangeOutdated` with a fresh preview, what the run
    raises, 503 when its answer is late.
    """
    proposal = _open(services, order_no, token)
    async with services.database.transaction() as connection:
        if await _is_done(connection, caller, proposal):
            return
        if len(await order_changes.repriced(connection, order_no)) != proposal.based_on:
            raise await _outdated(connection, services, caller, proposal, "order_changed")
        found = await _reprice(connection, services, caller, order_no, proposal.quantities, proposal.shipping_option)
        if proposal.expires_at <= datetime.now(UTC):
            raise await _outdated(connection, services, caller, proposal, "expired")
        if proposal.promised != _digest(found.after):
            raise await _outdated(connection, services, caller, proposal, "price_changed")
        accepted = ChangeProposal(
            proposal_id=proposal.proposal_id, order_no=order_no, based_on=proposal.based_on, priced=found.after
        )
        await order_changes.propose(connection, accepted, datetime.now(UTC))
    word = AcceptedChange(proposal_id=proposal.proposal_id, by=acted_by(caller))
    update = update_id(CHANGE, proposal.proposal_id)
    try:
        await steer(services, caller, order_no, Action.CHANGE_ORDER, word, name=CHANGE, update=update)
    except Problem as refused:
        if refused.code in _LOST:
            async with services.database.reading() as connection:
                refused.details["preview"] = await _another(connection, services, caller, proposal)
        raise


async def _is_done(connection: AsyncConnection, caller: Caller, proposal: Proposal) -> bool:
    """Whether this was applied. Raises `ActionNotAllowed` where it was not, and cannot be any more.

    The order is locked from here on: a twin of this request could be applied between two looks at it otherwise.
    """
    order = await orders.get(connection, proposal.order_no, lock=True)
    if order is None or order.buyer != caller.subject:
        raise not_found()
    if await order_changes.is_applied(connection, proposal.proposal_id):
        return True
    _require_unpaid(order)
    return False


def _open(services: Services, order_no: str, token: str) -> Proposal:
    try:
        proposal = Proposal.unpacked(services.sealer.open_document(token))
    except (ValueError, KeyError, TypeError) as error:
        raise ChangeInvalid("the change token is not one that this shop issued", reason="unknown_token") from error
    if proposal.order_no != order_no:
        raise ChangeInvalid("the change token is of another order", reason="unknown_token")
    return proposal


async def _outdated(
    connection: AsyncConnection, services: Services, caller: Caller, proposal: Proposal, reason: str
) -> ChangeOutdated:
    fresh = await _another(connection, services, caller, proposal)
    return ChangeOutdated("preview the change again", reason=reason, preview=fresh)


async def _another(
    connection: AsyncConnection, services: Services, caller: Caller, proposal: Proposal
) -> dict[str, Any] | None:
    """A fresh preview of the same change, where one can be made."""
    quantities, option = proposal.quantities, proposal.shipping_option
    try:
        fresh = await _preview(connection, services, caller, proposal.order_no, quantities, option)
    except OrderError:
        return None
    return fresh.model_dump(mode="json")


async def _preview(
    connection: AsyncConnection,
    services: Services,
    caller: Caller,
    order_no: str,
    quantities: Mapping[int, int],
    shipping_option: str | None,
) -> ChangePreview:
    found = await _reprice(connection, services, caller, order_no, quantities, shipping_option)
    return _view(services, found, quantities, shipping_option)


async def _reprice(
    connection: AsyncConnection,
    services: Services,
    caller: Caller,
    order_no: str,
    quantities: Mapping[int, int],
    shipping_option: str | None,
) -> _Repriced:
    order = await orders.get(connection, order_no)
    if order is None or order.buyer != caller.subject:
        raise not_found()
    _require_unpaid(order)
    submission = await submissions.known(connection, order_no)
    earlier = await order_changes.repriced(connection, order_no)
    held = await offer_changes.held(connection, order_no)
    units: dict[str, int] = {}
    for item in await stock.sources_of(connection, order_no):
        units[item.sku] = units.get(item.sku, 0) + item.quantity
    cart = Cart(
        buyer=order.buyer,
        items=reduced(submission.priced.lines, quantities),
        address=order.receiver,
        order_type=order.order_type,
        shipping_option=shipping_option or order.shipping_option,
        channel=submission.asked.get("channel", WEB),
        wishes=Wishes(
            coupon_codes=tuple(sorted(held.coupons)),
            promotion_codes=tuple(submission.asked.get("promotion_codes", ())),
            points=held.points,
        ),
        held=replace(held, units=units),
    )
    pricing = await _with_points(connection, services, cart)
    used = {line["line_no"] for change in earlier for line in change.before["lines"]}
    after = renumbered(submission.priced, pricing.order, used)
    require_a_change(submission.priced, after)
    return _Repriced(
        order=order, based_on=len(earlier), before=submission.priced, after=after, pricing=replace(pricing, order=after)
    )


async def _with_points(connection: AsyncConnection, services: Services, cart: Cart) -> Pricing:
    """As many of the order's points as its new price takes."""
    pricing = await price(connection, services, cart)
    told = next((item for item in pricing.considered if item.source == Source.POINTS), None)
    if told is None or told.applied or not cart.wishes.points or not told.at_most:
        return pricing
    fewer = replace(cart.wishes, points=min(cart.wishes.points, told.at_most))
    return await price(connection, services, replace(cart, wishes=fewer))


def _require_unpaid(order: Order) -> None:
    """Raises `ActionNotAllowed` where the order's table does."""
    machine = order_type(order.order_type).version(order.table_version)
    machine.next(order.state, Action.CHANGE_ORDER, Actor.BUYER)
    if order.payment_due_at <= datetime.now(UTC):
        reason = Guard.BEFORE_PAYMENT_DEADLINE.reason
        raise ActionNotAllowed(reason, action=Action.CHANGE_ORDER, state=order.state)


def _digest(priced: PricedOrder) -> str:
    return hashlib.sha256(json.dumps(promise(priced), sort_keys=True).encode()).hexdigest()


def _view(
    services: Services, found: _Repriced, quantities: Mapping[int, int], shipping_option: str | None
) -> ChangePreview:
    currency, before, after = found.after.currency, found.before, found.after
    lifetime = timedelta(seconds=services.settings.quote.ttl_seconds)
    proposal = Proposal(
        proposal_id=f"chg_{secrets.token_hex(12)}",
        order_no=found.order.order_no,
        based_on=found.based_on,
        shipping_option=shipping_option,
        quantities=quantities,
        promised=_digest(after),
        expires_at=min(datetime.now(UTC) + lifetime, found.order.payment_due_at).replace(microsecond=0),
    )
    return ChangePreview.model_validate(
        {
            "change_token": services.sealer.seal_document(proposal.packed()),
            "expires_at": proposal.expires_at,
            "before": priced_document(before),
            "after": priced_document(after),
            "payable_change": money(after.totals.payable - before.totals.payable, currency),
            "lines": differing_lines(before, after),
            "offers": [offer_document(item, currency) for item in found.pricing.considered],
        }
    )
