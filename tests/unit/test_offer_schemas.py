"""Rules as operators enter them: what each kind means, and what is refused, by its place in the document."""

import pytest

from api.schemas.offers import PromotionBody, PromotionView, running_view
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.effects import (
    AmountOff,
    BundlePrice,
    BuyGet,
    Effect,
    FixedPrice,
    FreeShipping,
    Gift,
    Measure,
    NthItem,
    PercentageOff,
    PriceList,
    Tier,
    Tiers,
)
from ordersaga.domain.pricing.occasion import RunningOffer
from ordersaga.domain.pricing.source import Source, Stage
from tests.shop import twd
from tests.unit.entered_rules import EVERYTHING, PERCENTAGE, Document, jpy, places_of, promotion, tier, tiers

KINDS: list[tuple[Document, Effect]] = [
    (PERCENTAGE, PercentageOff(basis_points=1000)),
    ({**PERCENTAGE, "at_most": twd(500)}, PercentageOff(basis_points=1000, at_most=500)),
    ({"kind": "amount_off", "amount": twd(50)}, AmountOff(amount=50)),
    ({"kind": "amount_off", "amount": twd(50), "each_unit": True}, AmountOff(amount=50, each_unit=True)),
    ({"kind": "fixed_price", "price": twd(99)}, FixedPrice(price=99)),
    ({"kind": "price_list", "prices": {"A": twd(9), "B": twd(8)}}, PriceList(prices={"A": 9, "B": 8})),
    (
        tiers(tier(twd(1000), amount_off=twd(100)), tier(twd(2000), amount_off=twd(300)), at_most=twd(900)),
        Tiers(tiers=(Tier(threshold=1000, amount_off=100), Tier(threshold=2000, amount_off=300)), at_most=900),
    ),
    (
        tiers(tier(twd(300), amount_off=twd(30)), repeat=True),
        Tiers(tiers=(Tier(threshold=300, amount_off=30),), repeat=True),
    ),
    (
        tiers(tier(3, basis_points=1000), tier(5, basis_points=2000), measure="count"),
        Tiers(
            measure=Measure.COUNT,
            tiers=(Tier(threshold=3, basis_points=1000), Tier(threshold=5, basis_points=2000)),
        ),
    ),
    ({"kind": "nth_item", "every": 2, "basis_points": 5000}, NthItem(every=2, basis_points=5000)),
    (
        {"kind": "buy_get", "buy": 2, "get": 1, "same_sku": True, "times": 3},
        BuyGet(buy=2, get=1, same_sku=True, times=3),
    ),
    (
        {"kind": "bundle_price", "items": {"A": 1, "B": 2}, "price": twd(500)},
        BundlePrice(items={"A": 1, "B": 2}, price=500),
    ),
    ({"kind": "gift", "sku": "CUP", "quantity": 2}, Gift(sku="CUP", quantity=2)),
    ({"kind": "free_shipping", "options": ["standard"]}, FreeShipping(options=frozenset({"standard"}))),
]


@pytest.mark.parametrize(("document", "effect"), KINDS, ids=[f"{found[0]['kind']}" for found in KINDS])
def test_each_kind_of_effect_is_entered_as_a_document_and_read_back_as_the_same(
    document: Document, effect: Effect
) -> None:
    offer = PromotionBody.model_validate(promotion(document)).to_offer("an-offer")
    assert (offer.code, offer.source, offer.effect) == ("an-offer", Source.PROMOTION, effect)
    view = PromotionView.model_validate(running_view(RunningOffer(offer=offer, spent=7, used=1)))
    assert view.to_offer("an-offer") == offer
    said = view.model_dump(mode="json", exclude_unset=True)
    assert said["effect"] == document
    assert said["spent"] == (None if offer.currency is None else {"amount": 7, "currency": offer.currency})


