"""Parcels that are stopped before they leave (R-REV-3).

What was reported of a parcel counts, though nobody has applied it yet: under the order's lock a stop or a hand-over is
first, and the other finds it so.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.after_sales import apology, settlement
from activities.parcels import advance_parcel, move_parcel, pack_again
from ordersaga.contracts.after_sales import ActOnCase
from ordersaga.domain.after_sales.case import Case, Kind
from ordersaga.domain.after_sales.units import Unit
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.after_sales import CaseAction, CaseState
from ordersaga.domain.lifecycle.parcel import BEGUN, ParcelState, is_shipped
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import PARCEL_REPORTED, parcel_workflow_id
from ordersaga.domain.sourcing import Source
from ordersaga.persistence import inbox, orders, parcel_stock, parcels, policies
from ordersaga.persistence.case_opening import units_in
from ordersaga.persistence.orders import Order
from ordersaga.persistence.parcels import StoredParcel

Units = Mapping[int, Sequence[int]]
"""Line number → numbers of its units."""


async def action_for(connection: AsyncConnection, case: Case, request: ActOnCase) -> CaseAction:
    """`STOP_PARCELS`, or `ASK_TO_STOP` where a warehouse has begun, or `REFUSE_TO_STOP` where a parcel has left.

    Fails, to be tried again, while the order is about to be split.
    """
    for parcel_no in {unit.parcel_no for unit in await _claimed(connection, case) if unit.parcel_no is not None}:
        await advance_parcel(connection, parcel_no, request.at, by_its_run=False)
    claimed = await _claimed(connection, case)
    order = await orders.known(connection, case.order_no)
    if any(unit.parcel_no is None for unit in claimed) and order.machine.allows(
        order.state, Action.SPLIT, Actor.SYSTEM
    ):
        raise ApplicationError(
            "the order is not split yet",
            category=ApplicationErrorCategory.BENIGN,
            next_retry_delay=timedelta(seconds=1),
        )
    states = {unit.parcel_state for unit in claimed if unit.parcel_state is not None}
    if any(is_shipped(state) for state in states):
        return CaseAction.REFUSE_TO_STOP
    if case.state is CaseState.REQUESTED and (states & BEGUN or await _breaks_a_label(connection, case, claimed)):
        return CaseAction.ASK_TO_STOP
    return CaseAction.STOP_PARCELS


async def stop(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """Nothing of what the case claims leaves: it is back on its shelves, and the money on its way back."""
    order = await orders.whole(connection, case.order_no)
    claimed: defaultdict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for unit in await _claimed(connection, case):
        if unit.parcel_no is not None:
            claimed[unit.parcel_no][unit.line_no].append(unit.unit_no)
    await parcel_stock.lock(connection, claimed)
    for parcel in await parcels.of_order(connection, case.order_no):
        if parcel.parcel_no in claimed:
            await _stop_parcel(connection, order, parcel, claimed[parcel.parcel_no], case, request)
    await apology.give(connection, case, order, request.at)
    return await settlement.settle(connection, case, request)


async def ask(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """The warehouse that has begun may say `stop` or `refuse_to_stop`, until its time is over."""
    claimed = await _claimed(connection, case)
    begun = [unit.warehouse_id for unit in claimed if unit.parcel_state in BEGUN]
    return replace(case, warehouse_id=next(iter(begun), None) or _place_of(claimed, case))


async def has_failed(connection: AsyncConnection, case: Case) -> bool:
    """Whether a case waits for parcels to be stopped of which one has left: its time is over."""
    if case.state is not CaseState.STOPPING:
        return False
    states = [unit.parcel_state for unit in await _claimed(connection, case)]
    return any(state is not None and is_shipped(state) for state in states)


async def turn_into_return(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """The goods leave, or have left: whoever gets them sends them back."""
    return replace(case, kind=Kind.RETURN, warehouse_id=_place_of(await _claimed(connection, case), case))


async def when_missed(connection: AsyncConnection, case: Case, request: ActOnCase) -> CaseAction:
    """`MISS_RETURN`, or `PROLONG_RETURN` where the buyer has not had the goods for as long as they may keep them."""
    order = await orders.known(connection, case.order_no)
    rules = await policies.get(connection, order.order_type, order.policy_version)
    begun = request.at - timedelta(seconds=rules.return_seconds)
    mine = {unit.parcel_no for unit in await _claimed(connection, case)}
    for parcel in await parcels.of_order(connection, case.order_no):
        is_coming = parcel.state not in (ParcelState.DELIVERED, ParcelState.WRITTEN_OFF)
        has_just_come = parcel.state is ParcelState.DELIVERED and parcel.updated_at > begun
        if parcel.parcel_no in mine and (is_coming or has_just_come):
            return CaseAction.PROLONG_RETURN
    return CaseAction.MISS_RETURN


async def _claimed(connection: AsyncConnection, case: Case) -> list[Unit]:
    """The units that the case claims, with the last parcel that each was in."""
    units = await units_in(connection, case.order_no)
    return [unit for unit in units if unit.claim is not None and unit.claim.case_no == case.case_no]


def _place_of(claimed: Sequence[Unit], case: Case) -> str | None:
    """The warehouse that the goods come from: an order that was not split when the case was opened had none."""
    return case.warehouse_id or next((unit.warehouse_id for unit in claimed if unit.warehouse_id), None)


async def _breaks_a_label(connection: AsyncConnection, case: Case, claimed: Sequence[Unit]) -> bool:
    """Whether a parcel whose label says what is in it is claimed in part."""
    labelled = [unit.parcel_no for unit in claimed if unit.parcel_state is ParcelState.LABEL_PRINTED]
    found = await parcels.of_order(connection, case.order_no) if labelled else ()
    return any(0 < labelled.count(parcel.parcel_no) < sum(line.quantity for line in parcel.lines) for parcel in found)


async def _stop_parcel(
    connection: AsyncConnection, order: Order, parcel: StoredParcel, claimed: Units, case: Case, request: ActOnCase
) -> None:
    """Cancel a parcel; what is in it and not claimed goes into another one."""
    by = replace(request.by, reason=f"stopped for {case.case_no}", note=None)
    await move_parcel(
        connection,
        order.order_no,
        parcel.parcel_no,
        action=ParcelState.CANCELLED,
        from_state=parcel.state,
        to_state=ParcelState.CANCELLED,
        at=request.at,
        by=by,
    )
    quantities = {line_no: len(units) for line_no, units in claimed.items()}
    await parcel_stock.release(connection, parcel.parcel_no, quantities, request.at)
    if left := _left_in(parcel, claimed):
        skus = {line.line_no: line.sku for line in parcel.lines}
        sources = [Source(line_no, skus[line_no], parcel.warehouse_id, len(units)) for line_no, units in left.items()]
        await pack_again(connection, order, parcel.parcel_no, left, sources, by, request.at)
    await _tell_parcel(connection, parcel.parcel_no, request)


def _left_in(parcel: StoredParcel, claimed: Units) -> dict[int, list[int]]:
    left = {
        line.line_no: [unit for unit in line.units if unit not in claimed.get(line.line_no, ())]
        for line in parcel.lines
    }
    return {line_no: units for line_no, units in left.items() if units}


async def _tell_parcel(connection: AsyncConnection, parcel_no: str, request: ActOnCase) -> None:
    """Its run hears that there is nothing more to follow, as of a report."""
    await inbox.store(
        connection,
        source="parcel_stopped",
        event_id=parcel_no,
        workflow_id=parcel_workflow_id(parcel_no),
        signal=PARCEL_REPORTED,
        subject=parcel_no,
        payload={"event": ParcelState.CANCELLED},
        at=request.at,
        first_try=timedelta(),
    )
