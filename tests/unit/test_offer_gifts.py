"""Gifts, and delivery that is free: what is given, when, and what becomes of it when there is none left."""

from typing import Any

import pytest

from ordersaga.domain.money import Money
from ordersaga.domain.pricing.effects import AmountOff, FreeShipping, Gift, PercentageOff
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.quote import Pricing
from ordersaga.domain.pricing.scope import Scope
from ordersaga.domain.pricing.source import Stage
from tests.goods import cart, goods, seller, tariff
from tests.offers import applied, benefit, considered, coupon, line_of, only, price, promotion

CUP = goods("CUP", 800, weight_g=300)
LAMP = goods("LAMP", 1_000)
DELIVERED = {"standard": tariff(100), "express": tariff(250)}


def given_with(quantity: int, gift: Gift, *, stock: int = 10, cup: Any = CUP, **terms: Any) -> Pricing:
    return price(
        cart(("LAMP", quantity)),
        [LAMP],
        promotion("GIFT", gift, **terms),
        gifts={"CUP": cup},
        gift_stock={"CUP": stock},
    )


def gifts(pricing: Pricing) -> dict[str, int]:
    return {line.sku: line.quantity for line in pricing.order.lines if line.gift}


def test_a_gift_is_a_line_after_the_others_discounted_to_nothing() -> None:
    pricing = given_with(1, Gift(sku="CUP", quantity=2))
    lamp, cup = pricing.order.lines
    assert (cup.line_no, cup.sku, cup.quantity, cup.gift) == (2, "CUP", 2, True)
    assert (cup.amount, cup.payable, cup.shipping, cup.points) == (1_600, 0, 0, 0)
    assert [(item.code, item.amount) for item in cup.discounts] == [("GIFT", 1_600)]
    assert (pricing.order.totals.goods, pricing.order.totals.discount) == (2_600, 1_600)
    assert pricing.order.totals.payable == lamp.payable == 1_000


def test_a_gift_waits_for_its_minimum_and_says_how_much_is_missing() -> None:
    pricing = given_with(1, Gift(sku="CUP"), minimum_amount=1_200)
    assert gifts(pricing) == {}
    found = considered(pricing, "GIFT")
    assert (found.reason, found.missing_amount) == ("minimum_not_reached", 200)
    assert gifts(given_with(2, Gift(sku="CUP"), minimum_amount=1_200)) == {"CUP": 1}


def test_a_repeated_gift_comes_for_every_time_that_the_minimum_is_reached() -> None:
    repeated = Gift(sku="CUP", quantity=2, repeat=True)
    assert gifts(given_with(5, repeated, minimum_amount=2_000)) == {"CUP": 4}
    assert gifts(given_with(5, repeated, minimum_count=1)) == {"CUP": 10}
    assert gifts(given_with(5, repeated, minimum_amount=2_000, minimum_count=5)) == {"CUP": 2}


@pytest.mark.parametrize(("stock", "given"), [(2, {"CUP": 2}), (1, {}), (0, {})])
def test_a_gift_is_given_whole_or_not_at_all(stock: int, given: dict[str, int]) -> None:
    pricing = given_with(1, Gift(sku="CUP", quantity=2), stock=stock)
    assert gifts(pricing) == given
    assert considered(pricing, "GIFT").reason == ("" if given else "gift_unavailable")


@pytest.mark.parametrize(("stock", "budget"), [(1, None), (9, 1_500)])
def test_a_repeated_gift_of_which_too_few_are_left_is_given_for_what_a_discount_leaves(
    stock: int, budget: int | None
) -> None:
    offers = [
        promotion("GIFT", Gift(sku="CUP", repeat=True), minimum_amount=1_000, budget=budget),
        promotion("OFF", AmountOff(amount=500), stage=Stage.GOODS),
    ]
    facts: dict[str, Any] = {"gifts": {"CUP": CUP}, "gift_stock": {"CUP": stock}}
    assert gifts(price(cart(("LAMP", 2)), [LAMP], offers[0], **facts)) == {}
    pricing = price(cart(("LAMP", 2)), [LAMP], *offers, **facts)
    assert (gifts(pricing), pricing.order.totals.payable) == ({"CUP": 1}, 1_500)


def test_what_is_bought_is_not_there_to_be_given() -> None:
    offer = promotion("GIFT", Gift(sku="CUP"))
    facts: dict[str, Any] = {"gifts": {"CUP": CUP}, "gift_stock": {"CUP": 3}}
    assert gifts(price(cart(("CUP", 2)), [CUP], offer, **facts)) == {"CUP": 1}
    assert gifts(price(cart(("CUP", 3)), [CUP], offer, **facts)) == {}


def test_two_offers_do_not_give_the_same_unit() -> None:
    offers = [promotion(code, Gift(sku="CUP", quantity=2)) for code in ("ONE", "TWO")]
    pricing = price(cart(("LAMP", 1)), [LAMP], *offers, gifts={"CUP": CUP}, gift_stock={"CUP": 3})
    assert gifts(pricing) == {"CUP": 2}


