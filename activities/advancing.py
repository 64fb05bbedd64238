"""What was reported of a parcel, applied: each report once, under the order's lock (R-FUL-1)."""

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import NotFound
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.lifecycle.parcel import GIVEN_UP, ParcelState, advance, is_shipped
from ordersaga.domain.messages import ActedBy
from ordersaga.persistence import after_sales, inbox, parcels, transitions

log = structlog.get_logger()


async def advance_parcel(connection: AsyncConnection, parcel_no: str, at: datetime) -> ParcelState:
    """Apply every report of a parcel that was not applied yet, oldest first; the answer is its state."""
    parcel = await parcels.whereabouts(connection, parcel_no, lock=True)
    if parcel is None:
        raise NotFound("there is no such parcel", parcel_no=parcel_no)
    reports = await inbox.unapplied(connection, [parcel_no])
    state = parcel.state
    for report in reports:
        event = ParcelState(report.payload["event"])
        reached = advance(state, event)
        if reached is None:
            _warn_of_goods_under_way(parcel_no, state, event)
            continue
        await parcels.set_state(connection, parcel_no, reached, at)
        await transitions.record(
            connection,
            parcel.order_no,
            parcel_no=parcel_no,
            action=event,
            from_state=state,
            to_state=reached,
            at=at,
            by=replace(ActedBy(**report.payload["by"]), reason=f"reported for {report.payload['at']}"),
        )
        state = reached
    await inbox.mark_applied(connection, reports, at)
    if is_shipped(state) and not is_shipped(parcel.state):
        await _tell_who_would_stop_it(connection, parcel.order_no, parcel_no)
    return state


async def _tell_who_would_stop_it(connection: AsyncConnection, order_no: str, parcel_no: str) -> None:
    """Cases that wait for a warehouse to stop need not wait any longer for what has left."""
    for case in await after_sales.of_order(connection, order_no):
        if case.state is CaseState.STOPPING:
            word = f"{parcel_no} for {case.case_no}"
            await inbox.wake_case(connection, case.case_no, source="parcel_left", event_id=word)


def _warn_of_goods_under_way(parcel_no: str, state: ParcelState, event: ParcelState) -> None:
    """The money went back, or other goods were sent: somebody has to bring these home."""
    if state in GIVEN_UP and event not in GIVEN_UP and is_shipped(event):
        log.warning("goods are under way that were given up", parcel_no=parcel_no, state=state, reported=event)
