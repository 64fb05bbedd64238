"""Parcels: reports on them applied once each, under the order's lock, and others that come in their place (R-FUL-1,
R-REV-3, W3).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.lifecycle.parcel import GIVEN_UP, ParcelState, advance, is_shipped
from ordersaga.domain.messages import ActedBy
from ordersaga.domain.sourcing import Source
from ordersaga.domain.splitting import Limits, split
from ordersaga.persistence import after_sales, inbox, parcels, policies, transitions
from ordersaga.persistence.orders import Order

log = structlog.get_logger()


async def advance_parcel(
    connection: AsyncConnection, parcel_no: str, at: datetime, *, by_its_run: bool = True
) -> ParcelState:
    """Apply every report of a parcel that was not applied yet, oldest first; the answer is its state.

    What is not applied `by_its_run`, the parcel's run has yet to hear of: it tells the order.
    """
    parcel = await parcels.known(connection, parcel_no, lock=True)
    reports = await inbox.take(connection, [parcel_no], at, by_its_run=by_its_run)
    state = parcel.state
    for report in reports:
        event = ParcelState(report.payload["event"])
        reached = advance(state, event)
        if reached is None:
            _warn_of_goods_under_way(parcel_no, state, event)
            continue
        by = replace(ActedBy(**report.payload["by"]), reason=f"reported for {report.payload['at']}")
        await move_parcel(
            connection, parcel.order_no, parcel_no, action=event, from_state=state, to_state=reached, at=at, by=by
        )
        state = reached
    if is_shipped(state) and not is_shipped(parcel.state):
        await _tell_who_would_stop_it(connection, parcel.order_no, parcel_no)
    return state


async def move_parcel(
    connection: AsyncConnection,
    order_no: str,
    parcel_no: str,
    *,
    action: ParcelState,
    from_state: ParcelState,
    to_state: ParcelState,
    at: datetime,
    by: ActedBy,
) -> None:
    """A parcel's new state with its audit row. The caller holds the order's lock."""
    await parcels.set_state(connection, parcel_no, to_state, at)
    await transitions.record(
        connection,
        order_no,
        parcel_no=parcel_no,
        action=action,
        from_state=from_state,
        to_state=to_state,
        at=at,
        by=by,
    )


async def limits_of(connection: AsyncConnection, order: Order) -> Limits:
    rules = await policies.get(connection, order.order_type, order.policy_version)
    return Limits(weight_g=rules.parcel_weight_limit_g, volume_mm3=rules.parcel_volume_limit_mm3)


async def pack_again(
    connection: AsyncConnection,
    order: Order,
    parcel_no: str,
    units: Mapping[int, Sequence[int]],
    sources: Iterable[Source],
    by: ActedBy,
    at: datetime,
) -> None:
    """Pack units by line, from where they are held, into parcels that stand in for `parcel_no`."""
    first = await parcels.next_sequence(connection, order.order_no)
    packed = split(order.lines, sources, await limits_of(connection, order), units=units, first=first)
    for parcel in packed:
        # One after the other: what an audit row seals is the coming of its own parcel.
        await parcels.add(connection, order.order_no, [parcel], at, replaces=parcel_no)
        await transitions.record(
            connection,
            order.order_no,
            parcel_no=parcels.parcel_no(order.order_no, parcel.sequence),
            action=ParcelState.CREATED,
            from_state=None,
            to_state=ParcelState.CREATED,
            at=at,
            by=replace(by, reason=f"in place of {parcel_no}", note=None),
        )


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
