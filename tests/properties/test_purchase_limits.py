"""Limits keep their promise whatever is bought when: in no period more than allowed, and free when it was said."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ordersaga.domain.purchase_limits import LimitHold, Period, Window

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FIXED = [period for period in Period if period is not Period.ROLLING]

windows = st.one_of(st.sampled_from(FIXED).map(Window), st.integers(1, 5_000).map(lambda n: Window(Period.ROLLING, n)))
moments = st.integers(0, 40 * 86_400).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
orders = st.lists(st.tuples(moments, st.integers(1, 4)), max_size=30).map(sorted)


def counted(window: Window, at: datetime, earlier: list[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    since, before = window.span(at)
    return [
        (moment, units)
        for moment, units in earlier
        if (since is None or since <= moment) and (before is None or moment < before)
    ]


def bought(window: Window, allowed: int, wanted: list[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    """What of the wanted orders a limit lets through."""
    kept: list[tuple[datetime, int]] = []
    for at, units in wanted:
        hold = LimitHold(code="own", subject="ann", units=units, allowed=allowed, window=window)
        if not hold.exceeds(sum(count for _, count in counted(window, at, kept))):
            kept.append((at, units))
    return kept


@given(windows, st.integers(1, 6), orders)
def test_in_no_period_is_more_bought_than_allowed(
    window: Window, allowed: int, wanted: list[tuple[datetime, int]]
) -> None:
    kept = bought(window, allowed, wanted)
    for at, _ in kept:
        if window.period is Period.ROLLING:
            end = at + timedelta(seconds=window.seconds or 0)
            within = [units for moment, units in kept if at <= moment < end]
        else:
            within = [units for _, units in counted(window, at, kept)]
        assert sum(within) <= allowed


@given(windows, st.integers(1, 6), orders, moments, st.integers(1, 4))
def test_what_is_said_to_be_free_at_a_moment_is_free_then_and_not_before(
    window: Window, allowed: int, wanted: list[tuple[datetime, int]], at: datetime, units: int
) -> None:
    kept = [order for order in bought(window, allowed, wanted) if order[0] <= at]
    hold = LimitHold(code="own", subject="ann", units=units, allowed=allowed, window=window)
    earlier = counted(window, at, kept)
    free_at = hold.free_at(earlier, at)
    if not hold.exceeds(sum(count for _, count in earlier)):
        return
    if free_at is None:
        assert units > allowed or window.period is Period.EVER
        return
    just_before = free_at - timedelta(microseconds=1)
    assert at < free_at
    assert not hold.exceeds(sum(count for _, count in counted(window, free_at, kept)))
    assert hold.exceeds(sum(count for _, count in counted(window, just_before, kept)))


@given(st.sampled_from(FIXED), moments)
def test_fixed_periods_follow_each_other_without_a_gap(period: Period, at: datetime) -> None:
    window = Window(period)
    since, before = window.span(at)
    if since is None or before is None:
        assert period is Period.EVER
        return
    assert since <= at < before
    assert window.span(before)[0] == before
    assert window.span(before - timedelta(microseconds=1)) == (since, before)
