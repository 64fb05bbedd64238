"""Webhook endpoints of downstream systems, for operators (R-ORD-3)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status
from sqlalchemy.ext.asyncio import AsyncConnection

from api import endpoints, paging
from api.access import IdempotencyKey, Operator
from api.idempotency import once
from api.problems import not_acceptable, not_found, responses
from api.schemas.values import Identifier, Page
from api.schemas.webhook_endpoints import (
    DeadLetterRetry,
    DeadLettersRetried,
    DeliveryView,
    EndpointChange,
    EndpointCreated,
    EndpointDetail,
    EndpointRequest,
    EndpointView,
    PingAnswer,
    Replayed,
    ReplayRequest,
    SecretRotated,
    SecretRotation,
)
from api.services import UsesServices
from ordersaga.domain.webhooks import DeliveryState, EndpointState
from ordersaga.gateways.webhooks.signing_secrets import opened, replaced, sealed
from ordersaga.persistence import events, webhook_deliveries, webhook_endpoints

router = APIRouter(
    prefix="/v1/admin/webhook-endpoints",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid"),
)

_KNOWN = responses("not_found")
_REPLAYED_AT_ONCE = 5_000


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=EndpointCreated,
    responses=responses("idempotency_key_reused"),
)
async def create_endpoint(
    services: UsesServices, caller: Operator, body: EndpointRequest, key: IdempotencyKey = None
) -> dict[str, Any]:
    """From now on it is told of events. The secret is shown this once, and again to the same `Idempotency-Key`."""
    endpoints.check(services, url=body.url, event_types=body.event_types)
    asked = body.model_dump()

    async def create(connection: AsyncConnection) -> dict[str, Any]:
        return await endpoints.create(services, connection, asked)

    async with services.database.transaction() as connection:
        answer = await once(connection, caller, "create_webhook_endpoint", key, asked, create)
    return endpoints.unsealed(services, answer)


@router.get("")
async def list_endpoints(
    services: UsesServices,
    _: Operator,
    deleted: Annotated[bool, Query(description="those that were deleted instead")] = False,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
) -> Page[EndpointView]:
    after = paging.decode(cursor, str)
    async with services.database.transaction() as connection:
        found = await webhook_endpoints.page(connection, after=after[0] if after else "", limit=limit, deleted=deleted)
    items = [EndpointView.model_validate(endpoint) for endpoint in found]
    return Page(items=items, next_cursor=paging.encode([found[-1].endpoint_id]) if len(found) == limit else None)


@router.get("/{endpoint_id}", response_model=EndpointDetail, responses=_KNOWN)
async def get_endpoint(services: UsesServices, _: Operator, endpoint_id: Identifier) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        endpoint = await webhook_endpoints.get(connection, endpoint_id)
        waits = await webhook_endpoints.undelivered(connection, endpoint_id)
    if endpoint is None:
        raise not_found()
    return {**endpoints.view(endpoint), **waits}


@router.patch("/{endpoint_id}", response_model=EndpointView, responses=_KNOWN)
async def change_endpoint(
    services: UsesServices, _: Operator, endpoint_id: Identifier, body: EndpointChange
) -> dict[str, Any]:
    """What waits for it goes to the new URL. Enabled again, a paused endpoint gets what has waited."""
    endpoints.check(services, url=body.url, event_types=body.event_types)
    changes = {name: value for name, value in body.model_dump().items() if value is not None}
    if not changes:
        raise not_acceptable("body", "empty", "name at least one field to change")
    if "state" in changes:
        changes["state_reason"] = ""
    if "event_types" in changes:
        changes["event_types"] = sorted(set(changes["event_types"]))
    async with services.database.transaction() as connection:
        await endpoints.existing(connection, endpoint_id, lock=True)
        await webhook_endpoints.change(connection, endpoint_id, changes, datetime.now(UTC))
        return endpoints.view(await endpoints.existing(connection, endpoint_id))


@router.delete("/{endpoint_id}", status_code=status.HTTP_204_NO_CONTENT, responses=_KNOWN)
async def delete_endpoint(services: UsesServices, _: Operator, endpoint_id: Identifier) -> Response:
    """Nothing is sent to it any more; what was sent stays on record."""
    async with services.database.transaction() as connection:
        await endpoints.existing(connection, endpoint_id, lock=True)
        changes = {"state": EndpointState.DELETED, "state_reason": ""}
        await webhook_endpoints.change(connection, endpoint_id, changes, datetime.now(UTC))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/{endpoint_id}/rotate-secret", response_model=SecretRotated, responses=_KNOWN)
async def rotate_secret(
    services: UsesServices, _: Operator, endpoint_id: Identifier, body: SecretRotation | None = None
) -> dict[str, Any]:
    """A new secret. For a while the old one signs too, so that the receiver can change over without a loss."""
    at = datetime.now(UTC)
    said = body.overlap_seconds if body else None
    overlap = timedelta(seconds=services.settings.webhooks.secret_overlap_seconds if said is None else said)
    async with services.database.transaction() as connection:
        endpoint = await endpoints.existing(connection, endpoint_id, lock=True)
        now_known = replaced(opened(services.downstream.secrets, endpoint_id, endpoint.secret), at=at, overlap=overlap)
        secret = sealed(services.downstream.secrets, endpoint_id, now_known)
        await webhook_endpoints.change(connection, endpoint_id, {"secret": secret}, at)
    return {"secret": now_known[0].text, "old_secret_until": at + overlap if overlap else None}


@router.post("/{endpoint_id}/test", response_model=PingAnswer, responses=_KNOWN)
async def ping_endpoint(services: UsesServices, _: Operator, endpoint_id: Identifier) -> dict[str, Any]:
    """Send it a signed `webhook.test` now, and say what it answered."""
    async with services.database.transaction() as connection:
        endpoint = await endpoints.existing(connection, endpoint_id)
    return await endpoints.ping(services, endpoint)


@router.get("/{endpoint_id}/deliveries", responses=_KNOWN)
async def list_deliveries(
    services: UsesServices,
    _: Operator,
    endpoint_id: Identifier,
    state: DeliveryState = DeliveryState.DEAD,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
) -> Page[DeliveryView]:
    """Deliveries by their state, in the order of the events."""
    after = paging.decode(cursor, int)
    async with services.database.transaction() as connection:
        known = await webhook_endpoints.get(connection, endpoint_id)
        found = await webhook_deliveries.page(
            connection, endpoint_id, state, after=after[0] if after else 0, limit=limit
        )
    if known is None:
        raise not_found()
    items = [DeliveryView.model_validate(delivery) for delivery in found]
    return Page(items=items, next_cursor=paging.encode([found[-1].position]) if len(found) == limit else None)


@router.post("/{endpoint_id}/replay", response_model=Replayed, responses=_KNOWN)
async def replay_events(
    services: UsesServices, _: Operator, endpoint_id: Identifier, body: ReplayRequest
) -> dict[str, Any]:
    """Send events again, in their order and with the ids that they had, a part of them at a time."""
    async with services.database.transaction() as connection:
        endpoint = await endpoints.existing(connection, endpoint_id)
        head = await events.head(connection)
        until = head if body.until is None else min(body.until, head)
        part = min(until, body.after + _REPLAYED_AT_ONCE)
        queued = await webhook_deliveries.replay(
            connection, endpoint_id, endpoint.event_types, after=body.after, until=part, at=datetime.now(UTC)
        )
    return {"queued": queued, "until": max(part, body.after), "more": part < until}


@router.post("/{endpoint_id}/dead-letters/retry", response_model=DeadLettersRetried, responses=_KNOWN)
async def retry_dead_letters(
    services: UsesServices, _: Operator, endpoint_id: Identifier, body: DeadLetterRetry | None = None
) -> dict[str, Any]:
    """Try again what was given up: these events, or all of them."""
    async with services.database.transaction() as connection:
        await endpoints.existing(connection, endpoint_id)
        positions = body.positions if body else None
        queued = await webhook_deliveries.revive(connection, endpoint_id, positions, datetime.now(UTC))
    return {"queued": queued}
