"""Campaigns, for operators (R-TYPE-2, R-TYPE-3, R-TYPE-5)."""

import secrets
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from api import paging
from api.access import Operator
from api.campaigns import EnteredCampaign, put_campaigns
from api.offers import HERE
from api.problems import not_found, responses
from api.schemas.campaigns import CampaignBody, CampaignView, campaign_view
from api.schemas.values import Identifier, Page
from api.services import UsesServices
from ordersaga.domain.gate import GateKey
from ordersaga.persistence import campaigns, stocktaking

router = APIRouter(
    prefix="/v1/admin/campaigns",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid"),
)


_PUT = responses("rule_invalid", "reference_unknown", "out_of_stock", "stock_below_reserved")


@router.put("/{code}", response_model=CampaignView, responses=_PUT)
async def put_campaign(services: UsesServices, _: Operator, code: Identifier, body: CampaignBody) -> dict[str, Any]:
    """Create or change a campaign. Orders keep the price and the terms that they were placed under.

    `stock` is set aside from the general shelf, and refused beyond what is free there or below what orders hold.
    """
    async with services.database.transaction() as connection:
        entered = EnteredCampaign(HERE, body.to_campaign(code), body.stock)
        document = f"campaign/{secrets.token_hex(8)}"
        await put_campaigns(connection, [entered], document=document, at=datetime.now(UTC))
        campaign = await campaigns.get(connection, code)
        stock = await stocktaking.pools(connection, [code])
    assert campaign is not None  # noqa: S101 - it was just put there
    await services.gates.refresh(GateKey(campaign.order_type, campaign.sku))
    return campaign_view(campaign, stock[code])


@router.get("")
async def list_campaigns(
    services: UsesServices, _: Operator, limit: paging.Limit = 50, cursor: paging.Cursor = None
) -> Page[CampaignView]:
    after = paging.decode(cursor, str)
    async with services.database.transaction() as connection:
        found = await campaigns.page(connection, after=after[0] if after else "", limit=limit)
        stock = await stocktaking.pools(connection, [campaign.code for campaign in found])
    return Page(
        items=[CampaignView.model_validate(campaign_view(campaign, stock[campaign.code])) for campaign in found],
        next_cursor=paging.encode([found[-1].code]) if len(found) == limit else None,
    )


@router.get("/{code}", response_model=CampaignView, responses=responses("not_found"))
async def get_campaign(services: UsesServices, _: Operator, code: Identifier) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        campaign = await campaigns.get(connection, code)
        stock = await stocktaking.pools(connection, [code])
    if campaign is None:
        raise not_found()
    return campaign_view(campaign, stock[code])