@pytest.mark.parametrize("cup", [goods("CUP", Money(8, "JPY")), goods("CUP", 800, order_type="presale")])
def test_a_gift_has_the_carts_currency_and_order_type(cup: Any) -> None:
    pricing = given_with(1, Gift(sku="CUP"), cup=cup)
    assert gifts(pricing) == {}
    assert considered(pricing, "GIFT").reason == "gift_unavailable"


def test_no_other_offer_sees_a_gift() -> None:
    pricing = price(
        cart(("LAMP", 1)),
        [LAMP],
        promotion("GIFT", Gift(sku="CUP")),
        coupon("HALF", PercentageOff(basis_points=5_000)),
        coupon("CUPS", AmountOff(amount=100), scope=only("CUP")),
        gifts={"CUP": CUP},
        gift_stock={"CUP": 1},
    )
    assert applied(pricing).keys() == {"GIFT", "HALF"}
    assert line_of(pricing, "LAMP").payable == 500


def test_the_more_valuable_of_two_gifts_is_given() -> None:
    offers = [
        promotion("CUP", Gift(sku="CUP"), exclusion_group="one-gift"),
        promotion("BAG", Gift(sku="BAG"), exclusion_group="one-gift"),
    ]
    stock = {"CUP": 1, "BAG": 1}
    pricing = price(cart(("LAMP", 1)), [LAMP], *offers, gifts={"CUP": CUP, "BAG": goods("BAG", 900)}, gift_stock=stock)
    assert gifts(pricing) == {"BAG": 1}


def test_a_gift_that_the_buyer_names_is_not_kept_from_its_minimum() -> None:
    offers = [
        promotion("NAMED", Gift(sku="CUP"), minimum_amount=2_000),
        promotion("BETTER", AmountOff(amount=200), stage=Stage.GOODS),
    ]
    facts: dict[str, Any] = {"gifts": {"CUP": CUP}, "gift_stock": {"CUP": 1}}
    assert applied(price(cart(("LAMP", 2)), [LAMP], *offers, **facts)).keys() == {"BETTER"}
    wishes = Wishes(promotion_codes=("NAMED",))
    assert applied(price(cart(("LAMP", 2)), [LAMP], *offers, wishes=wishes, **facts)).keys() == {"NAMED"}


def delivered(*offers: Any, option: str = "standard", **facts: Any) -> Pricing:
    skus = [goods("A", 300), goods("B", 100), goods("N", 200, merchant_id="north")]
    sellers = [seller(shipping=DELIVERED), seller("north", DELIVERED)]
    items = cart(("A", 1), ("B", 1), ("N", 1))
    return price(items, skus, *offers, sellers=sellers, shipping_option=option, **facts)


def fees(pricing: Pricing) -> dict[str, int]:
    return {line.sku: line.shipping for line in pricing.order.lines}


def test_free_delivery_takes_the_fee_of_the_lines_in_scope() -> None:
    assert fees(delivered()) == {"A": 75, "B": 25, "N": 100}
    own = promotion("FREE", FreeShipping(), scope=Scope(merchants=frozenset({"own"})))
    pricing = delivered(own)
    assert fees(pricing) == {"A": 0, "B": 0, "N": 100}
    assert (pricing.order.totals.shipping, pricing.order.totals.shipping_discount) == (100, 100)
    assert pricing.order.totals.payable == 700


def test_free_delivery_up_to_an_amount_is_shared_by_what_the_fees_are() -> None:
    assert fees(delivered(promotion("FREE", FreeShipping(at_most=80)))) == {"A": 45, "B": 15, "N": 60}


def test_free_delivery_is_for_its_shipping_options() -> None:
    express = promotion("FREE", FreeShipping(options=frozenset({"express"})))
    assert considered(delivered(express), "FREE").reason == "other_shipping_option"
    assert delivered(express, option="express").order.totals.shipping == 0


def test_what_is_scarce_is_not_spent_on_a_fee_that_is_gone() -> None:
    """The promotion comes first, so neither the quota nor the coupon is used."""
    pricing = delivered(
        promotion("SHOP", FreeShipping()),
        benefit("QUOTA", FreeShipping(), usage_limit_per_account=3),
        coupon("COUPON", FreeShipping()),
        member_tier="gold",
    )
    assert applied(pricing) == {"SHOP": 200}
    assert pricing.order.holds == ()


def test_the_minimum_for_free_delivery_is_measured_before_coupons() -> None:
    pricing = delivered(promotion("FREE", FreeShipping(), minimum_amount=600), coupon("OFF", AmountOff(amount=50)))
    assert applied(pricing) == {"FREE": 200, "OFF": 50}
    pricing = delivered(promotion("FREE", FreeShipping(), minimum_amount=600), promotion("OFF", AmountOff(amount=50)))
    assert applied(pricing) == {"FREE": 200}
