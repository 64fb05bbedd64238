"""Parcels that come in the place of others: stopped in part, or sent again (R-REV-3, W3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.messages import ActedBy
from ordersaga.domain.sourcing import Source
from ordersaga.domain.splitting import Limits, split
from ordersaga.persistence import parcels, policies, transitions
from ordersaga.persistence.orders import Order


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
