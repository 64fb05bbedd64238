"""The catalogue's documentation: its examples hold every kind of rule, and all of them make sense."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.schemas.catalogue import Catalogue
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.domain.pricing.effects import EFFECTS
from ordersaga.domain.pricing.source import Source

DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text()
EXAMPLES: list[dict[str, Any]] = [
    yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", DOCUMENTATION, re.DOTALL)
]


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue.model_validate({name: entries for example in EXAMPLES for name, entries in example.items()})


def test_every_example_makes_sense(catalogue: Catalogue) -> None:
    for promotion in catalogue.promotions:
        assert promotion.to_offer(promotion.code).source is Source.PROMOTION
    for benefit in catalogue.member_benefits:
        assert benefit.to_offer(benefit.code).source is Source.MEMBER_BENEFIT
    for campaign in catalogue.campaigns:
        assert campaign.to_campaign(campaign.code).order_type == campaign.order_type
    for limit in catalogue.limits:
        assert limit.to_limit(limit.code).enabled
    for coupon in catalogue.coupons:
        assert coupon.to_template(coupon.template).offer.source is Source.COUPON
    assert [policy.to_policy().currency for policy in catalogue.points_policies] == ["TWD"]
    assert [len(body.to_restorations(body.source)) for body in catalogue.restorations] == [2]


def test_every_kind_of_effect_of_campaign_and_every_section_is_shown(catalogue: Catalogue) -> None:
    offers = [*catalogue.promotions, *catalogue.member_benefits, *catalogue.coupons]
    assert {offer.effect.kind for offer in offers} == EFFECTS.keys()
    under_campaigns = {kind.name for kind in ORDER_TYPES.values() if kind.under_campaign}
    assert {campaign.order_type for campaign in catalogue.campaigns} == under_campaigns
    assert all(f"`{section}`" in DOCUMENTATION for section in Catalogue.model_fields)
