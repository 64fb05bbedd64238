"""Every transition of an order and of its parcels: compare, set, and the audit row, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.messages import ActedBy
from ordersaga.persistence import audit
from ordersaga.persistence.tables.orders import notes, orders, transitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One row of the timeline. `parcel_no` is set when it is a parcel that moved."""

    at: datetime
    actor_role: str
    actor: str
    channel: str
    action: str
    from_state: str | None
    to_state: str
    reason: str
    parcel_no: str | None = None


async def move(
    connection: AsyncConnection,
    order_no: str,
    *,
    action: str,
    from_state: str,
    to_state: str,
    at: datetime,
    by: ActedBy,
    step: int | None = None,
) -> None:
    """Move an order. A step that was recorded before is not repeated; any other state raises `ActionNotAllowed`."""
    moved = await connection.scalar(
        update(orders)
        .where((orders.c.order_no == order_no) & (orders.c.state == from_state))
        .values(state=to_state, updated_at=at)
        .returning(orders.c.order_no)
    )
    recorded = moved is not None and await record(
        connection, order_no, action=action, from_state=from_state, to_state=to_state, at=at, by=by, step=step
    )
    if not recorded and (step is None or not await _is_recorded(connection, order_no, step)):
        raise ActionNotAllowed(f"the order is not {from_state} any more", action=action, state=from_state)


async def record(
    connection: AsyncConnection,
    order_no: str,
    *,
    action: str,
    from_state: str | None,
    to_state: str,
    at: datetime,
    by: ActedBy,
    step: int | None = None,
    parcel_no: str | None = None,
) -> bool:
    """Write the audit row with its event; `False` when this step has one already.

    The caller holds the lock on the order's row and has written everything that the row is to seal.
    """
    return await audit.append(
        connection,
        order_no,
        action=action,
        from_state=from_state,
        to_state=to_state,
        at=at,
        by=by,
        reason=by.reason if by.note is None else await _note(connection, order_no, by.note),
        step=step,
        parcel_no=parcel_no,
    )


async def timeline(connection: AsyncConnection, order_no: str) -> Sequence[Recorded]:
    columns = (
        transitions.c.at,
        transitions.c.actor_role,
        transitions.c.actor,
        transitions.c.channel,
        transitions.c.action,
        transitions.c.from_state,
        transitions.c.to_state,
        transitions.c.reason,
        transitions.c.parcel_no,
    )
    rows = await connection.execute(
        select(*columns).where(transitions.c.order_no == order_no).order_by(transitions.c.at, transitions.c.sequence)
    )
    return [Recorded(**row._mapping) for row in rows]


async def _is_recorded(connection: AsyncConnection, order_no: str, step: int) -> bool:
    found = await connection.scalar(
        select(transitions.c.transition_id).where((transitions.c.order_no == order_no) & (transitions.c.step == step))
    )
    return found is not None


async def add_note(connection: AsyncConnection, order_no: str, text: str, at: datetime) -> int:
    """Keep what somebody wrote about an action; the answer is its number."""
    number = await connection.scalar(
        insert(notes).values(order_no=order_no, text=text, written_at=at).returning(notes.c.note_id)
    )
    return int(number or 0)


async def _note(connection: AsyncConnection, order_no: str, number: int) -> str:
    text = await connection.scalar(
        select(notes.c.text).where((notes.c.note_id == number) & (notes.c.order_no == order_no))
    )
    return text or ""
