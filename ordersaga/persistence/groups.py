"""Groups and their seats. Whoever changes one holds the lock on the group's row (R-TYPE-5)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.group import Group, Seat, SeatState
from ordersaga.domain.lifecycle.group import OPEN, GroupState
from ordersaga.persistence.tables.groups import group_seats, groups

# Parameters in place of the words would keep PostgreSQL from the index of what is open.
_IS_OPEN = groups.c.state.in_([literal_column(f"'{state}'") for state in OPEN])


async def get(connection: AsyncConnection, code: str, *, lock: bool = False) -> Group | None:
    """A group with its seats; with `lock`, nobody else changes it until the transaction ends."""
    query = select(groups).where(groups.c.group_code == code)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        return None
    seats = await connection.execute(
        select(group_seats).where(group_seats.c.group_code == code).order_by(group_seats.c.taken_at)
    )
    return _group(row, [_seat(seat) for seat in seats])


async def of_order(connection: AsyncConnection, order_no: str, *, lock: bool = False) -> Group | None:
    """The group in which an order has a seat, or had one."""
    code = await connection.scalar(select(group_seats.c.group_code).where(group_seats.c.order_no == order_no))
    return None if code is None else await get(connection, code, lock=lock)


async def overdue(connection: AsyncConnection, before: datetime, *, limit: int = 100) -> Sequence[str]:
    """The codes of groups whose time was over before then and that are not decided, the oldest first."""
    query = select(groups.c.group_code).where(_IS_OPEN & (groups.c.expires_at < before))
    return (await connection.scalars(query.order_by(groups.c.expires_at).limit(limit))).all()


async def has_left(connection: AsyncConnection, order_no: str) -> bool:
    """Whether an order has given its seat back, or will never take one."""
    left = (group_seats.c.order_no == order_no) & (group_seats.c.state == SeatState.LEFT)
    return bool(await connection.scalar(select(exists().where(left))))


async def bury(connection: AsyncConnection, order_no: str, at: datetime) -> bool:
    """Keep an order from ever taking a seat; `False` for one that has, or had, or is buried."""
    first = await connection.scalar(
        insert(group_seats)
        .values(order_no=order_no, state=SeatState.LEFT, updated_at=at)
        .on_conflict_do_nothing(index_elements=[group_seats.c.order_no])
        .returning(group_seats.c.order_no)
    )
    return first is not None


async def add(connection: AsyncConnection, group: Group) -> None:
    """Store a new group without its seats. A code that is taken, which chance will hardly bring about, is an error."""
    await connection.execute(
        insert(groups).values(
            group_code=group.code,
            campaign=group.campaign,
            size=group.size,
            leader=group.leader,
            state=group.state,
            opened_at=group.opened_at,
            expires_at=group.expires_at,
            updated_at=group.updated_at,
        )
    )


async def save(connection: AsyncConnection, before: Group, after: Group) -> None:
    """Store what became of a group. PostgreSQL refuses a seat too many, and a second one of an account."""
    await connection.execute(
        update(groups)
        .where(groups.c.group_code == after.code)
        .values(state=after.state, leader=after.leader, updated_at=after.updated_at)
    )
    known = {seat.order_no for seat in before.seats}
    for seat in after.seats:
        if seat in before.seats:
            continue
        if seat.order_no in known:
            await connection.execute(
                update(group_seats)
                .where(group_seats.c.order_no == seat.order_no)
                .values(state=seat.state, updated_at=seat.updated_at)
            )
        else:
            await connection.execute(
                insert(group_seats).values(
                    order_no=seat.order_no,
                    group_code=after.code,
                    group_size=after.size,
                    seat_no=seat.seat_no,
                    account=seat.account,
                    state=seat.state,
                    taken_at=seat.taken_at,
                    updated_at=seat.updated_at,
                )
            )


def _group(row: Row[Any], seats: Sequence[Seat]) -> Group:
    return Group(
        code=row.group_code,
        campaign=row.campaign,
        size=row.size,
        leader=row.leader,
        state=GroupState(row.state),
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        updated_at=row.updated_at,
        seats=tuple(seats),
    )


def _seat(row: Row[Any]) -> Seat:
    return Seat(
        order_no=row.order_no,
        account=row.account,
        seat_no=row.seat_no,
        state=SeatState(row.state),
        taken_at=row.taken_at,
        updated_at=row.updated_at,
    )
