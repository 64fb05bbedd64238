"""Parcels: stored by the split, moved by reports (R-SPL-1, R-FUL-1)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.units import Placed
from ordersaga.domain.errors import NotFound
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.splitting import Parcel, ParcelLine
from ordersaga.persistence.tables.orders import orders, transitions
from ordersaga.persistence.tables.parcels import parcel_lines, parcels


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredParcel:
    parcel_no: str
    order_no: str
    merchant_id: str
    warehouse_id: str
    transport_class: str
    weight_g: int
    state: ParcelState
    replaces: str | None
    updated_at: datetime
    lines: tuple[ParcelLine, ...]


def parcel_no(order_no: str, sequence: int) -> str:
    return f"{order_no}-{sequence}"


async def add(
    connection: AsyncConnection, order_no: str, split: Sequence[Parcel], at: datetime, *, replaces: str | None = None
) -> Sequence[str]:
    """Store parcels, and give their numbers; `replaces` is the one whose goods they carry instead."""
    await connection.execute(
        insert(parcels),
        [
            {
                "parcel_no": parcel_no(order_no, parcel.sequence),
                "order_no": order_no,
                "sequence": parcel.sequence,
                "merchant_id": parcel.merchant_id,
                "warehouse_id": parcel.warehouse_id,
                "transport_class": parcel.transport_class,
                "weight_g": parcel.weight_g,
                "volume_mm3": parcel.volume_mm3,
                "state": ParcelState.CREATED,
                "replaces": replaces,
                "updated_at": at,
            }
            for parcel in split
        ],
    )
    await connection.execute(
        insert(parcel_lines),
        [
            {
                "parcel_no": parcel_no(order_no, parcel.sequence),
                "line_no": line.line_no,
                "sku": line.sku,
                "quantity": line.quantity,
                "payable": line.payable,
                "shipping": line.shipping,
                "units": list(line.units),
            }
            for parcel in split
            for line in parcel.lines
        ],
    )
    return [parcel_no(order_no, parcel.sequence) for parcel in split]


async def with_lines(connection: AsyncConnection, query: Select[Any]) -> Sequence[StoredParcel]:
    """The parcels whose rows a query gives, with their lines, in two statements."""
    rows = (await connection.execute(query)).all()
    lines: defaultdict[str, list[ParcelLine]] = defaultdict(list)
    if rows:
        held = select(parcel_lines).where(parcel_lines.c.parcel_no.in_([row.parcel_no for row in rows]))
        for line in await connection.execute(held.order_by(parcel_lines.c.line_no)):
            lines[line.parcel_no].append(
                ParcelLine(line.line_no, line.sku, line.quantity, line.payable, line.shipping, tuple(line.units))
            )
    return [
        StoredParcel(
            parcel_no=row.parcel_no,
            order_no=row.order_no,
            merchant_id=row.merchant_id,
            warehouse_id=row.warehouse_id,
            transport_class=row.transport_class,
            weight_g=row.weight_g,
            state=ParcelState(row.state),
            replaces=row.replaces,
            updated_at=row.updated_at,
            lines=tuple(lines[row.parcel_no]),
        )
        for row in rows
    ]


async def of_order(connection: AsyncConnection, order_no: str) -> Sequence[StoredParcel]:
    """An order's parcels by number."""
    query = select(parcels).where(parcels.c.order_no == order_no)
    return await with_lines(connection, query.order_by(parcels.c.parcel_no))


async def get(connection: AsyncConnection, number: str) -> StoredParcel | None:
    return next(iter(await with_lines(connection, select(parcels).where(parcels.c.parcel_no == number))), None)


async def placed(connection: AsyncConnection, order_no: str) -> Sequence[Placed]:
    """Where the units of an order are, parcel by parcel, the first one first."""
    query = (
        select(
            parcels.c.parcel_no, parcels.c.warehouse_id, parcels.c.state, parcel_lines.c.line_no, parcel_lines.c.units
        )
        .join(parcel_lines, parcel_lines.c.parcel_no == parcels.c.parcel_no)
        .where(parcels.c.order_no == order_no)
        .order_by(parcels.c.sequence, parcel_lines.c.line_no)
    )
    return [
        Placed(row.parcel_no, row.warehouse_id, ParcelState(row.state), row.line_no, tuple(row.units))
        for row in await connection.execute(query)
    ]


async def numbers_of(connection: AsyncConnection, order_no: str) -> Sequence[str]:
    query = select(parcels.c.parcel_no).where(parcels.c.order_no == order_no).order_by(parcels.c.sequence)
    return list(await connection.scalars(query))


async def replacing(connection: AsyncConnection, number: str) -> Sequence[str]:
    """The parcels that carry a parcel's goods instead of it."""
    query = select(parcels.c.parcel_no).where(parcels.c.replaces == number).order_by(parcels.c.sequence)
    return list(await connection.scalars(query))


async def next_sequence(connection: AsyncConnection, order_no: str) -> int:
    """The number that an order's next parcel has; the caller holds the order's lock."""
    last = await connection.scalar(select(func.max(parcels.c.sequence)).where(parcels.c.order_no == order_no))
    return int(last or 0) + 1


async def written_off(connection: AsyncConnection, order_no: str) -> Mapping[str, ParcelState]:
    """The parcels of an order that were given up, and what had become of them: lost, or refused."""
    rows = await connection.execute(
        select(transitions.c.parcel_no, transitions.c.from_state).where(
            (transitions.c.order_no == order_no)
            & transitions.c.parcel_no.is_not(None)
            & (transitions.c.to_state == ParcelState.WRITTEN_OFF)
        )
    )
    return {row.parcel_no: ParcelState(row.from_state) for row in rows}


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Whose a parcel is and how far it has come."""

    order_no: str
    merchant_id: str
    warehouse_id: str
    state: ParcelState
    updated_at: datetime


_IS_NAMED = parcels.c.parcel_no == bindparam("parcel_no")
_WHEREABOUTS = select(*(parcels.c[field.name] for field in fields(Whereabouts))).where(_IS_NAMED)
_LOCK_OWNER = (
    select(orders.c.order_no)
    .where(orders.c.order_no == select(parcels.c.order_no).where(_IS_NAMED).scalar_subquery())
    .with_for_update()
)
_SET_STATE = (
    update(parcels)
    .where(parcels.c.parcel_no == bindparam("number"))
    .values(state=bindparam("reached"), updated_at=bindparam("at"))
)


async def whereabouts(connection: AsyncConnection, number: str, *, lock: bool = False) -> Whereabouts | None:
    """Whose a parcel is and where; with `lock`, until the transaction ends, together with its order.

    The order is always locked before its parcels, so that no two transactions wait for one another.
    """
    if lock:
        await connection.execute(_LOCK_OWNER, {"parcel_no": number})
    row = (await connection.execute(_WHEREABOUTS, {"parcel_no": number})).one_or_none()
    if row is None:
        return None
    return Whereabouts(row.order_no, row.merchant_id, row.warehouse_id, ParcelState(row.state), row.updated_at)


async def known(connection: AsyncConnection, number: str, *, lock: bool = False) -> Whereabouts:
    """`whereabouts` of a parcel that is there. Raises `NotFound`."""
    found = await whereabouts(connection, number, lock=lock)
    if found is None:
        raise NotFound("there is no such parcel", parcel_no=number)
    return found


async def set_state(connection: AsyncConnection, number: str, state: ParcelState, at: datetime) -> None:
    await connection.execute(_SET_STATE, {"number": number, "reached": state, "at": at})
