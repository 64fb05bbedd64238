"""The example of docs/presale.md, worked out again."""

import json
import re
from dataclasses import fields
from pathlib import Path

from api.schemas.campaigns import CampaignBody
from ordersaga.domain.campaigns import Sale
from ordersaga.domain.payment import Instalment
from ordersaga.domain.presale import PresaleTerms
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.effects import AmountOff
from ordersaga.domain.pricing.quote import CartItem
from tests.goods import goods, seller, tariff
from tests.offers import coupon, occasion

TEXT = (Path(__file__).parents[2] / "docs" / "presale.md").read_text()


def test_the_page_s_amounts_are_what_its_campaign_comes_to() -> None:
    document = json.loads(re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)[0])
    campaign = CampaignBody.model_validate_json(json.dumps(document)).to_campaign("SPRING-2027")
    sku = goods(campaign.sku, 120_000)
    priced = price_cart(
        [CartItem(sku.sku, 3)],
        {sku.sku: sku},
        {sku.merchant_id: seller(shipping={"standard": tariff(6_000)})},
        occasion=occasion(coupon("C", AmountOff(amount=15_000))),
        sale=Sale(campaign=campaign),
    ).order
    totals, off = priced.totals, {item.source: -item.amount for item in priced.lines[0].discounts}
    parts = [part.amount(totals.payable, totals.due_now) for part in (Instalment.DEPOSIT, Instalment.BALANCE)]
    amounts = (totals.goods, off["presale"], off["coupon"], totals.shipping, totals.payable, *parts)
    assert re.findall(r"^\| .* \| (-?\d+\.\d\d) \|$", TEXT, re.MULTILINE) == [f"{each / 100:.2f}" for each in amounts]


def test_the_page_names_every_term() -> None:
    named = set(re.findall(r"`(\w+)`", TEXT.partition("\n## ")[0]))
    assert {field.name for field in fields(PresaleTerms)} <= named
