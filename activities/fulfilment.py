"""Fulfilment: the split into parcels, and what is reported of each."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.contract import implements
from activities.counting import count_transition
from ordersaga.contracts.fulfilment import AdvanceParcel, FulfilmentActivities, ParcelProgress, SplitOrder, SplitParcels
from ordersaga.domain.errors import NotFound
from ordersaga.domain.lifecycle.parcel import ParcelState, advance
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import ActedBy
from ordersaga.domain.splitting import Limits, split
from ordersaga.persistence import inbox, orders, parcels, policies, stock, transitions
from ordersaga.persistence.database import Database


class Fulfilment(FulfilmentActivities):
    def __init__(self, database: Database) -> None:
        self._database = database

    @implements(FulfilmentActivities.split)
    async def split(self, request: SplitOrder) -> SplitParcels:
        async with self._database.transaction() as connection:
            order = await orders.get(connection, request.order_no, lock=True)
            if order is None:
                raise NotFound("there is no such order", order_no=request.order_no)
            if not await parcels.numbers_of(connection, request.order_no):
                rules = await policies.get(connection, order.order_type, order.policy_version)
                limits = Limits(weight_g=rules.parcel_weight_limit_g, volume_mm3=rules.parcel_volume_limit_mm3)
                sources = await stock.sources_of(connection, request.order_no)
                await parcels.add(connection, request.order_no, split(order.lines, sources, limits), request.at)
            await transitions.move(
                connection,
                request.order_no,
                action=request.action,
                from_state=request.from_state,
                to_state=request.to_state,
                at=request.at,
                by=ActedBy(role=Actor.SYSTEM, subject="splitting"),
                step=request.step,
            )
            parcel_nos = list(await parcels.numbers_of(connection, request.order_no))
        count_transition(request.action)
        return SplitParcels(parcel_nos=parcel_nos)

    @implements(FulfilmentActivities.advance)
    async def advance(self, request: AdvanceParcel) -> ParcelProgress:
        async with self._database.transaction() as connection:
            return ParcelProgress(state=await advance_parcel(connection, request.parcel_no, request.at))


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
    return state
