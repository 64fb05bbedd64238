"""Webhook endpoints of downstream systems, kept with their history (R-ORD-3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.webhooks import DeliveryState, EndpointState
from ordersaga.persistence.tables.webhooks import webhook_deliveries, webhook_endpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint; no `event_types` means all of them. `secret` is sealed."""

    endpoint_id: str
    url: str
    description: str
    event_types: Sequence[str]
    secret: str
    state: str
    state_reason: str
    created_at: datetime
    updated_at: datetime


async def add(connection: AsyncConnection, endpoint: Endpoint) -> None:
    values = {field.name: getattr(endpoint, field.name) for field in fields(Endpoint)}
    await connection.execute(insert(webhook_endpoints).values(values | {"event_types": list(endpoint.event_types)}))


async def get(connection: AsyncConnection, endpoint_id: str, *, lock: bool = False) -> Endpoint | None:
    query = select(webhook_endpoints).where(webhook_endpoints.c.endpoint_id == endpoint_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else Endpoint(**row._mapping)


async def page(connection: AsyncConnection, *, after: str, limit: int, deleted: bool) -> Sequence[Endpoint]:
    is_deleted = webhook_endpoints.c.state == EndpointState.DELETED
    rows = await connection.execute(
        select(webhook_endpoints)
        .where(is_deleted if deleted else ~is_deleted)
        .where(webhook_endpoints.c.endpoint_id > after)
        .order_by(webhook_endpoints.c.endpoint_id)
        .limit(limit)
    )
    return [Endpoint(**row._mapping) for row in rows]


async def change(connection: AsyncConnection, endpoint_id: str, changes: Mapping[str, Any], at: datetime) -> None:
    await connection.execute(
        update(webhook_endpoints)
        .where(webhook_endpoints.c.endpoint_id == endpoint_id)
        .values({**changes, "updated_at": at})
    )


async def disable(connection: AsyncConnection, endpoint_id: str, reason: str, at: datetime) -> None:
    """Keep no more events for an endpoint, unless somebody has decided otherwise of it."""
    await connection.execute(
        update(webhook_endpoints)
        .where((webhook_endpoints.c.endpoint_id == endpoint_id) & (webhook_endpoints.c.state == EndpointState.ENABLED))
        .values(state=EndpointState.DISABLED, state_reason=reason, updated_at=at)
    )


async def undelivered(connection: AsyncConnection, endpoint_id: str) -> Mapping[str, int]:
    """How many deliveries wait, and how many were given up."""
    rows = await connection.execute(
        select(webhook_deliveries.c.state, func.count().label("number"))
        .where(webhook_deliveries.c.endpoint_id == endpoint_id)
        .where(webhook_deliveries.c.state.in_([DeliveryState.PENDING, DeliveryState.DEAD]))
        .group_by(webhook_deliveries.c.state)
    )
    found = {row.state: int(row.number) for row in rows}
    return {state: found.get(state, 0) for state in (DeliveryState.PENDING, DeliveryState.DEAD)}
