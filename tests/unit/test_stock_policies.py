"""When a line's units are deducted: the campaign, a promotion, the order type, the goods, in this order (R-STK-1)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from api.schemas.campaigns import CAMPAIGN_EXAMPLE, CampaignBody
from api.schemas.offers import PROMOTION_EXAMPLE, PromotionBody, terms_view
from ordersaga.domain.campaigns import Sale
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.documents import offer_from_document, offer_to_document
from ordersaga.domain.pricing.effects import AmountOff, Gift, PercentageOff
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.sourcing import demands_of
from tests.goods import cart, goods, priced, seller
from tests.offers import benefit, occasion, only, promotion
from tests.presales import presale

SUBMIT, PAYMENT = StockPolicy.DEDUCT_AT_SUBMIT, StockPolicy.DEDUCT_AT_PAYMENT
CUP = goods("CUP", 800)
TENTH = PercentageOff(basis_points=1_000)


def policies(*offers: Offer, skus: Sequence[Any] = (goods("LAMP"),), **said: Any) -> dict[str, StockPolicy]:
    """SKU → when its units are deducted, of one unit of each."""
    pricing = price_cart(
        cart(*((sku.sku, 1) for sku in skus)),
        {sku.sku: sku for sku in skus},
        {"own": seller()},
        occasion=occasion(*offers, gifts={"CUP": CUP}, gift_stock={"CUP": 9}),
        **said,
    )
    return {line.sku: line.stock_policy for line in pricing.order.lines}


def test_goods_say_it_where_nobody_else_does() -> None:
    skus = goods("LAMP"), goods("TEA", stock_policy=PAYMENT)
    assert policies(skus=skus) == {"LAMP": SUBMIT, "TEA": PAYMENT}


@pytest.mark.parametrize(("goods_say", "type_says"), [(SUBMIT, PAYMENT), (PAYMENT, SUBMIT)])
def test_the_order_type_stands_before_the_goods(goods_say: StockPolicy, type_says: StockPolicy) -> None:
    lamp = goods("LAMP", stock_policy=goods_say)
    assert policies(skus=[lamp], stock_policy=type_says) == {"LAMP": type_says}


def test_a_promotion_stands_before_the_order_type_on_the_lines_that_it_is_applied_to() -> None:
    offer = promotion("TEA-WEEK", TENTH, scope=only("TEA"), stock_policy=PAYMENT)
    found = policies(offer, skus=[goods("LAMP"), goods("TEA")], stock_policy=SUBMIT)
    assert found == {"LAMP": SUBMIT, "TEA": PAYMENT}
    not_earned = replace(offer, minimum_amount=10**9)
    assert policies(not_earned, skus=[goods("TEA")]) == {"TEA": SUBMIT}


def test_of_promotions_that_disagree_the_one_counts_that_holds_the_units() -> None:
    both = promotion("A", TENTH, stock_policy=PAYMENT), promotion("B", AmountOff(amount=1), stock_policy=SUBMIT)
    assert policies(*both, stock_policy=PAYMENT) == {"LAMP": SUBMIT}


def test_a_campaign_stands_before_its_promotions_and_its_type() -> None:
    campaign = replace(presale(), stock_policy=PAYMENT)
    offer = promotion("HELD", TENTH, stock_policy=SUBMIT)
    assert policies(offer, sale=Sale(campaign=campaign), stock_policy=SUBMIT) == {"LAMP": PAYMENT}
    silent = replace(campaign, stock_policy=None)
    assert policies(offer, sale=Sale(campaign=silent), stock_policy=PAYMENT) == {"LAMP": SUBMIT}


def test_a_gift_is_deducted_as_its_promotion_says_else_as_its_order_type_else_as_its_goods() -> None:
    gift = promotion("GIFT", Gift(sku="CUP"))
    assert policies(gift)["CUP"] is SUBMIT
    assert policies(gift, stock_policy=PAYMENT) == {"LAMP": PAYMENT, "CUP": PAYMENT}
    assert policies(replace(gift, stock_policy=PAYMENT))["CUP"] is PAYMENT


def test_a_type_that_cannot_give_the_money_back_knows_nothing_but_the_submit() -> None:
    offer = promotion("LATER", TENTH, stock_policy=PAYMENT)
    assert policies(offer, skus=[goods("LAMP", stock_policy=PAYMENT)], only_at_submit=True) == {"LAMP": SUBMIT}
    able = {name for name, kind in ORDER_TYPES.items() if kind.deducts_at_payment}
    assert able == {"standard", "presale", "group_buy"}
    with pytest.raises(RuleInvalid, match="stock_policy"):
        CampaignBody.model_validate(CAMPAIGN_EXAMPLE | {"stock_policy": PAYMENT}).to_campaign("noon")


def test_only_a_promotion_says_it() -> None:
    with pytest.raises(RuleInvalid, match="stock_policy"):
        benefit("GOLD", TENTH, stock_policy=PAYMENT)


def test_what_a_promotion_says_is_kept_and_shown() -> None:
    entered = PromotionBody.model_validate(PROMOTION_EXAMPLE | {"stock_policy": "deduct_at_payment"})
    offer = entered.to_offer("TEA-WEEK")
    assert offer.stock_policy is PAYMENT
    assert offer_from_document(offer_to_document(offer)) == offer
    assert terms_view(offer)["stock_policy"] == "deduct_at_payment"


@pytest.mark.parametrize(("given", "pool"), [("LAMP", "LAMP-PRESALE"), ("CUP", "")])
def test_bought_and_given_units_of_one_sku_come_from_the_same_stock(given: str, pool: str) -> None:
    lamp, cup = (goods(sku, order_type="presale") for sku in ("LAMP", "CUP"))
    campaign = replace(presale(), pooled=True)
    offered = occasion(promotion("GIFT", Gift(sku=given)), gifts={"CUP": cup, "LAMP": lamp}, gift_stock={given: 9})
    order = priced(cart(("LAMP", 2)), [lamp], occasion=offered, sale=Sale(campaign=campaign))
    assert [(demand.sku, demand.pool) for demand in demands_of(order)] == [("LAMP", campaign.code), (given, pool)]
