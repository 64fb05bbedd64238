"""Fulfilment: the split into parcels, and what is reported of each."""

from activities.contract import implements
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
            return SplitParcels(parcel_nos=list(await parcels.numbers_of(connection, request.order_no)))

    @implements(FulfilmentActivities.advance)
    async def advance(self, request: AdvanceParcel) -> ParcelProgress:
        async with self._database.transaction() as connection:
            parcel = await parcels.whereabouts(connection, request.parcel_no, lock=True)
            if parcel is None:
                raise NotFound("there is no such parcel", parcel_no=request.parcel_no)
            reports = await inbox.unapplied(connection, [request.parcel_no])
            state = parcel.state
            for report in reports:
                reached = advance(state, ParcelState(report.payload["event"]))
                if reached is None:
                    continue
                await transitions.record(
                    connection,
                    parcel.order_no,
                    parcel_no=request.parcel_no,
                    action=report.payload["event"],
                    from_state=state,
                    to_state=reached,
                    at=request.at,
                    by=ActedBy(**report.payload["by"]),
                )
                state = reached
            if state is not parcel.state:
                await parcels.set_state(connection, request.parcel_no, state, request.at)
            await inbox.mark_applied(connection, reports, request.at)
            return ParcelProgress(state=state)
