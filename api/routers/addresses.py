"""Addresses that a buyer keeps."""

import secrets
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Response, status
from pydantic import ConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from api import paging
from api.access import Buyer, IdempotencyKey
from api.idempotency import once
from api.problems import not_found, responses
from api.schemas.values import EXAMPLE_ADDRESS, AddressBody, Identifier, Page
from api.services import UsesServices
from ordersaga.persistence import addresses

router = APIRouter(prefix="/v1/addresses", tags=["addresses"])


class StoredAddress(AddressBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"address_id": "adr_5f0c1d2e3a", **EXAMPLE_ADDRESS}]})

    address_id: Identifier


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=StoredAddress,
    responses=responses("unauthenticated", "forbidden", "request_invalid", "idempotency_key_reused", "body_malformed"),
)
async def store_address(
    services: UsesServices, caller: Buyer, body: AddressBody, key: IdempotencyKey = None
) -> dict[str, Any]:
    async def create(connection: AsyncConnection) -> dict[str, Any]:
        address_id = f"adr_{secrets.token_hex(10)}"
        await addresses.add(connection, address_id, caller.subject, body.to_address(), datetime.now(UTC))
        return {"address_id": address_id, **body.model_dump()}

    async with services.database.transaction() as connection:
        return await once(connection, caller, "store_address", key, body.model_dump(), create)


@router.get("", responses=responses("unauthenticated", "forbidden", "request_invalid"))
async def list_addresses(
    services: UsesServices, caller: Buyer, limit: paging.Limit = 50, cursor: paging.Cursor = None
) -> Page[StoredAddress]:
    after = paging.decode(cursor, str)
    async with services.database.transaction() as connection:
        found = await addresses.page(connection, caller.subject, after=after[0] if after else "", limit=limit)
    items: list[StoredAddress] = []
    for address_id, address in found:
        body = AddressBody.model_validate(address, from_attributes=True)
        items.append(StoredAddress(address_id=address_id, **body.model_dump()))
    return Page(items=items, next_cursor=paging.encode([found[-1][0]]) if len(found) == limit else None)


@router.delete(
    "/{address_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses("unauthenticated", "forbidden", "not_found", "request_invalid"),
)
async def remove_address(services: UsesServices, caller: Buyer, address_id: Identifier) -> Response:
    async with services.database.transaction() as connection:
        if not await addresses.remove(connection, address_id, caller.subject):
            raise not_found()
    return Response(status_code=status.HTTP_204_NO_CONTENT)
