"""`Idempotency-Key`: the same key and body get the first answer again; the same key with another body is refused."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.authentication import Caller
from api.problems import Problem
from ordersaga.persistence import idempotency
from ordersaga.persistence.idempotency import RequestKey

Create = Callable[[AsyncConnection], Awaitable[dict[str, Any]]]


def fingerprint(body: Mapping[str, Any]) -> str:
    """What makes two bodies the same: their content, not their spelling."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def key_reused() -> Problem:
    return Problem("idempotency_key_reused", "this Idempotency-Key was used with another body")


async def once(
    connection: AsyncConnection,
    caller: Caller,
    operation: str,
    key: str | None,
    body: Mapping[str, Any],
    create: Create,
) -> dict[str, Any]:
    """Run `create` once per caller, operation and key, in the transaction of `connection`."""
    if key is None:
        return await create(connection)
    request = RequestKey(caller=f"{caller.role}:{caller.subject}", operation=operation, key=key)
    body_hash = fingerprint(body)
    earlier = await idempotency.first(connection, request, body_hash, datetime.now(UTC))
    if earlier is None:
        answer = await create(connection)
        await idempotency.keep(connection, request, answer)
        return answer
    if earlier.body_hash != body_hash:
        raise key_reused()
    return dict(earlier.answer)
