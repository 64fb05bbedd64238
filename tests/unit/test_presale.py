"""Presales: what their terms must be, and what deposit and balance come to (R-TYPE-3)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ordersaga.domain.campaigns import Campaign, only_sku
from ordersaga.domain.errors import CampaignUnavailable, OrderTypeMixed, RuleInvalid
from ordersaga.domain.payment import Instalment
from ordersaga.domain.presale import REFUND, PresaleTerms
from ordersaga.domain.pricing.effects import AmountOff, PercentageOff
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.domain.pricing.promise import promise
from ordersaga.domain.pricing.quote import Pricing
from ordersaga.domain.pricing.settlement import settlement
from ordersaga.domain.pricing.source import Bearer, Source
from tests.goods import goods, tariff
from tests.offers import NOW, applied, considered, coupon, promotion
from tests.presales import DAY, ordered, presale, terms

NONSENSE: dict[str, dict[str, Any]] = {
    "deposit": {"deposit": 0},
    "counts_as": {"counts_as": 999},
    "balance_closes_at": {"balance_closes_at": NOW + 10 * DAY},
    "balance_opens_at": {"balance_opens_at": NOW - 2 * DAY},
    "missed_balance": {"missed_balance": "keep"},
    "cancelled": {"cancelled": ""},
}


def amounts(pricing: Pricing) -> tuple[int, int, int]:
    """What is to be paid, of it the deposit, and the balance."""
    totals = pricing.order.totals
    deposit, balance = (
        part.amount(totals.payable, totals.due_now) for part in (Instalment.DEPOSIT, Instalment.BALANCE)
    )
    return totals.payable, deposit, balance


@pytest.mark.parametrize("field", NONSENSE)
def test_terms_that_make_no_sense_are_refused_by_field(field: str) -> None:
    with pytest.raises(RuleInvalid) as refused:
        presale(**NONSENSE[field])
    assert refused.value.details["field"] == f"terms.{field}"


def test_a_deposit_never_counts_for_more_than_the_price() -> None:
    assert presale(counts_as=10_000).price.amount == 10_000
    with pytest.raises(RuleInvalid, match="no more than the price"):
        presale(counts_as=10_001)


def test_a_campaign_does_not_outlast_the_window_of_its_balances() -> None:
    ends_at = NOW + 7 * DAY
    assert presale(balance_opens_at=NOW, balance_closes_at=ends_at).ends_at == ends_at
    with pytest.raises(RuleInvalid, match="not be before ends_at"):
        presale(balance_opens_at=NOW, balance_closes_at=ends_at - timedelta(seconds=1))


@pytest.mark.parametrize("name", ["deposit", "balance_opens_at", "cancelled"])
def test_terms_that_lack_something_are_refused_by_field(name: str) -> None:
    document = terms().to_document()
    del document[name]
    with pytest.raises(RuleInvalid) as refused:
        PresaleTerms.from_document(document)
    assert refused.value.details["field"] == f"terms.{name}"


@pytest.mark.parametrize("changes", [{"deposit": "10"}, {"balance_opens_at": "soon"}, {"interest": 3}])
def test_terms_of_the_wrong_kind_are_refused_by_field(changes: dict[str, Any]) -> None:
    with pytest.raises(RuleInvalid) as refused:
        PresaleTerms.from_document({**terms().to_document(), **changes})
    assert refused.value.details["field"] == f"terms.{next(iter(changes))}"


def test_an_order_s_terms_read_back_whatever_its_buyer_chose_beside_them() -> None:
    assert PresaleTerms.of({**terms().to_document(), "group_code": "G-1"}) == terms()


def test_ten_paid_count_as_twenty() -> None:
    pricing = ordered(3)
    assert amounts(pricing) == (27_000, 3_000, 24_000)
    (line,) = pricing.order.lines
    (discount,) = line.discounts
    assert (discount.source, discount.code, discount.amount) == ("presale", "LAMP-PRESALE", 3_000)
    assert discount.units == ((3, 1_000),)
    assert applied(pricing) == {"LAMP-PRESALE": 3_000}
    assert not pricing.order.holds


def test_a_deposit_that_counts_as_itself_is_no_discount() -> None:
    pricing = ordered(3, campaign=presale(counts_as=1_000))
    assert amounts(pricing) == (30_000, 3_000, 27_000)
    assert pricing.considered == ()


def test_the_quote_promises_the_discount_and_the_terms() -> None:
    promised = promise(ordered(1).order)
    assert promised["lines"][0]["discounts"] == [{"source": "presale", "code": "LAMP-PRESALE", "amount": 1_000}]
    assert promised["sale"] == terms().to_document()
    assert promised["totals"]["due_now"] == 1_000


def test_the_merchant_bears_what_the_deposit_counts_for() -> None:
    platform, merchant = settlement(ordered(2).order.lines)
    assert (platform.bearer, platform.total) == (Bearer.PLATFORM, 0)
    assert (merchant.merchant_id, merchant.discount) == ("own", 2_000)


def test_the_balance_bears_the_delivery_fee() -> None:
    assert amounts(ordered(1, fee=tariff(6_000))) == (15_000, 1_000, 14_000)


def test_coupons_and_points_make_the_balance_smaller() -> None:
    pricing = ordered(
        1,
        coupon("C", AmountOff(amount=2_500)),
        points_policy=PointsPolicy(currency="TWD"),
        points_balance=9_999,
        wishes=Wishes(points=500),
    )
    assert amounts(pricing) == (6_000, 1_000, 5_000)


@pytest.mark.parametrize(
    ("off", "expected"), [(7_999, (1_001, 1_000, 1)), (8_000, (1_000, 1_000, 0)), (8_900, (100, 100, 0))]
)
def test_where_little_is_left_to_pay_the_deposit_is_all_of_it(off: int, expected: tuple[int, int, int]) -> None:
    assert amounts(ordered(1, coupon("C", AmountOff(amount=off)))) == expected


def test_nothing_stands_in_the_way_of_what_the_deposit_counts_for() -> None:
    alone = promotion("ALONE", PercentageOff(basis_points=5_000), stackable_with=frozenset(), priority=0)
    lone_coupon = coupon("C", AmountOff(amount=100), stackable_with=frozenset({"C"}))
    pricing = ordered(1, alone)
    assert applied(pricing) == {"LAMP-PRESALE": 1_000, "ALONE": 5_000}
    assert applied(ordered(1, lone_coupon)) == {"LAMP-PRESALE": 1_000, "C": 100}
    assert not considered(pricing, "ALONE").excluded_by


def test_the_campaign_s_price_has_no_floor_but_what_it_asks_for() -> None:
    """Others take nothing below it; what the deposit counts for is a part of the price."""
    half = promotion("HALF", PercentageOff(basis_points=5_000), priority=0)
    pricing = ordered(1, half, sku=goods("LAMP", 12_000, floor_price=9_900))
    assert applied(pricing) == {"LAMP-PRESALE": 1_000}
    assert pricing.order.totals.payable == 9_000


def test_the_discount_is_told_as_the_campaign_s_and_of_its_source() -> None:
    told = considered(ordered(1), "LAMP-PRESALE")
    assert (told.source, told.name) == (Source.PRESALE, "Lamps before anybody has them")


@pytest.mark.parametrize(
    ("at", "reason"),
    [(NOW - DAY - timedelta(seconds=1), "not_open"), (NOW + 7 * DAY, "ended"), (NOW + 8 * DAY, "ended")],
)
def test_before_and_after_its_time_nothing_is_sold(at: datetime, reason: str) -> None:
    with pytest.raises(CampaignUnavailable) as refused:
        presale().require_open(at)
    assert refused.value.details["reason"] == reason


def test_each_presale_is_an_order_of_its_own() -> None:
    with pytest.raises(OrderTypeMixed):
        only_sku({"LAMP": goods("LAMP"), "POT": goods("POT")}, "presale")


def test_the_balance_is_due_when_its_window_closes_or_a_while_after_a_window_that_nobody_could_use() -> None:
    closes_at, grace = terms().balance_closes_at, timedelta(minutes=15)
    assert terms().balance_due_at(closes_at - timedelta(seconds=1), grace) == closes_at
    assert terms().balance_due_at(closes_at, grace) == closes_at + grace


def test_only_the_balance_has_a_window_in_the_terms() -> None:
    window = terms().window(Instalment.BALANCE)
    assert (window.opens_at, window.closes_at) == (NOW + 10 * DAY, NOW + 14 * DAY)
    assert terms().window(Instalment.DEPOSIT).opens_at is None


def test_terms_keep_their_zone_in_a_document() -> None:
    document = terms(cancelled=REFUND).to_document()
    assert document["balance_opens_at"] == "2026-11-21T11:11:00+00:00"
    taipei = PresaleTerms.from_document({**document, "balance_opens_at": "2026-11-21T19:11:00+08:00"})
    assert taipei.balance_opens_at == datetime(2026, 11, 21, 11, 11, tzinfo=UTC)
    assert isinstance(presale(), Campaign)
