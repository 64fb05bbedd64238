"""The audit chains in the database: a new row behind the others, with its event, in the caller's transaction."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.audit.chain import AuditRow, Link, Records, changed, fold
from ordersaga.domain.audit.coverage import AUDITED
from ordersaga.domain.events import event_document, event_type
from ordersaga.domain.keys import KeyRing
from ordersaga.domain.messages import ActedBy

KEYS_OPTION = "ordersaga_audit_keys"
"""The execution option under which an engine holds the `KeyRing`, so that whoever may write may also seal."""

_ROWS = {
    table: (
        f"(SELECT json_agg({table}) FROM {table} "  # noqa: S608 - names of our own
        + (
            f"JOIN {coverage.through} USING ({coverage.key[0]}) WHERE {coverage.through}.order_no = wanted.order_no)"
            if coverage.through
            else f"WHERE {table}.order_no = wanted.order_no)"
        )
        + f" AS {table}"
    )
    for table, coverage in AUDITED.items()
}
_CHAIN = """
    (SELECT jsonb_agg(to_jsonb(transitions) - 'transition_id' ORDER BY sequence)
     FROM transitions WHERE order_no = wanted.order_no) AS chain
"""
_LINKS = """
    (SELECT json_agg(json_build_array(sequence, step, action, key_id, mac, changes) ORDER BY sequence)
     FROM transitions WHERE order_no = wanted.order_no) AS chain
"""
_READ, _READ_LINKS = (
    text(
        f"SELECT order_no, {', '.join((*_ROWS.values(), chain))} "  # noqa: S608 - the same
        "FROM unnest(CAST(:order_nos AS text[])) AS wanted (order_no)"
    )
    for chain in (_CHAIN, _LINKS)
)
"""The whole of a chain; and of its rows what the next one needs, which takes half as long."""

_APPEND = text("""
    WITH sealed AS (
        INSERT INTO transitions (order_no, sequence, parcel_no, case_no, step, at, actor_role, actor, channel, action,
                                 from_state, to_state, reason, changes, key_id, mac)
        VALUES (:order_no, :sequence, :parcel_no, :case_no, :step, :at, :actor_role, :actor, :channel, :action,
                :from_state, :to_state, :reason, CAST(:changes AS jsonb), :key_id, :mac)
    )
    INSERT INTO events (order_no, sequence, type, at, document)
    VALUES (:order_no, :sequence, :type, :at, CAST(:document AS jsonb))
""")


async def append(
    connection: AsyncConnection,
    order_no: str,
    *,
    action: str,
    from_state: str | None,
    to_state: str,
    at: datetime,
    by: ActedBy,
    reason: str,
    step: int | None = None,
    parcel_no: str | None = None,
    case_no: str | None = None,
) -> bool:
    """Seal a row behind the others and put its event into the outbox; `False` when `step` has a row of
    this action already.

    The caller has written what changed, and holds the lock on the order's row: a chain has one writer at a time.
    """
    keys = _keys(connection)
    row = (await connection.execute(_READ_LINKS, {"order_nos": [order_no]})).one()._mapping
    chain, records = [Link(*item) for item in _loaded(row["chain"])], _records(row)
    if step is not None and any((row.step, row.action) == (step, action) for row in chain):
        return False
    unsealed = AuditRow(
        order_no=order_no,
        sequence=chain[-1].sequence + 1 if chain else 1,
        parcel_no=parcel_no,
        case_no=case_no,
        step=step,
        at=at,
        actor_role=by.role,
        actor=by.subject,
        channel=by.channel,
        action=action,
        from_state=from_state,
        to_state=to_state,
        reason=reason,
        changes=changed(order_no, fold(chain), records, keys, action),
        key_id=keys.current,
        mac="",
    )
    document = event_document(unsealed, records)
    content = asdict(unsealed) | {
        "changes": json.dumps(unsealed.changes),
        "mac": unsealed.seal(keys, chain[-1].mac if chain else ""),
    }
    await connection.execute(_APPEND, {**content, "type": event_type(unsealed), "document": json.dumps(document)})
    return True


class Audited(NamedTuple):
    """An order's chain, and the records that it speaks of."""

    chain: list[AuditRow]
    records: Records


async def read(connection: AsyncConnection, order_no: str) -> Audited:
    """One order's audit, as one statement sees it."""
    return (await read_many(connection, [order_no]))[order_no]


async def read_many(connection: AsyncConnection, order_nos: Sequence[str]) -> dict[str, Audited]:
    """The audit of several orders, whether they are there or not, as one statement sees it."""
    rows = await connection.execute(_READ, {"order_nos": list(order_nos)})
    return {
        row.order_no: Audited([_audit_row(item) for item in _loaded(row.chain)], _records(row._mapping)) for row in rows
    }


def _records(row: Any) -> Records:
    return {
        table: {"/".join(str(item[name]) for name in coverage.key): item for item in _loaded(row[table])}
        for table, coverage in AUDITED.items()
    }


def _loaded(value: Any) -> list[Any]:
    return json.loads(value) if isinstance(value, str) else value or []


def _audit_row(document: dict[str, Any]) -> AuditRow:
    return AuditRow(**{**document, "at": datetime.fromisoformat(document["at"])})


def _keys(connection: AsyncConnection) -> KeyRing:
    keys = connection.sync_connection.get_execution_options().get(KEYS_OPTION) if connection.sync_connection else None
    if not isinstance(keys, KeyRing):
        raise RuntimeError("this connection has no audit keys and may not record transitions")
    return keys
