"""The outbox: events get their positions, and are read by them (R-ORD-3)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.events import Event
from ordersaga.persistence.tables.events import events, relays
from ordersaga.persistence.tables.orders import orders, transitions

# Of one order, an event is committed before the next one is begun, so the order of `event_id` is that of transitions.
_NUMBER = text("""
    WITH head AS (
        SELECT coalesce(max(position), 0) AS position FROM events
    ), batch AS (
        SELECT event_id, row_number() OVER (ORDER BY event_id) AS place
        FROM (SELECT event_id FROM events WHERE position IS NULL ORDER BY event_id LIMIT :limit) AS fresh
    ), numbered AS (
        UPDATE events SET position = head.position + batch.place FROM batch, head
        WHERE events.event_id = batch.event_id
        RETURNING events.position, events.order_no, events.type
    ), queued AS (
        INSERT INTO webhook_deliveries (endpoint_id, position, order_no, state, tries, next_try_at)
        SELECT endpoint_id, numbered.position, order_no, 'pending', 0, CAST(:at AS timestamptz)
        FROM numbered JOIN webhook_endpoints ON state IN ('enabled', 'paused')
             AND (event_types = '[]' OR event_types @> to_jsonb(numbered.type))
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM numbered) AS count,
           (SELECT greatest((SELECT max(position) FROM numbered), position) FROM head) AS head,
           (SELECT count(*) FROM queued) AS deliveries
""")

_COLUMNS = (
    events.c.position,
    events.c.type,
    events.c.at,
    events.c.order_no,
    events.c.sequence,
    events.c.document.label("data"),
)
_BETWEEN = (
    select(*_COLUMNS)
    .where((events.c.position > bindparam("after")) & (events.c.position <= bindparam("until")))
    .order_by(events.c.position)
    .limit(bindparam("most"))
)
_RELAYED = select(relays.c.position).where(relays.c.name == bindparam("name"))


@dataclass(frozen=True, slots=True)
class Numbered:
    """So many events were numbered, up to `head`, and so many deliveries to webhook endpoints queued."""

    count: int
    head: int
    deliveries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """An event of one order as its audit row tells it. `parcel_no` or `case_no` is set when a parcel or case moved."""

    sequence: int
    type: str
    at: datetime
    action: str
    actor_role: str
    to_state: str
    parcel_no: str | None
    case_no: str | None


async def number(connection: AsyncConnection, *, limit: int, at: datetime) -> Numbered:
    """Give the oldest `limit` events their positions and queue their deliveries. One process at a time may do this."""
    row = (await connection.execute(_NUMBER, {"limit": limit, "at": at})).one()
    return Numbered(row.count, row.head, row.deliveries)  # type: ignore[arg-type]  # a row's own `count` is hidden


async def head(connection: AsyncConnection) -> int:
    """The last position that was given; 0 before the first."""
    return int(await connection.scalar(select(func.coalesce(func.max(events.c.position), 0))) or 0)


async def between(
    connection: AsyncConnection,
    after: int,
    until: int,
    *,
    limit: int,
    types: Collection[str] = (),
    order_no: str | None = None,
) -> Sequence[Event]:
    """The events behind `after` up to `until`, in the order of their positions."""
    query = _BETWEEN
    if types:
        query = query.where(events.c.type.in_(sorted(types)))
    if order_no is not None:
        query = query.where(events.c.order_no == order_no)
    rows = await connection.execute(query, {"after": after, "until": until, "most": limit})
    return [Event(**row._mapping) for row in rows]


async def of_order(connection: AsyncConnection, order_no: str, after: int) -> tuple[str | None, Sequence[OrderEvent]]:
    """The order's state, and its events behind the sequence `after`, numbered or not, as one moment knows them."""
    columns = (
        events.c.sequence,
        events.c.type,
        events.c.at,
        transitions.c.action,
        transitions.c.actor_role,
        transitions.c.to_state,
        transitions.c.parcel_no,
        transitions.c.case_no,
    )
    same = (transitions.c.order_no == events.c.order_no) & (transitions.c.sequence == events.c.sequence)
    rows = await connection.execute(
        select(orders.c.state, *columns)
        .select_from(
            orders.outerjoin(events, (events.c.order_no == orders.c.order_no) & (events.c.sequence > after)).outerjoin(
                transitions, same
            )
        )
        .where(orders.c.order_no == order_no)
        .order_by(events.c.sequence)
    )
    state, found = None, []
    for row in rows:
        state = row.state
        if row.sequence is not None:
            found.append(OrderEvent(**{column.name: getattr(row, column.name) for column in columns}))
    return state, found


async def newest(connection: AsyncConnection, order_nos: Collection[str]) -> Mapping[str, int]:
    """The last sequence of each of these orders."""
    rows = await connection.execute(
        select(events.c.order_no, func.max(events.c.sequence).label("sequence"))
        .where(events.c.order_no.in_(sorted(order_nos)))
        .group_by(events.c.order_no)
    )
    return {row.order_no: row.sequence for row in rows}


async def relayed(connection: AsyncConnection, name: str) -> int:
    """How far a consumer of the relay had come when it was last noted."""
    return int(await connection.scalar(_RELAYED, {"name": name}) or 0)


async def note_relayed(connection: AsyncConnection, name: str, position: int, at: datetime) -> None:
    values = {"position": position, "updated_at": at}
    await connection.execute(
        insert(relays).values(name=name, **values).on_conflict_do_update(index_elements=["name"], set_=values)
    )
