"""Checkpoints over the audit chains: made now and then by one process at a time, compared by `verify-audit`."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.audit.checkpoint import Checkpoint
from ordersaga.domain.keys import KeyRing
from ordersaga.persistence.locks import AdvisoryLock
from ordersaga.persistence.tables.audit import audit_checkpoints

_MOST_EVENTS = 20_000
"""How many events one checkpoint covers; what is more is for the next ones."""

_COVERED = text("""
    SELECT max(position) AS position, count(*) AS transitions, count(*) FILTER (WHERE sequence = 1) AS orders
    FROM (SELECT position, sequence FROM events WHERE position > :after ORDER BY position LIMIT :most) AS covered
""")
_HEADS = text("""
    SELECT DISTINCT ON (order_no) order_no, sequence, mac
    FROM events JOIN transitions USING (order_no, sequence)
    WHERE position > :after AND position <= :until
    ORDER BY order_no, sequence DESC
""")
_CONTRADICTIONS = text("""
    SELECT head.order_no, head.sequence, orders.order_no IS NOT NULL AS order_exists,
           (SELECT max(sequence) FROM transitions WHERE transitions.order_no = head.order_no) AS last_sequence
    FROM jsonb_to_recordset(CAST(:heads AS jsonb)) AS head (order_no text, sequence int, mac text)
    LEFT JOIN transitions ON transitions.order_no = head.order_no AND transitions.sequence = head.sequence
    LEFT JOIN orders ON orders.order_no = head.order_no
    WHERE transitions.mac IS DISTINCT FROM head.mac
""")
_COUNTED = text("""
    SELECT count(*) AS transitions, count(*) FILTER (WHERE sequence = 1) AS orders
    FROM events JOIN transitions USING (order_no, sequence) WHERE position <= :position
""")
_UNCOVERED = text("""
    SELECT count(*) AS rows, min(transitions.at) AS since
    FROM transitions LEFT JOIN events USING (order_no, sequence)
    WHERE events.position IS NULL OR events.position > :position
""")


class Contradiction(NamedTuple):
    """An order whose chain is not what a checkpoint has seen of it."""

    order_no: str
    sequence: int
    order_exists: bool
    last_sequence: int | None


class Uncovered(NamedTuple):
    """Audit rows that no checkpoint covers yet, and when the oldest of them was made."""

    rows: int
    since: datetime | None


async def make(connection: AsyncConnection, keys: KeyRing, at: datetime) -> Checkpoint | None:
    """Cover the events that were numbered since the last checkpoint; `None` when there are none, or somebody else does.

    The caller's transaction must have made no other statement yet: it is the lock's.
    """
    if not await connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": AdvisoryLock.CHECKPOINT}):
        return None
    previous = await latest(connection)
    after = previous.position if previous else 0
    covered = (await connection.execute(_COVERED, {"after": after, "most": _MOST_EVENTS})).one()
    if covered.position is None:
        return None
    heads = await connection.execute(_HEADS, {"after": after, "until": covered.position})
    unsealed = Checkpoint(
        number=previous.number + 1 if previous else 1,
        at=at,
        position=covered.position,
        orders=covered.orders + (previous.orders if previous else 0),
        transitions=covered.transitions + (previous.transitions if previous else 0),
        heads={row.order_no: (row.sequence, row.mac) for row in heads},
        key_id=keys.current,
        mac="",
    )
    made = replace(unsealed, mac=unsealed.seal(keys, previous.mac if previous else "") or "")
    await connection.execute(
        insert(audit_checkpoints).values(
            number=made.number,
            at=made.at,
            position=made.position,
            orders=made.orders,
            transitions=made.transitions,
            heads={order_no: list(head) for order_no, head in made.heads.items()},
            key_id=made.key_id,
            mac=made.mac,
        )
    )
    return made


async def latest(connection: AsyncConnection) -> Checkpoint | None:
    query = select(audit_checkpoints).order_by(audit_checkpoints.c.number.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _checkpoint(row)


async def every(connection: AsyncConnection) -> AsyncIterator[Checkpoint]:
    """All checkpoints, the oldest first, a few at a time."""
    after, found = 0, True
    while found:
        query = select(audit_checkpoints).where(audit_checkpoints.c.number > after)
        rows = (await connection.execute(query.order_by(audit_checkpoints.c.number).limit(50))).all()
        for row in rows:
            yield _checkpoint(row)
        found = bool(rows)
        after = rows[-1].number if rows else after


async def contradictions(connection: AsyncConnection, checkpoint: Checkpoint) -> Sequence[Contradiction]:
    """The orders whose chain no longer has the row that was its head at this checkpoint."""
    heads = [{"order_no": number, "sequence": head[0], "mac": head[1]} for number, head in checkpoint.heads.items()]
    rows = await connection.execute(_CONTRADICTIONS, {"heads": json.dumps(heads)})
    return [Contradiction(*row) for row in rows]


async def counted(connection: AsyncConnection, position: int) -> tuple[int, int]:
    """How many orders and audit rows there are up to `position`."""
    row = (await connection.execute(_COUNTED, {"position": position})).one()
    return row.orders, row.transitions


async def uncovered(connection: AsyncConnection, position: int) -> Uncovered:
    return Uncovered(*(await connection.execute(_UNCOVERED, {"position": position})).one())


def _checkpoint(row: Any) -> Checkpoint:
    return Checkpoint(
        number=row.number,
        at=row.at,
        position=row.position,
        orders=row.orders,
        transitions=row.transitions,
        heads={order_no: (head[0], head[1]) for order_no, head in row.heads.items()},
        key_id=row.key_id,
        mac=row.mac,
    )
