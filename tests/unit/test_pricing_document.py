"""What docs/pricing.md says of the life of coupons and points is what the tables in the code say."""

import re

from ordersaga.domain.pricing.allocation import Kind
from ordersaga.domain.pricing.combination import DECISIONS
from ordersaga.domain.pricing.coupons import NEXT, CouponState
from ordersaga.domain.pricing.restoration import DEFAULTS, Undoing
from tests.unit.pricing_example import TEXT


def test_the_restoration_table_shows_the_defaults() -> None:
    for source, usual in DEFAULTS.items():
        (row,) = re.findall(rf"^\| [^|]*`{source}`[^|]* \|((?: `\w+` \|)+)$", TEXT, re.MULTILINE)
        assert re.findall(r"\w+", row) == [usual[undoing].rule for undoing in Undoing]


def test_the_states_of_a_coupon_are_drawn_as_they_follow_one_another() -> None:
    drawn = {
        (CouponState(one), CouponState(other)) for one, other in re.findall(r"^    (\w+) --> (\w+)", TEXT, re.MULTILINE)
    }
    assert drawn == {(one, other) for one, following in NEXT.items() for other in following}


def test_every_kind_of_allocation_and_the_bound_of_the_search_are_told() -> None:
    assert all(f"`{kind}`" in TEXT for kind in Kind)
    assert TEXT.count(f"{DECISIONS:,}") == 2
