"""Webhook deliveries: taken by one worker at a time, of each order one after the other (R-ORD-3)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import bindparam, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.events import Event
from ordersaga.domain.webhooks import DeliveryState, EndpointState
from ordersaga.persistence.tables.events import events
from ordersaga.persistence.tables.webhooks import webhook_deliveries as deliveries
from ordersaga.persistence.tables.webhooks import webhook_endpoints as endpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A delivery that is ours until `leased_until`. `tries` counts the one that comes now."""

    endpoint_id: str
    url: str
    secret: str
    event: Event
    tries: int
    leased_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far the delivery of one event is."""

    position: int
    type: str
    order_no: str
    state: str
    tries: int
    next_try_at: datetime
    last_status: int | None
    last_error: str | None
    settled_at: datetime | None


_IS = {state: deliveries.c.state == literal_column(f"'{state}'") for state in DeliveryState}
"""Written out, as in the conditions of the indexes that find them."""
_DUE = _IS[DeliveryState.PENDING] & (deliveries.c.next_try_at <= bindparam("now"))
_DUE_ENDPOINTS = select(endpoints.c.endpoint_id).where(
    endpoints.c.state == EndpointState.ENABLED,
    select(deliveries.c.position).where((deliveries.c.endpoint_id == endpoints.c.endpoint_id) & _DUE).exists(),
)

# A delivery that was taken is still pending, so it holds back the later ones of its order until it is settled.
_TAKE = text("""
    WITH due AS (
        SELECT endpoint_id, position FROM webhook_deliveries AS delivery
        WHERE endpoint_id = :endpoint_id AND state = 'pending' AND next_try_at <= :now AND NOT EXISTS (
            SELECT FROM webhook_deliveries AS earlier
            WHERE earlier.endpoint_id = delivery.endpoint_id AND earlier.order_no = delivery.order_no
              AND earlier.state = 'pending' AND earlier.position < delivery.position
        )
        ORDER BY next_try_at, position LIMIT :limit FOR UPDATE OF delivery SKIP LOCKED
    ), taken AS (
        UPDATE webhook_deliveries AS delivery SET tries = tries + 1, next_try_at = :leased_until FROM due
        WHERE delivery.endpoint_id = due.endpoint_id AND delivery.position = due.position
        RETURNING delivery.endpoint_id, delivery.position, delivery.tries, delivery.next_try_at
    )
    SELECT taken.endpoint_id, url, secret, tries, next_try_at AS leased_until,
           position, type, at, order_no, sequence, document
    FROM taken JOIN webhook_endpoints USING (endpoint_id) JOIN events USING (position)
    ORDER BY position
