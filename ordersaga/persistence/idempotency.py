"""The first answers to creating requests, by caller, operation and key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.persistence.tables.submissions import idempotent_requests

_COLUMNS = idempotent_requests.c
_IS_SAME = (
    (_COLUMNS.caller == bindparam("of_caller"))
    & (_COLUMNS.operation == bindparam("of_operation"))
    & (_COLUMNS.idempotency_key == bindparam("of_key"))
)
_ADD = insert(idempotent_requests).on_conflict_do_nothing().returning(_COLUMNS.body_hash)
_FIRST = select(_COLUMNS.body_hash, _COLUMNS.answer).where(_IS_SAME)
_KEEP = update(idempotent_requests).where(_IS_SAME).values(answer=bindparam("first_answer"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    caller: str
    operation: str
    key: str

    def columns(self) -> dict[str, str]:
        return {"caller": self.caller, "operation": self.operation, "idempotency_key": self.key}

    def sought(self) -> dict[str, str]:
        return {"of_caller": self.caller, "of_operation": self.operation, "of_key": self.key}


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    body_hash: str
    answer: Mapping[str, Any]


async def first(connection: AsyncConnection, request: RequestKey, body_hash: str, at: datetime) -> FirstAnswer | None:
    """`None` for the first request with this key, which must `keep` its answer before the transaction ends.

    A second one waits here until the first has committed, and then gets its answer.
    """
    added = await connection.scalar(_ADD, {**request.columns(), "body_hash": body_hash, "received_at": at})
    if added is not None:
        return None
    row = (await connection.execute(_FIRST, request.sought())).one()
    return FirstAnswer(row.body_hash, row.answer)


async def keep(connection: AsyncConnection, request: RequestKey, answer: Mapping[str, Any]) -> None:
    await connection.execute(_KEEP, {**request.sought(), "first_answer": answer})
