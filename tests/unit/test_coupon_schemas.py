"""Coupons, members' benefits, points and what comes back, as operators enter them."""

import pytest
from pydantic import TypeAdapter

from api.schemas.catalogue import Catalogue
from api.schemas.coupons import CouponTemplateBody, CouponTemplateView, template_view
from api.schemas.offers import MemberBenefitBody
from api.schemas.points import PointsPolicyBody
from api.schemas.restorations import RestorationsBody
from api.schemas.values import Moment
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.source import Source, Stage
from tests.shop import twd
from tests.unit.entered_rules import PERCENTAGE, Document, jpy, places_of, promotion

COUPON = promotion({"kind": "amount_off", "amount": twd(50)}, minimum_amount=twd(300))


def test_a_coupon_template_is_entered_and_read_back_as_the_same() -> None:
    document = COUPON | {
        "issue_limit": 100,
        "limit_per_account": 2,
        "claim_code": "WELCOME",
        "claim_until": "2026-12-01T00:00:00Z",
        "valid_days": 30,
        "restorations": {"cancelled": {"rule": "extended", "days": 7}},
    }
    template = CouponTemplateBody.model_validate(document).to_template("welcome")
    assert (template.offer.source, template.offer.code, template.valid_days) == (Source.COUPON, "welcome", 30)
    view = CouponTemplateView.model_validate(template_view(template, issued=3))
    assert (view.template, view.issued, view.version) == ("welcome", 3, 1)
    assert view.to_template("welcome") == template


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issue_limit": 0}, "issue_limit"),
        ({"issue_limit": 1, "limit_per_account": 2}, "limit_per_account"),
        ({"valid_days": 0}, "valid_days"),
        ({"claim_until": "2026-12-01T00:00:00Z"}, "claim_until"),
        ({"restorations": {"cancelled": {"rule": "extended"}}}, "restorations.cancelled.days"),
        ({"restorations": {"refused": {"rule": "kept", "days": 3}}}, "restorations.refused.days"),
        ({"effect": {"kind": "percentage", "basis_points": 10_001}}, "effect.basis_points"),
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused_by_its_place(changes: Document, field: str) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        CouponTemplateBody.model_validate(COUPON | changes).to_template("welcome")
    assert refusal.value.details["field"] == field


def test_a_coupon_gives_no_bundle_and_has_no_budget_or_stage() -> None:
    bundle = {"kind": "bundle_price", "items": {"A": 2}, "price": twd(1)}
    wrong = COUPON | {"effect": bundle, "budget": twd(1), "stage": "coupon"}
    assert places_of(CouponTemplateBody, wrong) == {"effect", "budget", "stage"}


def test_a_member_benefit_is_for_a_tier() -> None:
    document = promotion(PERCENTAGE)
    with pytest.raises(RuleInvalid) as refusal:
        MemberBenefitBody.model_validate(document).to_offer("gold-98")
    assert refusal.value.details["field"] == "member_tiers"
    benefit = MemberBenefitBody.model_validate(document | {"member_tiers": ["gold"]}).to_offer("gold-98")
    assert (benefit.source, benefit.applied_in) == (Source.MEMBER_BENEFIT, Stage.MEMBER)


def test_only_coupons_can_be_extended() -> None:
    body = RestorationsBody.model_validate({"refunded": {"rule": "extended", "days": 7}})
    assert body.to_restorations(Source.COUPON)
    with pytest.raises(RuleInvalid) as refusal:
        body.to_restorations(Source.POINTS)
    assert refusal.value.details["field"] == "refunded.rule"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"points": 0}, "points"),
        ({"amount": twd(0)}, "amount"),
        ({"amount": jpy(1)}, "amount.currency"),
        ({"share_basis_points": 10_001}, "share_basis_points"),
    ],
)
def test_a_points_policy_that_makes_no_sense_is_refused_by_its_place(changes: Document, field: str) -> None:
    body = PointsPolicyBody.model_validate({"amount": twd(1)} | changes)
    with pytest.raises(RuleInvalid) as refusal:
        body.to_policy("TWD")
    assert refusal.value.details["field"] == field


def test_in_a_catalogue_the_place_begins_with_its_section() -> None:
    wrong = promotion({"kind": "gift", "sku": "A", "quantity": "two"}, code="x")
    document = {"promotions": [promotion(PERCENTAGE, code="y"), wrong]}
    assert places_of(Catalogue, document) == {"promotions.1.effect.quantity"}


def test_times_are_kept_in_utc() -> None:
    moment = TypeAdapter(Moment).validate_python("2026-11-02T08:00:00+08:00")
    assert moment.isoformat() == "2026-11-02T00:00:00+00:00"
