"""Purchase limits: which units they count, over what, and when they are free again (R-STK-3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.purchase_limits import (
    LimitedGoods,
    LimitHold,
    Period,
    PurchaseLimit,
    Subject,
    Window,
    holds_of,
)
from ordersaga.domain.risk import Assessment, Reason, Verdict
from ordersaga.domain.screening import Screening
from tests.goods import cart, goods, priced

SUNDAY = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
EVER = Window(Period.EVER)


def order(campaign: str | None = None) -> PricedOrder:
    """Two pots and three of oolong, and a pot for nothing."""
    skus = [goods("POT", category="pots"), goods("OOLONG", category="tea/oolong")]
    found = priced(cart(("POT", 2), ("OOLONG", 3)), skus)
    gift = replace(found.lines[0], line_no=3, gift=True, quantity=1)
    return replace(found, lines=(*found.lines, gift), campaign=campaign)


def limit(code: str = "own", subject: Subject = Subject.ACCOUNT, window: Window = EVER, **named: Any) -> PurchaseLimit:
    about: dict[str, Any] = {name: value if name == "everything" else frozenset(value) for name, value in named.items()}
    return PurchaseLimit(code=code, goods=LimitedGoods(**about), subject=subject, quantity=5, window=window)


@pytest.mark.parametrize(
    ("named", "units"),
    [
        ({"everything": True}, 5),
        ({"skus": ["POT"]}, 2),
        ({"skus": ["POT", "OOLONG"]}, 5),
        ({"skus": ["LAMP"]}, 0),
        ({"categories": ["tea"]}, 3),
        ({"categories": ["tea/oolong"], "skus": ["POT"]}, 0),
        ({"categories": ["te"]}, 0),
        ({"order_types": ["standard"]}, 5),
        ({"order_types": ["flash_sale"]}, 0),
        ({"campaigns": ["noon"]}, 5),
        ({"campaigns": ["midnight"]}, 0),
        ({"campaigns": ["noon"], "skus": ["OOLONG"]}, 3),
    ],
)
def test_a_limit_counts_the_units_that_fit_everything_it_names_and_no_gifts(named: dict[str, Any], units: int) -> None:
    assert limit(**named).goods.units_of(order(campaign="noon")) == units


def test_an_order_counts_for_its_limits_only_and_for_addresses_only_if_one_is_known() -> None:
    limits = [
        limit("b", Subject.IP, everything=True),
        limit("a", skus=["POT"]),
        limit("c", skus=["LAMP"]),
        replace(limit("d", everything=True), enabled=False),
    ]
    found = holds_of(order(), limits, account="ann", ip="digest")
    assert [(hold.code, hold.subject, hold.units) for hold in found] == [("a", "ann", 2), ("b", "digest", 5)]
    assert [hold.code for hold in holds_of(order(), limits, account="ann", ip=None)] == ["a"]


@pytest.mark.parametrize(
    ("period", "since", "before"),
    [
        (Period.DAY, datetime(2026, 11, 29, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)),
        (Period.WEEK, datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)),
        (Period.MONTH, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
        (Period.EVER, None, None),
    ],
)
def test_fixed_periods_are_those_of_the_calendar(
    period: Period, since: datetime | None, before: datetime | None
) -> None:
    assert Window(period).span(SUNDAY) == (since, before)


def test_a_rolling_period_forgets_what_is_as_old_as_it_is_long() -> None:
    since, before = Window(Period.ROLLING, 60).span(SUNDAY)
    assert since is not None
    assert before is None
    assert SUNDAY - timedelta(seconds=60) < since < SUNDAY - timedelta(seconds=59)


@pytest.mark.parametrize("window", [(Period.ROLLING, None), (Period.ROLLING, 0), (Period.DAY, 5)])
def test_seconds_belong_to_rolling_periods(window: tuple[Period, int | None]) -> None:
    with pytest.raises(RuleInvalid) as refused:
        Window(*window)
    assert refused.value.details["field"] == "seconds"


@pytest.mark.parametrize("named", [{}, {"everything": True, "skus": ["POT"]}])
def test_a_limit_of_nothing_or_of_everything_and_something_makes_no_sense(named: dict[str, Any]) -> None:
    with pytest.raises(RuleInvalid):
        limit(**named)


def test_a_limit_of_no_units_makes_no_sense() -> None:
    with pytest.raises(RuleInvalid):
        replace(limit(everything=True), quantity=0)


def test_it_is_told_when_units_are_free_again() -> None:
    rolling = LimitHold(code="own", subject="ann", units=2, allowed=3, window=Window(Period.ROLLING, 60))
    earlier = [(SUNDAY - timedelta(seconds=50), 1), (SUNDAY - timedelta(seconds=20), 2)]
    assert rolling.free_at(earlier, SUNDAY) == SUNDAY + timedelta(seconds=40)
    assert replace(rolling, units=1).free_at(earlier, SUNDAY) == SUNDAY + timedelta(seconds=10)
    assert replace(rolling, units=4).free_at(earlier, SUNDAY) is None
    assert replace(rolling, window=EVER).free_at(earlier, SUNDAY) is None
    assert replace(rolling, window=Window(Period.DAY)).free_at(earlier, SUNDAY) == datetime(2026, 11, 30, tzinfo=UTC)


def test_a_screening_is_read_as_it_was_written() -> None:
    found = Screening(
        limits=holds_of(
            order(),
            [limit("a", everything=True), limit("b", skus=["POT"], window=Window(Period.ROLLING, 60))],
            account="ann",
            ip=None,
        ),
        assessment=Assessment.of([Reason("big", "amount", Verdict.REVIEW)]),
    )
    assert Screening.from_document(found.to_document()) == found
    assert Screening().to_document() == {}
