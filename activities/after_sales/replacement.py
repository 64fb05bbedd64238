"""The replacement that an exchange ends in: kept from the approval on, ordered once the goods are back (R-REV-6)."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.after_sales import settlement
from ordersaga.contracts.after_sales import ActOnCase, Replacement
from ordersaga.domain.after_sales.case import Case, Kind
from ordersaga.domain.after_sales.replacement import EXCHANGE, demands, priced, replacement_no
from ordersaga.domain.after_sales.units import UnitFate
from ordersaga.domain.errors import NotFound, OutOfStock, ReplacementUnavailable
from ordersaga.domain.lifecycle.after_sales import CaseAction
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import REVISION, OrderStart
from ordersaga.domain.policies import Policies
from ordersaga.persistence import after_sales, orders, policies, replacements, reservations, stock, submissions
from ordersaga.persistence.submissions import Submission

_KEEPING = frozenset({CaseAction.APPROVE_RETURN, CaseAction.RESOLVE_RETURN, CaseAction.RESOLVE_EXCHANGE})
_PLACING_SECONDS = 600.0
"""Nobody waits for it, and a replacement that is refused is asked about again: long enough for a database to return."""


async def action_for(connection: AsyncConnection, case: Case, action: CaseAction, request: ActOnCase) -> CaseAction:
    """`action`, or `RUN_SHORT` where the replacement that it needs cannot be had; else that is kept from now on."""
    if case.kind is not Kind.EXCHANGE or action not in _KEEPING:
        return action
    case.machine.next(case.state, action, Actor(request.by.role))
    try:
        async with connection.begin_nested():
            await _keep(connection, case, request.at)
    except (OutOfStock, ReplacementUnavailable):
        return CaseAction.RUN_SHORT
    return action


async def release(connection: AsyncConnection, case: Case, at: datetime) -> None:
    """Keep nothing for this case any more."""
    if case.kind is Kind.EXCHANGE:
        await stock.release(connection, replacement_no(case), at)


async def turn_into_return(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """Nothing is kept, and the goods are still the buyer's: they come back for money."""
    return replace(case, kind=Kind.RETURN)


async def refund_instead(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """The goods are back and no replacement is to be had: money is given for what was accepted."""
    await release(connection, case, request.at)
    return await settlement.settle(connection, replace(case, kind=Kind.RETURN), request)


async def submit(connection: AsyncConnection, case: Case, at: datetime) -> None:
    """Store the order that the case's run is to place: to whom the case's order goes now, with nothing to pay."""
    order = await orders.whole(connection, case.order_no)
    goods = await replacements.goods_of(connection, case, order.lines)
    await reservations.trim(
        connection, replacement_no(case), {line.line_no: len(line.taken) for line in case.lines}, at
    )
    origin = f"{EXCHANGE}:{case.case_no}"
    await submissions.add(
        connection,
        Submission(
            order_no=replacement_no(case),
            quote_id=origin,
            buyer=order.buyer,
            idempotency_key=origin,
            body_hash="",
            priced=priced(case, order.lines, goods, currency=order.currency, shipping_option=order.shipping_option),
            receiver=order.receiver,
            delivery_note=order.delivery_note,
            received_at=at,
        ),
    )


async def to_place(connection: AsyncConnection, case: Case, rules: Policies) -> Replacement:
    """The order that `submit` stored, with all that its run begins with, and how placing it ended."""
    submission = await submissions.known(connection, replacement_no(case))
    kind = order_type(EXCHANGE)
    return Replacement(
        workflow=kind.workflow,
        start=OrderStart(
            order_no=submission.order_no,
            order_type=kind.name,
            table_version=kind.machine.version,
            policy_version=await policies.publish(connection, kind.name, rules, datetime.now(UTC)),
            placing_seconds=_PLACING_SECONDS,
            revision=REVISION,
        ),
        buyer=submission.buyer,
        merchant_ids=list(submission.priced.merchant_ids),
        is_placed=submission.placement.placed if submission.placement else None,
    )


async def link(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """The replacement's order is placed: the old units are given for, for ever."""
    await after_sales.settle_units(connection, case, UnitFate.EXCHANGED)
    return replace(case, replacement_order_no=replacement_no(case))


async def _keep(connection: AsyncConnection, case: Case, at: datetime) -> None:
    """Hold a replacement for everything that is claimed, unless it is held. Raises `OutOfStock`,
    `ReplacementUnavailable`.
    """
    if await stock.sources_of(connection, replacement_no(case)):
        return
    await replacements.require_alike_goods(connection, case)
    order = await orders.whole(connection, case.order_no)
    goods = await replacements.goods_of(connection, case, order.lines)
    if order.receiver is None:
        raise NotFound("this order goes nowhere", order_no=order.order_no)
    await stock.reserve(connection, replacement_no(case), demands(case, goods), order.receiver, at)
