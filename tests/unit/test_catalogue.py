"""What can be sold: measures and tariffs."""

import pytest

from ordersaga.domain.catalogue import Tariff
from ordersaga.domain.errors import CurrencyMismatch
from ordersaga.domain.money import Money
from tests.goods import goods, tariff


@pytest.mark.parametrize(
    ("weight_g", "fee"), [(0, 60), (1, 60), (1_000, 60), (1_001, 65), (2_000, 65), (2_001, 70), (10_000, 105)]
)
def test_a_tariff_asks_for_every_started_kilogram_beyond_the_first(weight_g: int, fee: int) -> None:
    assert tariff(60, 5).fee(weight_g).amount == fee


def test_a_tariff_in_two_currencies_has_no_fee() -> None:
    with pytest.raises(CurrencyMismatch):
        Tariff(base=Money(60, "TWD"), per_kg=Money(5, "JPY")).fee(3_000)


def test_a_volume_is_the_product_of_three_lengths() -> None:
    assert goods(length_mm=210, width_mm=150, height_mm=25).volume_mm3 == 787_500
