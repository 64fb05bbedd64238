"""A parcel only moves forward, whatever is reported how often and in which order (R-FUL-1)."""

import itertools

import pytest

from ordersaga.domain.lifecycle.parcel import (
    ASTRAY,
    BEGUN,
    ENDS,
    EVENTS,
    GIVEN_UP,
    OPEN,
    ParcelState,
    advance,
    is_shipped,
)

WAY = (
    ParcelState.LABEL_PRINTED,
    ParcelState.PICKED,
    ParcelState.PACKED,
    ParcelState.HANDED_OVER,
    ParcelState.IN_TRANSIT,
    ParcelState.DELIVERED,
)


def after(*reports: ParcelState) -> ParcelState:
    state = ParcelState.CREATED
    for report in reports:
        state = advance(state, report) or state
    return state


def test_each_report_in_its_order_is_a_step() -> None:
    assert [after(*WAY[:steps]) for steps in range(1, len(WAY) + 1)] == list(WAY)


def test_a_later_report_is_believed_and_implies_what_is_before_it() -> None:
    assert after(ParcelState.IN_TRANSIT) is ParcelState.IN_TRANSIT


@pytest.mark.parametrize(("late", "now"), list(itertools.combinations(WAY, 2)))
def test_a_late_report_changes_nothing(late: ParcelState, now: ParcelState) -> None:
    assert advance(now, late) is None


@pytest.mark.parametrize("event", EVENTS)
def test_a_repeated_report_changes_nothing(event: ParcelState) -> None:
    assert advance(event, event) is None


@pytest.mark.parametrize("astray", sorted(ASTRAY))
@pytest.mark.parametrize("before", [ParcelState.CREATED, *WAY[:3]])
def test_what_has_not_left_the_warehouse_is_neither_lost_nor_refused(astray: ParcelState, before: ParcelState) -> None:
    assert advance(before, astray) is None


@pytest.mark.parametrize("astray", sorted(ASTRAY))
@pytest.mark.parametrize("found", [ParcelState.HANDED_OVER, ParcelState.IN_TRANSIT, ParcelState.DELIVERED])
def test_a_lost_or_refused_parcel_is_found_or_sent_again(astray: ParcelState, found: ParcelState) -> None:
    assert after(ParcelState.HANDED_OVER, astray) is astray
    assert after(ParcelState.HANDED_OVER, astray, found) is found


@pytest.mark.parametrize("astray", sorted(ASTRAY))
@pytest.mark.parametrize("event", [ParcelState.LABEL_PRINTED, ParcelState.PICKED, ParcelState.PACKED, *sorted(ASTRAY)])
def test_nothing_else_is_believed_of_a_parcel_astray(astray: ParcelState, event: ParcelState) -> None:
    assert advance(astray, event) is None


@pytest.mark.parametrize("state", ParcelState)
def test_goods_have_left_once_a_carrier_has_or_had_them(state: ParcelState) -> None:
    assert is_shipped(state) == (state in {*WAY[3:], *ASTRAY, ParcelState.WRITTEN_OFF})


@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("event", ParcelState)
def test_an_end_is_never_left(end: ParcelState, event: ParcelState) -> None:
    assert advance(end, event) is None


def test_every_state_but_created_and_what_the_shop_decides_can_be_reported_and_all_but_the_ends_are_open() -> None:
    assert set(EVENTS) == set(ParcelState) - {ParcelState.CREATED} - GIVEN_UP
    assert GIVEN_UP | {ParcelState.DELIVERED} == ENDS
    assert set(ParcelState) - ENDS == OPEN
    assert not {state for state in BEGUN if is_shipped(state)}
