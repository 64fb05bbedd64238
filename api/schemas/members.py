"""Members: an account's tier, its points, and what it gets."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from api.schemas.effects import EffectBody
from api.schemas.offers import terms_view
from api.schemas.points import PointsView, PointsWorth
from api.schemas.scope import ScopeBody
from api.schemas.values import Identifier, MoneyBody, Request, Response
from ordersaga.domain.pricing.occasion import RunningOffer
from ordersaga.domain.pricing.offers import Period


class MemberBody(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"tier": "gold"}]})

    tier: Identifier | None = Field(description="`null` for an account that is no member")


class MemberView(Response):
    account: str
    tier: str | None
    points: PointsView


class PointsBooked(MemberView):
    booked: bool = Field(description="`false` when this document was booked before")


class BenefitView(Response):
    """What the tier gives. `left` is how often it may still be had in this period; `null` is without limit."""

    code: str
    name: str
    effect: EffectBody
    scope: ScopeBody
    minimum_amount: MoneyBody | None
    minimum_count: int | None
    ends_at: datetime | None
    usage_limit_per_account: int | None
    usage_period: Period
    left: int | None


class MembershipPoints(Response):
    balance: int
    locked: int = Field(description="held by orders that are not paid")
    available: int
    worth: list[PointsWorth]


class MembershipView(Response):
    tier: str | None
    points: MembershipPoints
    benefits: list[BenefitView]


def benefit_view(running: RunningOffer) -> dict[str, Any]:
    offer, terms = running.offer, terms_view(running.offer)
    return {
        "code": offer.code,
        "name": offer.name,
        "effect": terms["effect"],
        "scope": terms["scope"],
        "minimum_amount": terms.get("minimum_amount"),
        "minimum_count": offer.minimum_count,
        "ends_at": offer.ends_at,
        "usage_limit_per_account": offer.usage_limit_per_account,
        "usage_period": offer.usage_period,
        "left": _left(running),
    }


def _left(running: RunningOffer) -> int | None:
    """What both limits leave to the account."""
    limits = (
        (running.offer.usage_limit_per_account, running.used_by_account),
        (running.offer.usage_limit, running.used),
    )
    return min((max(0, limit - used) for limit, used in limits if limit is not None), default=None)
