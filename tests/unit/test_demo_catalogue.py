"""The demo shop's catalogue: rules of many kinds that make sense, about its own goods and nobody else's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from api.schemas.catalogue import Catalogue
from ordersaga.domain.pricing.offers import Offer

FILE = Path(__file__).parents[2] / "devstack" / "catalogue.yaml"


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue.model_validate(yaml.safe_load(FILE.read_text()))


def offers(catalogue: Catalogue) -> Iterator[Offer]:
    for promotion in catalogue.promotions:
        yield promotion.to_offer(promotion.code)
    for benefit in catalogue.member_benefits:
        yield benefit.to_offer(benefit.code)
    for coupon in catalogue.coupons:
        yield coupon.to_template(coupon.template).offer


def test_its_offers_are_of_many_kinds(catalogue: Catalogue) -> None:
    kinds = {type(offer.effect) for offer in offers(catalogue)}
    assert len(kinds) >= 8
    assert {str(offer.funded_by) for offer in offers(catalogue)} == {"platform", "merchant"}


def test_its_offers_leave_the_prices_of_whatever_else_is_sold_in_the_shop_alone(catalogue: Catalogue) -> None:
    """Tests, benches and experiments sell goods of the same merchants, without a category."""
    merchants, own = {one.merchant_id for one in catalogue.merchants}, {one.sku for one in catalogue.skus}
    for offer in offers(catalogue):
        scope = offer.scope
        assert not scope.everything
        if scope.skus:
            assert scope.skus <= own
        else:
            assert scope.categories
            assert scope.merchants
            assert scope.merchants <= merchants
