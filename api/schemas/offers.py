"""Promotions and member benefits as operators enter them. Amounts are money, all of a rule in one currency."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.schemas.effects import BundlePriceBody, Count, EffectBody, PriceListBody, TiersBody
from api.schemas.rules import currency_of, plain, within
from api.schemas.scope import ScopeBody
from api.schemas.values import Identifier, Moment, MoneyBody, Request, ShortText, money
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.pricing.documents import offer_from_document, offer_to_document
from ordersaga.domain.pricing.occasion import RunningOffer
from ordersaga.domain.pricing.offers import Offer, Period
from ordersaga.domain.pricing.source import Bearer, Source, Stage

Names = Annotated[list[Identifier], Field(max_length=200)]
Priority = Annotated[int, Field(ge=-(10**6), le=10**6, description="the lowest is applied first")]
Limit = Annotated[int, Field(ge=0, le=10**12)]

PROMOTION_EXAMPLE: JsonDict = {
    "name": "Tea week: 100 off 1,000",
    "effect": {
        "kind": "tiers",
        "tiers": [
            {"threshold": {"amount": 100000, "currency": "TWD"}, "amount_off": {"amount": 10000, "currency": "TWD"}}
        ],
    },
    "scope": {"categories": ["tea"]},
    "starts_at": "2026-11-01T00:00:00Z",
    "ends_at": "2026-12-01T00:00:00Z",
    "budget": {"amount": 5000000, "currency": "TWD"},
}
MEMBER_BENEFIT_EXAMPLE: JsonDict = {
    "name": "Gold members pay 98 %",
    "effect": {"kind": "percentage", "basis_points": 200},
    "scope": {"everything": True},
    "member_tiers": ["gold"],
}
_RUNNING: JsonDict = {"version": 1, "used": 0}


class OfferTerms(Request):
    """What promotions, member benefits and coupons have in common. A bundle and a price list are their own scope."""

    name: ShortText
    effect: EffectBody
    scope: ScopeBody | None = None
    priority: Priority = 100
    exclusion_group: Identifier | None = Field(None, description="two offers of one group never share a line")
    stackable_with: Names | None = Field(
        None, description="the sources and codes that it may share a line with; with all if left out, `[]` with none"
    )
    funded_by: Bearer = Field(Bearer.PLATFORM, strict=False)
    minimum_amount: MoneyBody | None = None
    minimum_count: Count | None = None
    channels: Names = Field(default_factory=list, description="only there; everywhere if empty")
    member_tiers: Names = Field(default_factory=list, description="only these; everybody if empty")
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    enabled: bool = True

    def to_terms(self, terms: type["OfferTerms"], code: str, source: Source) -> Offer:
        """The offer made of the fields of `terms`. Raises `RuleInvalid`, which names the place in this document."""
        currency = currency_of(self)
        if isinstance(self.effect, TiersBody):
            with within("effect"):
                self.effect.check_measure()
        document = {name: value for name, value in plain(self).items() if name in terms.model_fields}
        document.setdefault("scope", self._own_scope())
        return offer_from_document({**document, "code": code, "source": source, "currency": currency})

    def _own_scope(self) -> dict[str, Any]:
        match self.effect:
            case BundlePriceBody(items=named) | PriceListBody(prices=named):
                return {"skus": list(named)}
            case _:
                return {}


class LimitedTerms(OfferTerms):
    """What orders hold of an offer until they are paid or come to nothing."""

    budget: MoneyBody | None = Field(None, description="the most that all orders together take off")
    usage_limit: Limit | None = Field(None, description="how many orders may have it")
    usage_limit_per_account: Limit | None = None
    usage_period: Period = Field(Period.EVER, strict=False, description="over what the limit per account counts")


class PromotionBody(LimitedTerms):
    """A promotion. `stage` says when it is applied, `goods` or `order`, if not as its kind usually is."""

    model_config = ConfigDict(json_schema_extra={"examples": [PROMOTION_EXAMPLE]})

    stage: Stage | None = Field(None, strict=False)
    stock_policy: StockPolicy | None = Field(
        None, strict=False, description="when units of the lines that it is applied to are deducted"
    )

    def to_offer(self, code: str) -> Offer:
        return self.to_terms(PromotionBody, code, Source.PROMOTION)


class MemberBenefitBody(LimitedTerms):
    """What accounts of these `member_tiers` get."""

    model_config = ConfigDict(json_schema_extra={"examples": [MEMBER_BENEFIT_EXAMPLE]})

    def to_offer(self, code: str) -> Offer:
        return self.to_terms(LimitedTerms, code, Source.MEMBER_BENEFIT)


class PromotionView(PromotionBody):
    """A promotion as it stands. `spent` and `used` is what orders hold of it, paid or not."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "tea-week", **PROMOTION_EXAMPLE, **_RUNNING}]})

    code: Identifier
    version: int
    spent: MoneyBody | None = None
    used: int


class MemberBenefitView(MemberBenefitBody):
    """A member benefit as it stands. `spent` and `used` is what orders hold of it, paid or not."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "gold-98", **MEMBER_BENEFIT_EXAMPLE, **_RUNNING}]}
    )

    code: Identifier
    version: int
    spent: MoneyBody | None = None
    used: int


_AMOUNTS = frozenset({"amount", "price", "at_most", "amount_off", "minimum_amount", "budget"})


def terms_view(offer: Offer) -> dict[str, Any]:
    """The document that `offer` was entered as, with its code and version."""
    stored = offer_to_document(offer)
    terms = {name: value for name, value in stored.items() if name not in ("source", "currency", "effect", "template")}
    effect = _as_money(stored["effect"], offer.currency)
    match effect:
        case {"prices": dict(prices)}:
            effect["prices"] = {sku: money(price, offer.currency or "") for sku, price in prices.items()}
        case {"tiers": list(tiers)}:
            counts = () if effect.get("measure") == "count" else ("threshold",)
            effect["tiers"] = [_as_money(tier, offer.currency, *counts) for tier in tiers]
        case _:
            pass
    return {**_as_money(terms, offer.currency), "version": offer.version, "effect": effect}


def running_view(running: RunningOffer) -> dict[str, Any]:
    currency = running.offer.currency
    spent = None if currency is None else money(running.spent, currency)
    return {**terms_view(running.offer), "spent": spent, "used": running.used}


def _as_money(document: dict[str, Any], currency: str | None, *also: str) -> dict[str, Any]:
    amounts = _AMOUNTS.union(also)
    return {
        name: money(value, currency) if name in amounts and currency is not None else value
        for name, value in document.items()
    }