def test_every_term_of_an_offer_is_entered() -> None:
    document = promotion(
        PERCENTAGE,
        scope={"categories": ["tea"], "excluded_skus": ["TEA-POT"]},
        stage="order",
        priority=5,
        exclusion_group="autumn",
        stackable_with=["coupon", "tea-week"],
        funded_by="merchant",
        minimum_amount=twd(1000),
        minimum_count=2,
        channels=["app"],
        member_tiers=["gold"],
        starts_at="2026-11-01T00:00:00Z",
        ends_at="2026-11-30T00:00:00Z",
        enabled=False,
        budget=twd(10_000),
        usage_limit=100,
        usage_limit_per_account=1,
        usage_period="month",
    )
    offer = PromotionBody.model_validate(document).to_offer("autumn-tea")
    assert (offer.currency, offer.applied_in, offer.budget) == ("TWD", Stage.ORDER, 10_000)
    said = PromotionView.model_validate(running_view(RunningOffer(offer=offer))).model_dump(
        mode="json", exclude_unset=True
    )
    assert {name: said[name] for name in document} == document | {"stackable_with": ["coupon", "tea-week"]}


def test_a_bundle_and_a_price_list_are_their_own_scope() -> None:
    for effect in (
        {"kind": "bundle_price", "items": {"A": 1, "B": 1}, "price": twd(5)},
        {"kind": "price_list", "prices": {"A": twd(5), "B": twd(6)}},
    ):
        offer = PromotionBody.model_validate(promotion(effect)).to_offer("x")
        assert offer.scope.skus == {"A", "B"}


NONSENSE: dict[str, tuple[Document, str]] = {
    "a percentage over 100": (promotion({**PERCENTAGE, "basis_points": 10_001}), "effect.basis_points"),
    "a percentage of nothing": (promotion({**PERCENTAGE, "basis_points": 0}), "effect.basis_points"),
    "a ceiling of nothing": (promotion({**PERCENTAGE, "at_most": twd(0)}), "effect.at_most"),
    "nothing off": (promotion({"kind": "amount_off", "amount": twd(0)}), "effect.amount"),
    "an amount above its own minimum": (
        promotion({"kind": "amount_off", "amount": twd(101)}, minimum_amount=twd(100)),
        "effect.amount",
    ),
    "no tier": (promotion(tiers()), "effect.tiers"),
    "a tier that saves more than it asks": (
        promotion(tiers(tier(twd(100), amount_off=twd(10)), tier(twd(200), amount_off=twd(201)))),
        "effect.tiers.1.amount_off",
    ),
    "a tier that asks less than the one before": (
        promotion(tiers(tier(twd(200), amount_off=twd(10)), tier(twd(100), amount_off=twd(20)))),
        "effect.tiers.1.threshold",
    ),
    "a tier that gives less than the one before": (
        promotion(tiers(tier(twd(100), amount_off=twd(20)), tier(twd(200), amount_off=twd(10)))),
        "effect.tiers.1.amount_off",
    ),
    "a tier that gives both": (
        promotion(tiers(tier(twd(100), amount_off=twd(20), basis_points=100))),
        "effect.tiers.0",
    ),
    "a tier that gives neither": (promotion(tiers(tier(twd(100)))), "effect.tiers.0"),
    "a number of units where an amount is measured": (
        promotion(tiers(tier(3, amount_off=twd(1)))),
        "effect.tiers.0.threshold",
    ),
    "an amount where units are counted": (
        promotion(tiers(tier(twd(3), amount_off=twd(1)), measure="count")),
        "effect.tiers.0.threshold",
    ),
    "every X with two Xs": (
        promotion(tiers(tier(twd(1), amount_off=twd(1)), tier(twd(2), amount_off=twd(2)), repeat=True)),
        "effect.repeat",
    ),
    "every first item": (promotion({"kind": "nth_item", "every": 1, "basis_points": 1}), "effect.every"),
    "all of a group discounted": (
        promotion({"kind": "nth_item", "every": 2, "discounted": 2, "basis_points": 1}),
        "effect.discounted",
    ),
    "buy none": (promotion({"kind": "buy_get", "buy": 0, "get": 1}), "effect.buy"),
    "get none": (promotion({"kind": "buy_get", "buy": 1, "get": 0}), "effect.get"),
    "a bundle of one": (
        promotion({"kind": "bundle_price", "items": {"A": 1}, "price": twd(1)}),
        "effect.items",
    ),
    "a bundle with none of something": (
        promotion({"kind": "bundle_price", "items": {"A": 2, "B": 0}, "price": twd(1)}),
        "effect.items.B",
    ),
    "a bundle with another scope": (
        promotion({"kind": "bundle_price", "items": {"A": 2}, "price": twd(1)}, scope=EVERYTHING),
        "scope",
    ),
    "prices for nothing": (promotion({"kind": "price_list", "prices": {}}), "effect.prices"),
    "no units of a gift": (promotion({"kind": "gift", "sku": "A", "quantity": 0}), "effect.quantity"),
    "a gift for every time of nothing": (promotion({"kind": "gift", "sku": "A", "repeat": True}), "effect.repeat"),
    "no scope": ({"name": "An offer", "effect": PERCENTAGE}, "scope"),
    "an empty scope": (promotion(PERCENTAGE, scope={"skus": []}), "scope"),
    "everything, and something": (promotion(PERCENTAGE, scope={**EVERYTHING, "skus": ["A"]}), "scope.everything"),
    "a scope that excludes what it names": (
        promotion(PERCENTAGE, scope={"skus": ["A", "B"], "excluded_skus": ["A"]}),
        "scope.excluded_skus",
    ),
    "an end before its start": (
        promotion(PERCENTAGE, starts_at="2026-11-02T00:00:00Z", ends_at="2026-11-02T07:59:00+08:00"),
        "ends_at",
    ),
    "a minimum of nothing": (promotion(PERCENTAGE, minimum_count=0), "minimum_count"),
    "a budget of nothing": (promotion(PERCENTAGE, budget=twd(0)), "budget"),
    "a limit of none": (promotion(PERCENTAGE, usage_limit_per_account=0), "usage_limit_per_account"),
    "two currencies": (
        promotion({"kind": "amount_off", "amount": twd(10)}, minimum_amount=jpy(100)),
        "minimum_amount.currency",
    ),
    "two currencies in a list": (
        promotion({"kind": "price_list", "prices": {"A": twd(1), "B": jpy(1)}}),
        "effect.prices.B.currency",
    ),
    "a stage of others": (promotion(PERCENTAGE, stage="coupon"), "stage"),
    "delivery off the goods": (promotion({"kind": "free_shipping"}, stage="goods"), "stage"),
}


