"""Webhook endpoints: made, changed, tried out."""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem, not_found
from api.services import Services
from ordersaga.domain.events import KNOWN_TYPES
from ordersaga.domain.webhooks import EndpointState
from ordersaga.gateways.webhooks.signing_secrets import new_secret, opened, sealed, valid
from ordersaga.gateways.webhooks.targets import TargetRefused
from ordersaga.persistence import webhook_endpoints
from ordersaga.persistence.webhook_endpoints import Endpoint


def check(services: Services, *, url: str | None, event_types: Sequence[str] | None) -> None:
    """Refuse what is never called and types that there are not."""
    faults = []
    if url is not None:
        try:
            services.downstream.sender.rules.check_url(url)
        except TargetRefused as refusal:
            faults.append({"field": "url", "rule": "target", "message": str(refusal)})
    unknown = [name for name in event_types or () if name not in KNOWN_TYPES]
    if unknown:
        message = f"there are no events of the type {', '.join(sorted(set(unknown)))}"
        faults.append({"field": "event_types", "rule": "enum", "message": message})
    if faults:
        names = ", ".join(fault["field"] for fault in faults)
        raise Problem("request_invalid", f"not acceptable: {names}", errors=faults)


async def create(services: Services, connection: AsyncConnection, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A new endpoint, JSON-ready and with its secret still sealed, as an idempotent answer may be kept."""
    endpoint_id, at = f"whe_{secrets.token_hex(10)}", datetime.now(UTC)
    endpoint = Endpoint(
        endpoint_id=endpoint_id,
        url=asked["url"],
        description=asked["description"],
        event_types=sorted(set(asked["event_types"])),
        secret=sealed(services.downstream.secrets, endpoint_id, [new_secret()]),
        state=EndpointState.ENABLED,
        state_reason="",
        created_at=at,
        updated_at=at,
    )
    await webhook_endpoints.add(connection, endpoint)
    return {**view(endpoint), "secret": endpoint.secret}


def unsealed(services: Services, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The same answer with the secret for its owner to read."""
    (secret,) = opened(services.downstream.secrets, answer["endpoint_id"], answer["secret"])
    return {**answer, "secret": secret.text}


async def existing(connection: AsyncConnection, endpoint_id: str, *, lock: bool = False) -> Endpoint:
    """An endpoint that was not deleted. Raises a `not_found` problem."""
    endpoint = await webhook_endpoints.get(connection, endpoint_id, lock=lock)
    if endpoint is None or endpoint.state == EndpointState.DELETED:
        raise not_found()
    return endpoint


async def ping(services: Services, endpoint: Endpoint) -> dict[str, Any]:
    """Send a `webhook.test` now, whatever the endpoint's state, and say what came of it."""
    at = datetime.now(UTC)
    event_id = f"evt_test_{secrets.token_hex(8)}"
    body = {"type": "webhook.test", "timestamp": at.isoformat(), "data": {"endpoint_id": endpoint.endpoint_id}}
    keys = valid(opened(services.downstream.secrets, endpoint.endpoint_id, endpoint.secret), at)
    began = time.perf_counter()
    reply = await services.downstream.sender.send(endpoint.url, keys, event_id, json.dumps(body).encode())
    return {
        "delivered": reply.taken,
        "event_id": event_id,
        "status": reply.status,
        "error": reply.error,
        "duration_ms": round((time.perf_counter() - began) * 1000, 1),
    }


def view(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "endpoint_id": endpoint.endpoint_id,
        "url": endpoint.url,
        "description": endpoint.description,
        "event_types": list(endpoint.event_types),
        "state": endpoint.state,
        "state_reason": endpoint.state_reason,
        "created_at": endpoint.created_at.isoformat(),
        "updated_at": endpoint.updated_at.isoformat(),
    }
