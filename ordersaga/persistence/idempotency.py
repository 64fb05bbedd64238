"""The first answers to creating requests, by caller, operation and key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.persistence.tables.submissions import idempotent_requests


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    caller: str
    operation: str
    key: str

    def columns(self) -> dict[str, str]:
        return {"caller": self.caller, "operation": self.operation, "idempotency_key": self.key}


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    body_hash: str
    answer: Mapping[str, Any]


async def first(connection: AsyncConnection, request: RequestKey, body_hash: str, at: datetime) -> FirstAnswer | None:
    """`None` for the first request with this key, which must `keep` its answer before the transaction ends.

    A second one waits here until the first has committed, and then gets its answer.
    """
    added = await connection.scalar(
        insert(idempotent_requests)
        .values(**request.columns(), body_hash=body_hash, received_at=at)
        .on_conflict_do_nothing()
        .returning(idempotent_requests.c.body_hash)
    )
    if added is not None:
        return None
    row = (
        await connection.execute(
            select(idempotent_requests.c.body_hash, idempotent_requests.c.answer).filter_by(**request.columns())
        )
    ).one()
    return FirstAnswer(row.body_hash, row.answer)


async def keep(connection: AsyncConnection, request: RequestKey, answer: Mapping[str, Any]) -> None:
    await connection.execute(update(idempotent_requests).filter_by(**request.columns()).values(answer=answer))
