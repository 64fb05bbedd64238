"""Campaigns, for operators (R-TYPE-2, R-TYPE-3, R-TYPE-5)."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from api import paging
from api.access import Operator
from api.campaigns import put_campaigns
from api.offers import HERE
from api.problems import not_found, responses
from api.schemas.campaigns import CampaignBody, CampaignView, campaign_view
from api.schemas.values import Identifier, Page
from api.services import UsesServices
from ordersaga.persistence import campaigns

router = APIRouter(
    prefix="/v1/admin/campaigns",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid"),
)


@router.put("/{code}", response_model=CampaignView, responses=responses("rule_invalid", "reference_unknown"))
async def put_campaign(services: UsesServices, _: Operator, code: Identifier, body: CampaignBody) -> dict[str, Any]:
    """Create or change a campaign. Orders keep the price and the terms that they were placed under."""
    async with services.database.transaction() as connection:
        await put_campaigns(connection, [(HERE, body.to_campaign(code))], datetime.now(UTC))
        campaign = await campaigns.get(connection, code)
    assert campaign is not None  # noqa: S101 - it was just put there
    return campaign_view(campaign)


@router.get("")
async def list_campaigns(
    services: UsesServices, _: Operator, limit: paging.Limit = 50, cursor: paging.Cursor = None
) -> Page[CampaignView]:
    after = paging.decode(cursor, str)
    async with services.database.transaction() as connection:
        found = await campaigns.page(connection, after=after[0] if after else "", limit=limit)
    return Page(
        items=[CampaignView.model_validate(campaign_view(campaign)) for campaign in found],
        next_cursor=paging.encode([found[-1].code]) if len(found) == limit else None,
    )


@router.get("/{code}", response_model=CampaignView, responses=responses("not_found"))
async def get_campaign(services: UsesServices, _: Operator, code: Identifier) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        campaign = await campaigns.get(connection, code)
    if campaign is None:
        raise not_found()
    return campaign_view(campaign)
