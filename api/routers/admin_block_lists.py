"""Block-lists, for operators (R-STK-4)."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status
from sqlalchemy.ext.asyncio import AsyncConnection

from api import paging
from api.access import IdempotencyKey, Operator
from api.block_lists import put_entry
from api.idempotency import once
from api.problems import not_found, responses
from api.schemas.risk import BlockListEntryBody, BlockListEntryView
from api.schemas.values import Identifier, Page
from api.services import UsesServices
from ordersaga.domain.risk import Trait
from ordersaga.persistence import block_lists

router = APIRouter(
    prefix="/v1/admin/block-lists",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid"),
)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=BlockListEntryView,
    responses=responses("idempotency_key_reused"),
)
async def list_somebody(
    services: UsesServices, caller: Operator, body: BlockListEntryBody, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Put an account, address or device on its block-list. Who is on it gets the reason and the end anew."""

    async def create(connection: AsyncConnection) -> dict[str, Any]:
        entry = await put_entry(connection, services.pseudonyms, body, datetime.now(UTC))
        return BlockListEntryView.model_validate(entry).model_dump(mode="json")

    async with services.database.transaction() as connection:
        return await once(connection, caller, "list_somebody", key, body.model_dump(mode="json"), create)


@router.get("")
async def list_entries(
    services: UsesServices,
    _: Operator,
    kind: Annotated[Trait | None, Query()] = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
) -> Page[BlockListEntryView]:
    """Entries, the newest first."""
    position = paging.decode(cursor, datetime, str)
    async with services.database.transaction() as connection:
        found = await block_lists.page(
            connection, kind, before=(position[0], position[1]) if position else None, limit=limit
        )
    last = found[-1] if len(found) == limit else None
    return Page(
        items=[BlockListEntryView.model_validate(entry) for entry in found],
        next_cursor=paging.encode([last.created_at, last.entry_id]) if last else None,
    )


@router.delete("/{entry_id}", status_code=status.HTTP_204_NO_CONTENT, responses=responses("not_found"))
async def remove_entry(services: UsesServices, _: Operator, entry_id: Identifier) -> Response:
    """Who was on it may order again."""
    async with services.database.transaction() as connection:
        if not await block_lists.remove(connection, entry_id):
            raise not_found()
    return Response(status_code=status.HTTP_204_NO_CONTENT)
