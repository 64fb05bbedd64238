"""What a buyer is to the shop: the tier, the points, and what they give."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from api.access import Buyer
from api.problems import responses
from api.schemas.members import MembershipView, benefit_view
from api.schemas.points import policy_view
from api.schemas.values import money
from api.services import UsesServices
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import members, offers, points

router = APIRouter(prefix="/v1/membership", tags=["orders"])


@router.get("", response_model=MembershipView, responses=responses("unauthenticated", "forbidden"))
async def get_membership(services: UsesServices, caller: Buyer) -> dict[str, Any]:
    """The buyer's tier with its benefits and what is left of them, and the points with what they are worth."""
    async with services.database.reading() as connection:
        tier = await members.tier(connection, caller.subject)
        balance, locked = await points.owned(connection, caller.subject)
        policies = await points.policies(connection)
        running = await offers.running(connection, caller.subject, datetime.now(UTC)) if tier else ()
    benefits = [
        found for found in running if found.offer.source is Source.MEMBER_BENEFIT and tier in found.offer.member_tiers
    ]
    return {
        "tier": tier,
        "points": {
            "balance": balance,
            "locked": locked,
            "available": balance - locked,
            "worth": [_worth(policy, balance - locked) for policy in policies],
        },
        "benefits": [benefit_view(found) for found in benefits],
    }


def _worth(policy: PointsPolicy, available: int) -> dict[str, Any]:
    return {"worth": money(policy.value(available), policy.currency), "policy": policy_view(policy)}
