"""Promotions and member benefits, for operators (R-PRC-1)."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from api import paging
from api.access import Operator
from api.offers import HERE, put_offers
from api.problems import not_found, responses
from api.schemas.offers import MemberBenefitBody, MemberBenefitView, PromotionBody, PromotionView, running_view
from api.schemas.values import Identifier, Page
from api.services import Services, UsesServices
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import offers

router = APIRouter(
    prefix="/v1/admin", tags=["administration"], responses=responses("unauthenticated", "forbidden", "request_invalid")
)

_ENTERED = responses("rule_invalid", "reference_unknown", "limit_below_use")
_KNOWN = responses("not_found")


@router.put("/promotions/{code}", response_model=PromotionView, response_model_exclude_none=True, responses=_ENTERED)
async def put_promotion(services: UsesServices, _: Operator, code: Identifier, body: PromotionBody) -> dict[str, Any]:
    """Create or change a promotion. Orders keep what they were promised; a budget is never less than what is spent."""
    return await _put(services, body.to_offer(code))


@router.get("/promotions", response_model_exclude_none=True)
async def list_promotions(
    services: UsesServices, _: Operator, limit: paging.Limit = 50, cursor: paging.Cursor = None
) -> Page[PromotionView]:
    found, next_cursor = await _page(services, Source.PROMOTION, limit, cursor)
    return Page(items=[PromotionView.model_validate(view) for view in found], next_cursor=next_cursor)


@router.get("/promotions/{code}", response_model=PromotionView, response_model_exclude_none=True, responses=_KNOWN)
async def get_promotion(services: UsesServices, _: Operator, code: Identifier) -> dict[str, Any]:
    return await _get(services, Source.PROMOTION, code)


@router.put(
    "/member-benefits/{code}", response_model=MemberBenefitView, response_model_exclude_none=True, responses=_ENTERED
)
async def put_member_benefit(
    services: UsesServices, _: Operator, code: Identifier, body: MemberBenefitBody
) -> dict[str, Any]:
    """Create or change what members of a tier get."""
    return await _put(services, body.to_offer(code))


@router.get("/member-benefits", response_model_exclude_none=True)
async def list_member_benefits(
    services: UsesServices, _: Operator, limit: paging.Limit = 50, cursor: paging.Cursor = None
) -> Page[MemberBenefitView]:
    found, next_cursor = await _page(services, Source.MEMBER_BENEFIT, limit, cursor)
    return Page(items=[MemberBenefitView.model_validate(view) for view in found], next_cursor=next_cursor)


@router.get(
    "/member-benefits/{code}", response_model=MemberBenefitView, response_model_exclude_none=True, responses=_KNOWN
)
async def get_member_benefit(services: UsesServices, _: Operator, code: Identifier) -> dict[str, Any]:
    return await _get(services, Source.MEMBER_BENEFIT, code)


async def _put(services: Services, offer: Offer) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        await put_offers(connection, [(HERE, offer)], datetime.now(UTC))
        standing = await offers.get(connection, offer.code)
    assert standing is not None  # noqa: S101 - it was just put there
    return running_view(standing)


async def _get(services: Services, source: Source, code: str) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        found = await offers.get(connection, code)
    if found is None or found.offer.source is not source:
        raise not_found()
    return running_view(found)


async def _page(
    services: Services, source: Source, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    after = paging.decode(cursor, str)
    async with services.database.transaction() as connection:
        found = await offers.page(connection, source, after=after[0] if after else "", limit=limit)
    next_cursor = paging.encode([found[-1].offer.code]) if len(found) == limit else None
    return [running_view(running) for running in found], next_cursor
