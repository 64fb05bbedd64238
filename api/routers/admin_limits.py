"""Purchase limits, for operators (R-STK-3)."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from api import paging
from api.access import Operator
from api.offers import HERE
from api.problems import not_found, responses
from api.purchase_limits import put_limits
from api.schemas.purchase_limits import LimitUseView, PurchaseLimitBody, PurchaseLimitView, limit_view
from api.schemas.values import Identifier, Page
from api.services import UsesServices
from ordersaga.persistence import purchase_limits

router = APIRouter(
    prefix="/v1/admin/limits",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid"),
)


@router.put("/{code}", response_model=PurchaseLimitView, responses=responses("rule_invalid", "reference_unknown"))
async def put_limit(services: UsesServices, _: Operator, code: Identifier, body: PurchaseLimitBody) -> dict[str, Any]:
    """Create or change a limit. What was bought before counts, as far as it lies within the period."""
    limit = body.to_limit(code)
    async with services.database.transaction() as connection:
        await put_limits(connection, [(HERE, limit)], datetime.now(UTC))
    return limit_view(limit)


@router.get("")
async def list_limits(
    services: UsesServices, _: Operator, limit: paging.Limit = 50, cursor: paging.Cursor = None
) -> Page[PurchaseLimitView]:
    after = paging.decode(cursor, str)
    async with services.database.transaction() as connection:
        found = await purchase_limits.page(connection, after=after[0] if after else "", limit=limit)
    return Page(
        items=[PurchaseLimitView.model_validate(limit_view(item)) for item in found],
        next_cursor=paging.encode([found[-1].code]) if len(found) == limit else None,
    )


@router.get("/{code}", response_model=PurchaseLimitView, responses=responses("not_found"))
async def get_limit(services: UsesServices, _: Operator, code: Identifier) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        limit = await purchase_limits.get(connection, code)
    if limit is None:
        raise not_found()
    return limit_view(limit)


@router.get("/{code}/uses", responses=responses("not_found"))
async def list_uses(
    services: UsesServices, _: Operator, code: Identifier, limit: paging.Limit = 50, cursor: paging.Cursor = None
) -> Page[LimitUseView]:
    """Who has how much of a limit at present."""
    after = paging.decode(cursor, str)
    async with services.database.transaction() as connection:
        if await purchase_limits.get(connection, code) is None:
            raise not_found()
        found = await purchase_limits.page_of_uses(
            connection, code, datetime.now(UTC), after=after[0] if after else "", limit=limit
        )
    return Page(
        items=[LimitUseView(subject=subject, used=used) for subject, used in found],
        next_cursor=paging.encode([found[-1][0]]) if len(found) == limit else None,
    )
