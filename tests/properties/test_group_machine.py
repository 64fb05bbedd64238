"""Random lives of groups: joins, payments, leaves and time in any order, late and repeated (R-TYPE-5, W6)."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ordersaga.domain.errors import GroupUnavailable
from ordersaga.domain.group import Group, Prospect, SeatState
from ordersaga.domain.lifecycle.group import FINAL, INITIAL, ROWS, GroupState

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
ACCOUNTS = ("ann", "bob", "cat", "dan", "eve")
STEPS = {(row.current, row.next) for row in ROWS}

orders = st.integers(1, 12).map("O-{}".format)


class GroupLife(RuleBasedStateMachine):
    """One group. Beside it stands only what a bookkeeper would note down: which orders took a seat, and which paid."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = AT
        self.taken: dict[str, str] = {}
        self.paid: set[str] = set()
        self.left: set[str] = set()

    @initialize(size=st.integers(2, 4))
    def opened(self, size: int) -> None:
        group = Group(
            code="G-1",
            campaign="tea",
            size=size,
            leader="ann",
            state=INITIAL,
            opened_at=AT,
            expires_at=AT + timedelta(minutes=10),
            updated_at=AT,
        )
        self.group = group.with_seat("O-0", "tea", "ann", AT)
        self.taken["O-0"] = "ann"

    @rule(seconds=st.sampled_from((1, 1, 60, 300)))
    def time_passes(self, seconds: int) -> None:
        self.clock += timedelta(seconds=seconds)

    @rule(order_no=orders, account=st.sampled_from(ACCOUNTS))
    def somebody_joins(self, order_no: str, account: str) -> None:
        if order_no in self.taken:
            return
        room = self.group.state is GroupState.FORMING and self.clock < self.group.expires_at
        is_in = account in {seat.account for seat in self.group.living}
        try:
            self._becomes(self.group.with_seat(order_no, "tea", account, self.clock))
        except GroupUnavailable:
            assert not room or is_in
        else:
            assert room
            assert not is_in
            self.taken[order_no] = account

    @rule(order_no=st.one_of(orders, st.just("O-0")))
    def an_order_is_paid(self, order_no: str) -> None:
        waited = self.group.prospect(order_no) is Prospect.WAITING
        self._becomes(self.group.with_paid(order_no, self.clock))
        if waited:
            self.paid.add(order_no)
        assert self.group.with_paid(order_no, self.clock) == self.group, "a second time changes nothing"

    @rule(order_no=st.one_of(orders, st.just("O-0")))
    def an_order_gives_its_seat_back(self, order_no: str) -> None:
        was_over = self.group.is_over
        before = self.group.prospect(order_no)
        self._becomes(self.group.without(order_no, self.clock))
        if was_over:
            assert self.group.prospect(order_no) is before, "what was decided stands"
        elif order_no in self.taken:
            self.left.add(order_no)

    @rule()
    def its_run_looks_at_it(self) -> None:
        everybody = len(self.group.living) == self.group.size and all(
            seat.state is SeatState.PAID for seat in self.group.living
        )
        time_is_over = self.clock >= self.group.expires_at
        was_over = self.group.is_over
        self._becomes(self.group.decided(self.clock))
        if not was_over:
            assert (self.group.state is GroupState.FILLED) is everybody
            assert self.group.is_over is (everybody or time_is_over)

    def _becomes(self, group: Group) -> None:
        before = self.group
        assert before.state is group.state or (before.state, group.state) in STEPS
        assert before.state not in FINAL or group == before
        for name in ("code", "campaign", "size", "opened_at", "expires_at"):
            assert getattr(group, name) == getattr(before, name)
        self.group = group

    @invariant()
    def it_never_has_more_seats_than_its_size_nor_two_of_an_account(self) -> None:
        living = self.group.living
        assert len({seat.seat_no for seat in living}) == len(living) <= self.group.size
        assert len({seat.account for seat in living}) == len(living)
        assert all(1 <= seat.seat_no <= self.group.size for seat in living)

    @invariant()
    def it_is_led_by_a_member_as_long_as_it_has_one(self) -> None:
        if self.group.living:
            assert self.group.leader == self.group.living[0].account

    @invariant()
    def it_is_full_just_when_every_seat_is_taken_and_dissolved_just_when_none_is(self) -> None:
        if not self.group.is_over:
            full = len(self.group.living) == self.group.size
            assert (self.group.state is GroupState.FULL) is full
            assert self.group.living
        assert (self.group.state is GroupState.DISSOLVED) <= (not self.group.living)

    @invariant()
    def orders_know_what_they_have_to_expect(self) -> None:
        for order_no in self.taken:
            prospect = self.group.prospect(order_no)
            if self.group.state is GroupState.FILLED:
                wanted = Prospect.LOST if order_no in self.left else Prospect.FILLED
                assert prospect is wanted
                assert prospect is Prospect.LOST or order_no in self.paid
            elif self.group.is_over or order_no in self.left:
                assert prospect is Prospect.LOST
            else:
                assert prospect is Prospect.WAITING


TestGroupLife = GroupLife.TestCase
