"""Coupons: templates as operators enter them, and coupons as operators and their holders see them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.schemas.effects import Count, CouponEffectBody
from api.schemas.offers import Limit, OfferTerms, terms_view
from api.schemas.restorations import RestorationsBody
from api.schemas.rules import within
from api.schemas.scope import ScopeBody
from api.schemas.values import Account, Identifier, Moment, MoneyBody, Request, Response
from ordersaga.domain.pricing.coupons import Coupon, CouponState, CouponTemplate
from ordersaga.domain.pricing.restoration import to_document
from ordersaga.domain.pricing.source import Source

COUPON_EXAMPLE: JsonDict = {
    "name": "Welcome: 50 off 300",
    "effect": {"kind": "amount_off", "amount": {"amount": 5000, "currency": "TWD"}},
    "scope": {"everything": True},
    "minimum_amount": {"amount": 30000, "currency": "TWD"},
    "issue_limit": 1000,
    "claim_code": "WELCOME",
    "valid_days": 30,
}


class CouponTemplateBody(OfferTerms):
    """The terms of a coupon. With a `claim_code` buyers fetch it themselves, until `claim_until`; the others are
    granted. It is valid for `valid_days` from then on, and never outside `starts_at` and `ends_at`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [COUPON_EXAMPLE]})

    effect: CouponEffectBody
    issue_limit: Limit | None = Field(None, description="how many there are in all")
    limit_per_account: Limit = 1
    claim_code: Identifier | None = None
    claim_until: Moment | None = None
    valid_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    restorations: RestorationsBody | None = Field(None, description="its own exceptions from the shop's table")

    def to_template(self, template: str) -> CouponTemplate:
        offer = self.to_terms(OfferTerms, template, Source.COUPON)
        with within("restorations"):
            restorations = self.restorations.to_restorations(Source.COUPON) if self.restorations else {}
        return CouponTemplate(
            offer=offer,
            issue_limit=self.issue_limit,
            limit_per_account=self.limit_per_account,
            claim_code=self.claim_code,
            claim_until=self.claim_until,
            valid_days=self.valid_days,
            restorations=restorations,
        )


class CouponTemplateView(CouponTemplateBody):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"template": "welcome", **COUPON_EXAMPLE, "version": 1, "issued": 12}]}
    )

    template: Identifier
    version: int
    issued: int


class GrantRequest(Request):
    """Whom to give one coupon each."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"accounts": ["alice", "bob"]}]})

    accounts: list[Account] = Field(min_length=1, max_length=1000)


class GrantedCoupon(Response):
    coupon_code: str
    template: str
    account: str
    state: CouponState
    valid_from: datetime
    valid_until: datetime | None
    order_no: str | None


class GrantAnswer(Response):
    coupons: list[GrantedCoupon]


class ClaimRequest(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"claim_code": "WELCOME"}]})

    claim_code: Identifier


class CouponView(Response):
    """A coupon as its holder sees it: `state` is `expired` as soon as its time is over."""

    coupon_code: str
    name: str
    state: CouponState
    valid_from: datetime
    valid_until: datetime | None
    effect: CouponEffectBody
    scope: ScopeBody
    minimum_amount: MoneyBody | None
    minimum_count: Count | None
    channels: list[str]
    member_tiers: list[str]
    order_no: str | None = Field(description="the order that holds or has used it")


def template_view(template: CouponTemplate, issued: int) -> dict[str, Any]:
    return {
        **{name: value for name, value in terms_view(template.offer).items() if name != "code"},
        "template": template.offer.code,
        "issue_limit": template.issue_limit,
        "limit_per_account": template.limit_per_account,
        "claim_code": template.claim_code,
        "claim_until": template.claim_until,
        "valid_days": template.valid_days,
        "restorations": to_document(template.restorations) if template.restorations else None,
        "issued": issued,
    }


def coupon_view(coupon: Coupon, at: datetime) -> dict[str, Any]:
    terms = terms_view(coupon.offer)
    return {
        "coupon_code": coupon.coupon_code,
        "name": coupon.offer.name,
        "state": CouponState.EXPIRED if coupon.fault(at) == "coupon_expired" else coupon.state,
        "valid_from": coupon.valid_from,
        "valid_until": coupon.valid_until,
        "effect": terms["effect"],
        "scope": terms["scope"],
        "minimum_amount": terms.get("minimum_amount"),
        "minimum_count": terms.get("minimum_count"),
        "channels": terms.get("channels", []),
        "member_tiers": terms.get("member_tiers", []),
        "order_no": coupon.order_no,
    }
