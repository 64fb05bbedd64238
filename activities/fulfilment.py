"""Fulfilment: the split into parcels, what is reported of each, and what becomes of those that fail."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from activities import astray
from activities.contract import implements
from activities.counting import count_transition
from activities.parcels import advance_parcel, limits_of
from ordersaga.contracts.fulfilment import (
    AdvanceParcel,
    FulfilmentActivities,
    ListedParcel,
    ListedParcels,
    ListParcels,
    ParcelProgress,
    ResolveParcel,
    SplitOrder,
    SplitParcels,
)
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.parcel import ASTRAY, ParcelState
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import ActedBy
from ordersaga.domain.splitting import split
from ordersaga.persistence import orders, parcels, policies, stock, transitions
from ordersaga.persistence.database import Database


class Fulfilment(FulfilmentActivities):
    def __init__(self, database: Database) -> None:
        self._database = database

    @implements(FulfilmentActivities.split)
    async def split(self, request: SplitOrder) -> SplitParcels:
        async with self._database.transaction() as connection:
            order = await orders.whole(connection, request.order_no, lock=True)
            parcel_nos = await parcels.numbers_of(connection, request.order_no)
            were_there = bool(parcel_nos)
            if not were_there:
                sources = await stock.sources_of(connection, request.order_no)
                packed = split(order.lines, sources, await limits_of(connection, order))
                parcel_nos = await parcels.add(connection, request.order_no, packed, request.at)
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
        count_transition(request.action)
        return SplitParcels(parcel_nos=list(parcel_nos), were_there=were_there)

    @implements(FulfilmentActivities.advance)
    async def advance(self, request: AdvanceParcel) -> ParcelProgress:
        async with self._database.transaction() as connection:
            state = await advance_parcel(connection, request.parcel_no, request.at)
            return await _progress(connection, request.parcel_no, state)

    @implements(FulfilmentActivities.resolve)
    async def resolve(self, request: ResolveParcel) -> ParcelProgress:
        async with self._database.transaction() as connection:
            await astray.resolve(connection, request)
            state = (await parcels.known(connection, request.parcel_no)).state
            return await _progress(connection, request.parcel_no, state)

    @implements(FulfilmentActivities.list)
    async def list(self, request: ListParcels) -> ListedParcels:
        async with self._database.transaction() as connection:
            found = await parcels.of_order(connection, request.order_no)
        return ListedParcels(parcels=[ListedParcel(parcel_no=item.parcel_no, state=item.state) for item in found])


async def _progress(connection: AsyncConnection, parcel_no: str, state: ParcelState) -> ParcelProgress:
    """Where a parcel stands; one astray is waited for by its order's rules, if its order knows what to do then."""
    if state not in ASTRAY:
        return ParcelProgress(state=state)
    parcel = await parcels.known(connection, parcel_no)
    order = await orders.known(connection, parcel.order_no)
    if not order.machine.knows(Action.LOSE_LAST_PARCEL):
        return ParcelProgress(state=parcel.state)
    rules = await policies.get(connection, order.order_type, order.policy_version)
    return ParcelProgress(state=parcel.state, astray_until=parcel.updated_at + timedelta(seconds=rules.astray_seconds))
