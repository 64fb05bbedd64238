"""A buyer's wallet: the coupons that the account holds, and those that it claims (S6)."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, status
from sqlalchemy.ext.asyncio import AsyncConnection

from api import paging
from api.access import Buyer, IdempotencyKey, limited
from api.hardening.rates import Limited
from api.idempotency import once
from api.problems import not_found, responses
from api.schemas.coupons import ClaimRequest, CouponView, coupon_view
from api.schemas.values import Page
from api.services import UsesServices
from ordersaga.domain.errors import NotFound
from ordersaga.persistence import coupons

router = APIRouter(
    prefix="/v1/coupons", tags=["orders"], responses=responses("unauthenticated", "forbidden", "request_invalid")
)


@router.get("")
async def list_coupons(
    services: UsesServices, caller: Buyer, limit: paging.Limit = 50, cursor: paging.Cursor = None
) -> Page[CouponView]:
    """The buyer's coupons in every state, those that begin last first."""
    at, position = datetime.now(UTC), paging.decode(cursor, datetime, str)
    after = None if position is None else (position[0], position[1])
    async with services.database.transaction() as connection:
        found = await coupons.of_account(connection, caller.subject, after=after, limit=limit)
    items = [CouponView.model_validate(coupon_view(coupon, at)) for coupon in found]
    last = [found[-1].valid_from.isoformat(), found[-1].coupon_code] if len(found) == limit else None
    return Page(items=items, next_cursor=paging.encode(last) if last else None)


@router.post(
    "",
    dependencies=[Depends(limited(Limited.CLAIMS))],
    status_code=status.HTTP_201_CREATED,
    response_model=CouponView,
    responses=responses("not_found", "coupon_unavailable", "idempotency_key_reused", "rate_limited"),
)
async def claim_coupon(
    services: UsesServices, caller: Buyer, body: ClaimRequest, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Fetch a coupon by its claim code. A `coupon_unavailable` says in `reason` why there is none."""

    async def create(connection: AsyncConnection) -> dict[str, Any]:
        at = datetime.now(UTC)
        try:
            claimed = await coupons.claim(connection, body.claim_code, caller.subject, at)
        except NotFound:
            raise not_found() from None
        return CouponView.model_validate(coupon_view(claimed, at)).model_dump(mode="json")

    async with services.database.transaction() as connection:
        return await once(connection, caller, "claim_coupon", key, body.model_dump(), create)
