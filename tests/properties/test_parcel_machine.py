"""Random reports on a parcel: late, repeated, out of order, and about the wrong fate (R-FUL-1)."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ordersaga.domain.lifecycle.parcel import ASTRAY, EVENTS, ParcelState, advance, is_shipped

TRUE_EVENTS = [event for event in EVENTS if event not in ASTRAY]
RANK = {ParcelState.CREATED: 0} | {event: rank for rank, event in enumerate(TRUE_EVENTS, start=1)}


class ParcelLife(RuleBasedStateMachine):
    """One parcel, of which anything may be reported at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.state = ParcelState.CREATED
        self.seen = [ParcelState.CREATED]

    @rule(event=st.sampled_from(EVENTS))
    def something_is_reported(self, event: ParcelState) -> None:
        reached = advance(self.state, event)
        if reached is None:
            return
        assert reached is event
        assert reached is not self.state
        assert not is_shipped(self.state) or is_shipped(reached)
        self.state = reached
        self.seen.append(reached)

    @invariant()
    def it_is_delivered_once_and_for_good(self) -> None:
        assert ParcelState.DELIVERED not in self.seen[:-1]

    @invariant()
    def it_goes_back_only_from_being_astray(self) -> None:
        for before, after in pairwise(self.seen):
            if before not in ASTRAY and after not in ASTRAY:
                assert RANK[after] > RANK[before]

    @invariant()
    def it_goes_astray_only_on_its_way(self) -> None:
        for before, after in pairwise(self.seen):
            if after in ASTRAY:
                assert is_shipped(before)


TestParcelLife = ParcelLife.TestCase


@given(st.lists(st.sampled_from(EVENTS), max_size=30), st.data())
def test_any_order_and_repetition_that_holds_a_delivery_ends_delivered(
    reports: list[ParcelState], data: st.DataObject
) -> None:
    reports.insert(data.draw(st.integers(0, len(reports))), ParcelState.DELIVERED)
    state = ParcelState.CREATED
    for report in reports:
        state = advance(state, report) or state
    assert state is ParcelState.DELIVERED


@given(st.permutations(TRUE_EVENTS * 2))
def test_the_true_events_twice_in_any_order_end_delivered(reports: list[ParcelState]) -> None:
    state = ParcelState.CREATED
    for report in reports:
        state = advance(state, report) or state
    assert state is ParcelState.DELIVERED
