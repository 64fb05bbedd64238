"""Parcels that were lost or refused: other goods are sent, or the money goes back; never neither, never both (W3)."""

from collections import defaultdict
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.after_sales import cases
from activities.parcels import advance_parcel, move_parcel, pack_again
from ordersaga.contracts.after_sales import ActOnCase
from ordersaga.contracts.fulfilment import ResolveParcel
from ordersaga.domain.after_sales.commands import Command
from ordersaga.domain.after_sales.units import Unit
from ordersaga.domain.errors import ActionNotAllowed, NotFound
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.after_sales import CaseAction, CaseState
from ordersaga.domain.lifecycle.parcel import ASTRAY, ParcelState, Resolution
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import BY_THE_RUN
from ordersaga.domain.sourcing import Demand, Source
from ordersaga.persistence import after_sales, campaigns, inbox, orders, parcel_stock, parcels, settlements
from ordersaga.persistence.case_opening import units_in
from ordersaga.persistence.orders import Order


async def resolve(connection: AsyncConnection, request: ResolveParcel) -> ParcelState:
    """Write a parcel off and send its goods again, or give their money back; the answer is its state.

    Goods that a case claims are the case's: they are not sent again. Those that nobody has any more to send are paid
    back. Raises `NotFound`, `ActionNotAllowed`.
    """
    parcel = await parcels.known(connection, request.parcel_no)
    await settlements.lock_orders(connection, parcel.order_no)
    state = await advance_parcel(connection, request.parcel_no, request.at)
    order, standing = await orders.whole(connection, parcel.order_no), await orders.known(connection, parcel.order_no)
    if state not in ASTRAY or not standing.machine.knows(Action.LOSE_LAST_PARCEL):
        if state is ParcelState.WRITTEN_OFF or request.by.role == Actor.SYSTEM:
            return state  # it was decided already, and the answer lost; or it was found in the last moment
        raise _refusal(request, state)
    units = [unit for unit in await units_in(connection, order.order_no) if unit.parcel_no == request.parcel_no]
    free = [unit for unit in units if unit.claim is None]
    sources: tuple[Source, ...] = ()
    if request.decision == Resolution.RESHIP:
        if not free:
            raise _refusal(request, state)
        sources = await _sources(connection, order, free, request)
    await _write_off(connection, order, state, request)
    if sources:
        numbers: defaultdict[int, list[int]] = defaultdict(list)
        for unit in free:
            numbers[unit.line_no].append(unit.unit_no)
        await pack_again(connection, order, request.parcel_no, numbers, sources, request.by, request.at)
    await _end_waits(connection, units, request)
    await cases.refund_stranded(connection, order.order_no, request.at)
    return ParcelState.WRITTEN_OFF


def _refusal(request: ResolveParcel, state: ParcelState) -> ActionNotAllowed:
    return ActionNotAllowed(
        f"{request.decision} is not possible of a parcel that is {state}, or whose goods are claimed",
        action=request.decision,
        state=state,
    )


async def _sources(
    connection: AsyncConnection, order: Order, units: list[Unit], request: ResolveParcel
) -> tuple[Source, ...]:
    """Where the same goods are held from now on; nothing where there are not so many."""
    if order.receiver is None:
        raise NotFound("this order goes nowhere", order_no=order.order_no)
    pool = await campaigns.pool(connection, order.campaign) if order.campaign else ""
    pools = {line.sku: pool for line in order.lines if not line.gift}
    wanted = [unit.line_no for unit in units]
    demands = [
        Demand(line.line_no, line.sku, line.merchant_id, wanted.count(line.line_no), pools.get(line.sku, ""))
        for line in order.lines
        if line.line_no in wanted
    ]
    return await parcel_stock.reserve_again(connection, request.parcel_no, demands, order.receiver, request.at)


async def _write_off(connection: AsyncConnection, order: Order, state: ParcelState, request: ResolveParcel) -> None:
    has_said_why = request.by.reason or request.by.note is not None
    await move_parcel(
        connection,
        order.order_no,
        request.parcel_no,
        action=ParcelState.WRITTEN_OFF,
        from_state=state,
        to_state=ParcelState.WRITTEN_OFF,
        at=request.at,
        by=request.by if has_said_why else replace(request.by, reason=request.decision),
    )


async def _end_waits(connection: AsyncConnection, units: list[Unit], request: ResolveParcel) -> None:
    """Nobody can send back what never came: such returns end, and what they claimed is paid back."""
    for case_no in sorted({unit.claim.case_no for unit in units if unit.claim is not None}):
        case = await after_sales.known(connection, case_no)
        if case.state is CaseState.AWAITING_RETURN:
            word = ActOnCase(
                case_no=case_no,
                command=Command.TIME_IS_OVER,
                name=f"{request.parcel_no} is written off",
                by=BY_THE_RUN,
                at=request.at,
            )
            await cases.take(connection, case, CaseAction.MISS_RETURN, word)
            await inbox.wake_case(connection, case_no, source="case_unsent", event_id=case_no)
