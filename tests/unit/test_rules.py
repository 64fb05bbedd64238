"""A rule that makes no sense is refused when it is made, and the refusal names the field."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.coupons import CouponTemplate
from ordersaga.domain.pricing.effects import (
    EFFECTS,
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
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.domain.pricing.restoration import Restoration, Return
from ordersaga.domain.pricing.scope import EVERYTHING, Scope
from ordersaga.domain.pricing.source import Source, Stage
from tests.offers import NOW, benefit, coupon, only, promotion

Making = Callable[[], object]
OFF = AmountOff(amount=10)
EFFECTS_REFUSED: list[tuple[str, Making]] = [
    ("effect.basis_points", lambda: PercentageOff(basis_points=0)),
    ("effect.basis_points", lambda: PercentageOff(basis_points=10_001)),
    ("effect.at_most", lambda: PercentageOff(basis_points=1, at_most=0)),
    ("effect.amount", lambda: AmountOff(amount=0)),
    ("effect.price", lambda: FixedPrice(price=-1)),
    ("effect.prices", lambda: PriceList(prices={})),
    ("effect.prices.A", lambda: PriceList(prices={"A": -1})),
    ("effect.every", lambda: NthItem(every=1, basis_points=1)),
    ("effect.discounted", lambda: NthItem(every=2, discounted=2, basis_points=1)),
    ("effect.discounted", lambda: NthItem(every=2, discounted=0, basis_points=1)),
    ("effect.basis_points", lambda: NthItem(every=2, basis_points=10_001)),
    ("effect.times", lambda: NthItem(every=2, basis_points=1, times=0)),
    ("effect.buy", lambda: BuyGet(buy=0, get=1)),
    ("effect.get", lambda: BuyGet(buy=1, get=0)),
    ("effect.times", lambda: BuyGet(buy=1, get=1, times=0)),
    ("effect.items", lambda: BundlePrice(items={}, price=1)),
    ("effect.items", lambda: BundlePrice(items={"A": 1}, price=1)),
    ("effect.items.A", lambda: BundlePrice(items={"A": 0, "B": 2}, price=1)),
    ("effect.price", lambda: BundlePrice(items={"A": 2}, price=-1)),
    ("effect.times", lambda: BundlePrice(items={"A": 2}, price=1, times=0)),
    ("effect.quantity", lambda: Gift(sku="CUP", quantity=0)),
    ("effect.at_most", lambda: FreeShipping(at_most=0)),
]
TIERS_REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("effect.tiers", {"tiers": ()}),
    ("effect.at_most", {"tiers": (Tier(threshold=10, amount_off=1),), "at_most": 0}),
    ("effect.tiers.0.threshold", {"tiers": (Tier(threshold=0, amount_off=1),)}),
    ("effect.tiers.0", {"tiers": (Tier(threshold=10),)}),
    ("effect.tiers.0", {"tiers": (Tier(threshold=10, amount_off=1, basis_points=1),)}),
    ("effect.tiers.0.amount_off", {"tiers": (Tier(threshold=10, amount_off=0),)}),
    ("effect.tiers.0.amount_off", {"tiers": (Tier(threshold=10, amount_off=11),)}),
    ("effect.tiers.0.basis_points", {"tiers": (Tier(threshold=10, basis_points=10_001),)}),
    ("effect.tiers.1.threshold", {"tiers": (Tier(threshold=10, amount_off=1), Tier(threshold=10, amount_off=2))}),
    ("effect.tiers.1.amount_off", {"tiers": (Tier(threshold=10, amount_off=2), Tier(threshold=20, amount_off=2))}),
    ("effect.tiers.1.amount_off", {"tiers": (Tier(threshold=10, amount_off=2), Tier(threshold=20, basis_points=2))}),
    ("effect.repeat", {"tiers": (Tier(threshold=10, basis_points=1),), "repeat": True}),
    (
        "effect.repeat",
        {"tiers": (Tier(threshold=10, amount_off=1), Tier(threshold=20, amount_off=2)), "repeat": True},
    ),
]
SCOPES_REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("scope", {}),
    ("scope", {"excluded_skus": {"A"}}),
    ("scope.everything", {"everything": True, "skus": {"A"}}),
    ("scope.excluded_skus", {"skus": {"A", "B"}, "excluded_skus": {"B"}}),
    ("scope.excluded_categories", {"categories": {"tea"}, "excluded_categories": {"tea"}}),
    ("scope.excluded_merchants", {"merchants": {"own"}, "excluded_merchants": {"own"}}),
]
OFFERS_REFUSED: list[tuple[str, Making]] = [
    ("minimum_amount", lambda: promotion("P", OFF, minimum_amount=0)),
    ("minimum_count", lambda: promotion("P", OFF, minimum_count=0)),
    ("budget", lambda: promotion("P", OFF, budget=0)),
    ("usage_limit", lambda: promotion("P", OFF, usage_limit=-1)),
    ("usage_limit_per_account", lambda: promotion("P", OFF, usage_limit_per_account=0)),
    ("ends_at", lambda: promotion("P", OFF, starts_at=NOW, ends_at=NOW)),
    ("currency", lambda: promotion("P", OFF, currency=None)),
    ("currency", lambda: promotion("P", Gift(sku="CUP"), minimum_amount=5, currency=None)),
    ("source", lambda: promotion("P", OFF, source=Source.POINTS)),
    ("member_tiers", lambda: benefit("P", OFF, member_tiers=frozenset())),
    ("stage", lambda: promotion("P", OFF, stage=Stage.COUPON)),
    ("stage", lambda: promotion("P", FreeShipping(), stage=Stage.ORDER)),
    ("stage", lambda: benefit("P", OFF, stage=Stage.GOODS)),
    ("effect.amount", lambda: promotion("P", OFF, minimum_amount=9)),
    ("effect.repeat", lambda: promotion("P", Gift(sku="CUP", repeat=True))),
    ("scope", lambda: promotion("P", BundlePrice(items={"A": 1, "B": 1}, price=1), scope=only("A"))),
    ("scope", lambda: promotion("P", PriceList(prices={"A": 1}), scope=EVERYTHING)),
]


@pytest.mark.parametrize(("field", "make"), EFFECTS_REFUSED + OFFERS_REFUSED)
def test_a_rule_that_makes_no_sense_is_refused(field: str, make: Making) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        make()
    assert refusal.value.details["field"] == field


@pytest.mark.parametrize(("field", "values"), TIERS_REFUSED)
def test_tiers_ask_more_than_they_save_and_rise(field: str, values: dict[str, Any]) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        Tiers(**values)
    assert refusal.value.details["field"] == field


def test_a_tier_by_count_may_save_more_than_the_number_of_units() -> None:
    assert Tiers(measure=Measure.COUNT, tiers=(Tier(threshold=2, amount_off=500),)).tiers[0].amount_off == 500


@pytest.mark.parametrize(("field", "values"), SCOPES_REFUSED)
def test_a_scope_names_goods_and_does_not_take_them_back(field: str, values: dict[str, Any]) -> None:
    goods: dict[str, Any] = {name: value if value is True else frozenset(value) for name, value in values.items()}
    with pytest.raises(RuleInvalid) as refusal:
        Scope(**goods)
    assert refusal.value.details["field"] == field


def template(**terms: Any) -> CouponTemplate:
    offer = terms.pop("offer", None) or coupon("C", OFF).offer
    return CouponTemplate(offer=offer, **terms)


@pytest.mark.parametrize(
    ("field", "terms"),
    [
        ("source", {"offer": promotion("P", OFF)}),
        ("effect.kind", {"offer": coupon("C", Gift(sku="CUP")).offer}),
        ("issue_limit", {"offer": coupon("C", OFF, budget=5).offer}),
        ("issue_limit", {"issue_limit": 0}),
        ("limit_per_account", {"limit_per_account": 0}),
        ("limit_per_account", {"limit_per_account": 3, "issue_limit": 2}),
        ("valid_days", {"valid_days": 0}),
        ("claim_until", {"claim_until": NOW}),
    ],
)
def test_a_template_that_makes_no_sense_is_refused(field: str, terms: dict[str, Any]) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        template(**terms)
    assert refusal.value.details["field"] == field


@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("points", lambda: PointsPolicy(currency="TWD", points=0)),
        ("amount", lambda: PointsPolicy(currency="TWD", amount=0)),
        ("share_basis_points", lambda: PointsPolicy(currency="TWD", share_basis_points=0)),
        ("share_basis_points", lambda: PointsPolicy(currency="TWD", share_basis_points=10_001)),
        ("minimum", lambda: PointsPolicy(currency="TWD", minimum=-1)),
        ("days", lambda: Restoration(Return.EXTENDED)),
        ("days", lambda: Restoration(Return.KEPT, days=1)),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(field: str, make: Making) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        make()
    assert refusal.value.details["field"] == field


@pytest.mark.parametrize(
    ("effect", "stage"),
    [
        (PercentageOff(basis_points=1), Stage.GOODS),
        (PercentageOff(basis_points=1, at_most=5), Stage.GOODS),
        (FixedPrice(price=1), Stage.GOODS),
        (AmountOff(amount=1, each_unit=True), Stage.GOODS),
        (NthItem(every=2, basis_points=1), Stage.GOODS),
        (BuyGet(buy=1, get=1), Stage.GOODS),
        (OFF, Stage.ORDER),
        (Tiers(tiers=(Tier(threshold=5, amount_off=1),)), Stage.ORDER),
        (Gift(sku="CUP"), Stage.ORDER),
        (FreeShipping(), Stage.SHIPPING),
    ],
)
def test_a_promotions_stage_follows_from_what_it_gives(effect: Effect, stage: Stage) -> None:
    assert promotion("P", effect).applied_in is stage


def test_benefits_and_coupons_have_a_stage_of_their_own_but_for_delivery() -> None:
    assert benefit("B", OFF).applied_in is Stage.MEMBER
    assert coupon("C", OFF).offer.applied_in is Stage.COUPON
    assert benefit("B", FreeShipping()).applied_in is coupon("C", FreeShipping()).offer.applied_in is Stage.SHIPPING


@pytest.mark.parametrize(
    ("offer", "is_line_wise"),
    [
        (promotion("P", PercentageOff(basis_points=1)), True),
        (promotion("P", PercentageOff(basis_points=1, at_most=5)), False),
        (promotion("P", PercentageOff(basis_points=1), minimum_count=2), False),
        (promotion("P", PercentageOff(basis_points=1), budget=5), False),
        (promotion("P", PercentageOff(basis_points=1), usage_limit=5), True),
        (benefit("B", FixedPrice(price=1)), True),
        (coupon("C", FixedPrice(price=1)).offer, False),
        (promotion("P", OFF), False),
        (promotion("P", AmountOff(amount=1, each_unit=True)), True),
    ],
)
def test_prices_go_line_by_line_and_all_other_offers_are_whole(offer: Offer, is_line_wise: bool) -> None:
    assert offer.is_line_wise is is_line_wise


def test_a_coupon_is_valid_from_its_grant_on_and_never_outside_its_templates_period() -> None:
    days_30 = template(valid_days=30)
    assert days_30.validity(NOW) == (NOW, NOW + timedelta(days=30))
    begins, ends = NOW + timedelta(days=10), NOW + timedelta(days=20)
    within = template(valid_days=30, offer=coupon("C", OFF, starts_at=begins, ends_at=ends).offer)
    assert within.validity(NOW) == (begins, ends)
    assert template().validity(NOW) == (NOW, None)


def test_every_kind_of_effect_is_known_by_its_name() -> None:
    assert {kind: effect.kind for kind, effect in EFFECTS.items()} == {kind: kind for kind in EFFECTS}
    assert len(EFFECTS) == 10