@pytest.mark.parametrize(("document", "field"), NONSENSE.values(), ids=NONSENSE)
def test_a_rule_that_makes_no_sense_is_refused_by_its_place(document: Document, field: str) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        PromotionBody.model_validate(document).to_offer("an-offer")
    assert refusal.value.details["field"] == field
    assert refusal.value.details["rule"]


SHAPELESS: dict[str, tuple[Document, str]] = {
    "no effect": ({"name": "An offer", "scope": EVERYTHING}, "effect"),
    "an effect of no kind": (promotion({}), "effect"),
    "an unknown kind": (promotion({"kind": "teleport"}), "effect"),
    "a field of another kind": (promotion({**PERCENTAGE, "buy": 1}), "effect.buy"),
    "a fraction": (promotion({**PERCENTAGE, "basis_points": 1.5}), "effect.basis_points"),
    "a bare number for money": (promotion({"kind": "amount_off", "amount": 50}), "effect.amount"),
    "half money in a tier": (promotion(tiers(tier({"amount": 1}))), "effect.tiers.0.threshold.currency"),
    "a word for a threshold": (promotion(tiers(tier("much"))), "effect.tiers.0.threshold"),
    "a currency of no country": (
        promotion({"kind": "amount_off", "amount": {"amount": 1, "currency": "XXY"}}),
        "effect.amount.currency",
    ),
    "an order type of nobody's": (promotion(PERCENTAGE, scope={"order_types": ["auction"]}), "scope.order_types.0"),
    "a category that is no path": (promotion(PERCENTAGE, scope={"categories": ["tea//"]}), "scope.categories.0"),
    "a time without a zone": (promotion(PERCENTAGE, ends_at="2026-11-02T00:00:00"), "ends_at"),
    "a time beyond counting": (promotion(PERCENTAGE, ends_at="9999-12-31T23:59:59-23:00"), "ends_at"),
}


@pytest.mark.parametrize(("document", "field"), SHAPELESS.values(), ids=SHAPELESS)
def test_a_document_of_no_shape_is_refused_by_its_place_too(document: Document, field: str) -> None:
    assert field in places_of(PromotionBody, document)
