"""What comes back when goods do: the shop's rules."""

from typing import Any

from pydantic import ConfigDict, Field

from api.schemas.values import Identifier, Request
from ordersaga.domain.after_sales.rules import (
    AfterSalesRules,
    EarnedPoints,
    Gifts,
    Payments,
    ShippingFee,
    Tenders,
    Threshold,
)

_EXAMPLE: dict[str, Any] = {
    "threshold": "recompute",
    "shipping_fee": "when_all_returned",
    "gifts": "charge",
    "coupons": True,
    "points": True,
    "earned_points": "claw_back_or_withhold",
    "tenders": "as_paid",
    "payments": "latest_first",
    "apology_template": None,
}


class AfterSalesRulesBody(Request):
    """Orders keep to the rules that stood when they were placed. What is left out is as the shop has it by default.

    `coupons` and `points` say whether they come back at all. `apology_template` is the coupon that a buyer gets whose
    order its seller cancels.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    threshold: Threshold = Field(default=Threshold.RECOMPUTE, strict=False)
    shipping_fee: ShippingFee = Field(default=ShippingFee.WHEN_ALL_RETURNED, strict=False)
    gifts: Gifts = Field(default=Gifts.CHARGE, strict=False)
    coupons: bool = True
    points: bool = True
    earned_points: EarnedPoints = Field(default=EarnedPoints.CLAW_BACK_OR_WITHHOLD, strict=False)
    tenders: Tenders = Field(default=Tenders.AS_PAID, strict=False)
    payments: Payments = Field(default=Payments.LATEST_FIRST, strict=False)
    apology_template: Identifier | None = None

    def to_rules(self) -> AfterSalesRules:
        return AfterSalesRules(**dict(self))


class AfterSalesRulesView(AfterSalesRulesBody):
    """`version` is 0 while the shop has said nothing, and the defaults hold."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 1, **_EXAMPLE}]})

    version: int


def rules_view(version: int, rules: AfterSalesRules) -> dict[str, Any]:
    return {"version": version, **rules.to_document()}
