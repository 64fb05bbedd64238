"""Every transition of an order and of its parcels: compare, set, and the audit row, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.messages import ActedBy
from ordersaga.persistence import audit
from ordersaga.persistence.tables.orders import notes, orders, transitions

_MOVE = text("""
    UPDATE orders SET state = :to_state, updated_at = :at,
        payment_due_at = coalesce(CAST(:payment_due_at AS timestamptz), payment_due_at),
        after_sales_until = coalesce(CAST(:after_sales_until AS timestamptz), after_sales_until)
    WHERE order_no = :order_no AND state = :from_state
        AND NOT EXISTS (SELECT FROM transitions WHERE order_no = :order_no AND step = :step AND action = :action)
    RETURNING order_no
""")
_LOCKED = (
    select(orders.c.state, orders.c.order_type, orders.c.table_version)
    .where(orders.c.order_no == bindparam("order_no"))
    .with_for_update()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One row of the timeline. `parcel_no` or `case_no` is set when it is a parcel or a case that moved."""

    at: datetime
    actor_role: str
    actor: str
    channel: str
    action: str
    from_state: str | None
    to_state: str
    reason: str
    parcel_no: str | None = None
    case_no: str | None = None


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
    payment_due_at: datetime | None = None,
    after_sales_until: datetime | None = None,
) -> str:
    """Move an order; any other state than `from_state` raises `ActionNotAllowed`. The answer is `to_state`, or the
    order's state if another action was taken as this step.

    `payment_due_at` is until when it may be paid from then on, `after_sales_until` until when it may be claimed on, if
    that changes.

    A step that was recorded before is not repeated. A run whose worker died may also come by again and decide
    otherwise than in the task that was lost: what was recorded then stands, and it goes on from there.
    """
    values: dict[str, Any] = {"order_no": order_no, "action": action, "from_state": from_state, "to_state": to_state}
    values |= {"at": at, "step": step, "payment_due_at": payment_due_at, "after_sales_until": after_sales_until}
    if await connection.scalar(_MOVE, values) is None:
        standing, is_due = await _standing(connection, order_no, action, from_state, to_state, step)
        if not is_due:
            return standing
        await connection.execute(_MOVE, {**values, "from_state": standing})
        from_state = standing
    if not await record(
        connection, order_no, action=action, from_state=from_state, to_state=to_state, at=at, by=by, step=step
    ):
        raise RuntimeError("the same step was recorded at the same moment; what was written here is rolled back")
    return to_state


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
    case_no: str | None = None,
) -> bool:
    """Write the audit row with its event; `False` when this step has one of this action already.

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
        reason=by.reason if by.note is None else await note(connection, order_no, by.note),
        step=step,
        parcel_no=parcel_no,
        case_no=case_no,
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
        transitions.c.case_no,
    )
    rows = await connection.execute(
        select(*columns).where(transitions.c.order_no == order_no).order_by(transitions.c.at, transitions.c.sequence)
    )
    return [Recorded(**row._mapping) for row in rows]


async def _standing(
    connection: AsyncConnection, order_no: str, action: str, from_state: str, to_state: str, step: int | None
) -> tuple[str, bool]:
    """The state from which a step is still to be taken, and that it is; or where it led, or another in its place."""
    order = (await connection.execute(_LOCKED, {"order_no": order_no})).one_or_none()
    taken = set() if step is None else await _taken(connection, order_no, step)
    if action in taken:
        return to_state, False
    if order is not None and step is not None:
        rows = order_type(order.order_type).version(order.table_version).rows
        if any((row.current, row.action, row.next) == (order.state, action, to_state) for row in rows):
            return str(order.state), True
    if order is not None and taken:
        return str(order.state), False
    raise ActionNotAllowed(f"the order is not {from_state} any more", action=action, state=from_state)


async def _taken(connection: AsyncConnection, order_no: str, step: int) -> set[str]:
    """The actions that were recorded for a step of the order's run."""
    rows = await connection.execute(
        select(transitions.c.action).where((transitions.c.order_no == order_no) & (transitions.c.step == step))
    )
    return set(rows.scalars())


async def add_note(connection: AsyncConnection, order_no: str, text: str, at: datetime) -> int:
    """Keep what somebody wrote about an action; the answer is its number."""
    number = await connection.scalar(
        insert(notes).values(order_no=order_no, text=text, written_at=at).returning(notes.c.note_id)
    )
    return int(number or 0)


async def note(connection: AsyncConnection, order_no: str, number: int) -> str:
    """What was kept under this number."""
    text = await connection.scalar(
        select(notes.c.text).where((notes.c.note_id == number) & (notes.c.order_no == order_no))
    )
    return text or ""
