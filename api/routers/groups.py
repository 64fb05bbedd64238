"""Groups of buyers, for anyone who has the code (R-TYPE-5)."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from api.groups import group_document
from api.problems import not_found, responses
from api.schemas.groups import GroupView
from api.schemas.values import Identifier, money
from api.services import UsesServices
from ordersaga.domain.campaigns import Campaign
from ordersaga.domain.group import Group
from ordersaga.domain.lifecycle.group import GroupState
from ordersaga.persistence import campaigns, groups

router = APIRouter(prefix="/v1/groups", tags=["orders"])


@router.get("/{code}", response_model=GroupView, responses=responses("not_found", "request_invalid"))
async def get_group(services: UsesServices, code: Identifier) -> dict[str, Any]:
    """How many are in the group, until when others may join it, and what is bought in it."""
    async with services.database.reading() as connection:
        group = await groups.get(connection, code)
        campaign = await campaigns.get(connection, group.campaign) if group else None
    if group is None or campaign is None:
        raise not_found()
    return {
        **group_document(group),
        "campaign": campaign.code,
        "order_type": campaign.order_type,
        "sku": campaign.sku,
        "price": money(campaign.price.amount, campaign.price.currency),
        "joinable": _is_joinable(group, campaign, datetime.now(UTC)),
    }


def _is_joinable(group: Group, campaign: Campaign, at: datetime) -> bool:
    runs = campaign.starts_at <= at < campaign.ends_at
    return group.state is GroupState.FORMING and at < group.expires_at and runs