""").columns(
    endpoints.c.endpoint_id,
    endpoints.c.url,
    endpoints.c.secret,
    deliveries.c.tries,
    deliveries.c.next_try_at.label("leased_until"),
    events.c.position,
    events.c.type,
    events.c.at,
    events.c.order_no,
    events.c.sequence,
    events.c.document,
)


async def due_endpoints(connection: AsyncConnection, now: datetime) -> Sequence[str]:
    """The enabled endpoints for which something is due."""
    return list((await connection.scalars(_DUE_ENDPOINTS, {"now": now})).all())


async def take(
    connection: AsyncConnection, endpoint_id: str, *, now: datetime, lease: timedelta, limit: int
) -> Sequence[Taken]:
    """What is due for an endpoint, at most one delivery per order. Whoever dies with one loses it to the next."""
    values = {"endpoint_id": endpoint_id, "now": now, "leased_until": now + lease, "limit": limit}
    return [
        Taken(
            endpoint_id=row.endpoint_id,
            url=row.url,
            secret=row.secret,
            tries=row.tries,
            leased_until=row.leased_until,
            event=Event(
                position=row.position,
                type=row.type,
                at=row.at,
                order_no=row.order_no,
                sequence=row.sequence,
                data=row.document,
            ),
        )
        for row in await connection.execute(_TAKE, values)
    ]


async def settle(
    connection: AsyncConnection,
    taken: Taken,
    state: DeliveryState,
    *,
    status: int | None,
    error: str | None,
    at: datetime,
    next_try_at: datetime,
) -> bool:
    """Say what came of it; `False` when it was not ours any more, and then nothing changes.

    The later events of the order wait for `next_try_at` too, so that nobody looks at them in vain.
    """
    settled = await connection.scalar(
        update(deliveries)
        .where(
            (deliveries.c.endpoint_id == taken.endpoint_id)
            & (deliveries.c.position == taken.event.position)
            & _IS[DeliveryState.PENDING]
            & (deliveries.c.next_try_at == taken.leased_until)
        )
        .values(
            state=state,
            last_status=status,
            last_error=error,
            next_try_at=next_try_at,
            settled_at=None if state is DeliveryState.PENDING else at,
        )
        .returning(deliveries.c.position)
    )
    if settled is None:
        return False
    await connection.execute(
        update(deliveries)
        .where(
            (deliveries.c.endpoint_id == taken.endpoint_id)
            & (deliveries.c.order_no == taken.event.order_no)
            & _IS[DeliveryState.PENDING]
            & (deliveries.c.position > taken.event.position)
            & (deliveries.c.next_try_at != next_try_at)
        )
        .values(next_try_at=next_try_at)
    )
    return True


async def replay(
    connection: AsyncConnection, endpoint_id: str, types: Sequence[str], *, after: int, until: int, at: datetime
) -> int:
    """Queue the events behind `after` up to `until` again, delivered or not. How many there are."""
    chosen = select(
        bindparam("endpoint", endpoint_id, deliveries.c.endpoint_id.type).label("endpoint_id"),
        events.c.position,
        events.c.order_no,
        bindparam("pending", str(DeliveryState.PENDING), deliveries.c.state.type).label("state"),
        bindparam("none", 0, deliveries.c.tries.type).label("tries"),
        bindparam("at", at, deliveries.c.next_try_at.type).label("next_try_at"),
    ).where((events.c.position > after) & (events.c.position <= until))
    if types:
        chosen = chosen.where(events.c.type.in_(list(types)))
    fresh = {"state": DeliveryState.PENDING, "tries": 0, "next_try_at": at, "settled_at": None}
    queued = (
        insert(deliveries)
        .from_select(["endpoint_id", "position", "order_no", "state", "tries", "next_try_at"], chosen)
        .on_conflict_do_update(index_elements=["endpoint_id", "position"], set_=fresh)
    )
    return (await connection.execute(queued)).rowcount


async def revive(connection: AsyncConnection, endpoint_id: str, positions: Collection[int] | None, at: datetime) -> int:
    """Try dead letters again: these, or all. How many there were."""
    dead = (deliveries.c.endpoint_id == endpoint_id) & _IS[DeliveryState.DEAD]
    if positions is not None:
        dead &= deliveries.c.position.in_(sorted(positions))
    fresh = {"state": DeliveryState.PENDING, "tries": 0, "next_try_at": at, "settled_at": None}
    return (await connection.execute(update(deliveries).where(dead).values(fresh))).rowcount


async def page(
    connection: AsyncConnection, endpoint_id: str, state: DeliveryState, *, after: int, limit: int
) -> Sequence[Delivery]:
    columns = [events.c.type if field.name == "type" else deliveries.c[field.name] for field in fields(Delivery)]
    rows = await connection.execute(
        select(*columns)
        .join_from(deliveries, events, events.c.position == deliveries.c.position)
        .where((deliveries.c.endpoint_id == endpoint_id) & _IS[state])
        .where(deliveries.c.position > after)
        .order_by(deliveries.c.position)
        .limit(limit)
    )
    return [Delivery(**row._mapping) for row in rows]
