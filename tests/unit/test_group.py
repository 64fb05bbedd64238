"""Groups: who may join, who leads, when they are filled, and what that means for each order (R-TYPE-5)."""

from datetime import UTC, datetime, timedelta

import pytest

from ordersaga.domain.errors import GroupUnavailable, RuleInvalid
from ordersaga.domain.group import Group, Prospect, SeatState, code_of
from ordersaga.domain.group_buy import GroupBuyTerms
from ordersaga.domain.lifecycle.group import GroupState
from ordersaga.domain.money import Money

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OVER = AT + timedelta(hours=1)
LATER = AT + timedelta(hours=2)


def opened(*accounts: str, size: int = 3) -> Group:
    """A group of these accounts, whose orders are called after them, each a second after the other."""
    group = Group(
        code="G-1",
        campaign="tea",
        size=size,
        leader=accounts[0],
        state=GroupState.FORMING,
        opened_at=AT,
        expires_at=OVER,
        updated_at=AT,
    )
    for number, account in enumerate(accounts):
        group = group.with_seat(f"O-{account}", "tea", account, AT + number * SECOND)
    return group


def paid(group: Group, *accounts: str) -> Group:
    for account in accounts:
        group = group.with_paid(f"O-{account}", AT)
    return group


def reason(group: Group, account: str = "zoe", campaign: str = "tea", at: datetime = AT) -> str:
    with pytest.raises(GroupUnavailable) as refused:
        group.with_seat("O-new", campaign, account, at)
    assert refused.value.details["group_code"] == group.code
    return str(refused.value.details["reason"])


def test_a_code_is_short_and_the_same_again_and_another_for_another_order() -> None:
    code = code_of("261123-7K3M9QXF2T8B")
    assert code == code_of("261123-7K3M9QXF2T8B")
    assert [len(part) for part in code.split("-")] == [1, 5, 5]
    assert len({code_of(f"order-{number}") for number in range(5000)}) == 5000


def test_the_last_seat_makes_a_group_full_and_the_last_payment_lets_it_be_filled() -> None:
    group = opened("lea", "bob", "cat")
    assert group.state is GroupState.FULL
    assert paid(group, "lea", "bob").decided(AT).state is GroupState.FULL
    filled = paid(group, "lea", "bob", "cat").decided(AT)
    assert filled.state is GroupState.FILLED
    assert {filled.prospect(f"O-{name}") for name in ("lea", "bob", "cat")} == {Prospect.FILLED}


def test_why_a_group_cannot_be_joined() -> None:
    assert reason(opened("lea", "bob", "cat")) == "full"
    assert reason(paid(opened("lea", "bob", size=2), "lea", "bob").decided(AT)) == "full"
    assert reason(opened("lea"), account="lea") == "joined_already"
    assert reason(opened("lea", "bob", size=2), account="lea") == "joined_already"
    assert reason(opened("lea"), campaign="coffee") == "other_campaign"
    assert reason(opened("lea").decided(LATER)) == "expired"
    assert reason(paid(opened("lea"), "lea").decided(LATER), account="lea") == "expired", "its members are in nothing"
    assert reason(opened("lea"), at=OVER) == "expired", "also before its run has seen that time is over"
    assert reason(opened("lea").without("O-lea", AT)) == "dissolved"


def test_time_is_over_to_the_moment() -> None:
    group = opened("lea")
    assert group.decided(OVER - SECOND) == group
    assert group.decided(OVER).state is GroupState.EXPIRED


def test_a_seat_that_is_paid_is_paid_once() -> None:
    group = paid(opened("lea"), "lea")
    assert group.with_paid("O-lea", LATER) == group


def test_the_free_seat_with_the_lowest_number_is_taken() -> None:
    group = opened("lea", "bob").without("O-lea", AT).with_seat("O-cat", "tea", "cat", OVER - SECOND)
    assert [(seat.account, seat.seat_no) for seat in group.living] == [("bob", 2), ("cat", 1)]


def test_leadership_passes_to_who_has_sat_there_for_longest_and_the_seat_is_free_again() -> None:
    group = opened("lea", "bob", "cat").without("O-lea", AT)
    assert (group.leader, group.state) == ("bob", GroupState.FORMING)
    again = group.with_seat("O-lea-2", "tea", "lea", AT + 9 * SECOND)
    assert (again.leader, again.state) == ("bob", GroupState.FULL)
    assert sorted(seat.seat_no for seat in again.living) == [1, 2, 3]


def test_a_group_that_everybody_left_is_dissolved() -> None:
    group = opened("lea", "bob").without("O-bob", AT).without("O-lea", AT)
    assert (group.state, group.living, group.leader) == (GroupState.DISSOLVED, (), "lea")


def test_an_expired_group_keeps_who_had_paid_and_its_reserved_seats_are_gone() -> None:
    group = paid(opened("lea", "bob", "cat"), "bob").decided(LATER)
    assert group.state is GroupState.EXPIRED
    assert [(seat.account, seat.state) for seat in group.living] == [("bob", SeatState.PAID)]
    assert {group.prospect(f"O-{name}") for name in ("lea", "bob", "cat", "nobody")} == {Prospect.LOST}


def test_a_group_whose_last_payment_came_in_the_last_moment_is_filled_however_late_it_is_looked_at() -> None:
    assert paid(opened("lea", "bob", size=2), "lea", "bob").decided(LATER).state is GroupState.FILLED


@pytest.mark.parametrize("ended", [GroupState.FILLED, GroupState.EXPIRED, GroupState.DISSOLVED])
def test_nothing_changes_a_group_that_is_over(ended: GroupState) -> None:
    group = {
        GroupState.FILLED: paid(opened("lea", "bob", size=2), "lea", "bob").decided(AT),
        GroupState.EXPIRED: paid(opened("lea", "bob"), "lea").decided(LATER),
        GroupState.DISSOLVED: opened("lea").without("O-lea", AT),
    }[ended]
    assert group.state is ended
    for order_no in ("O-lea", "O-bob", "O-nobody"):
        assert group.with_paid(order_no, AT) == group
        assert group.without(order_no, AT) == group
    assert group.decided(LATER) == group


@pytest.mark.parametrize(
    ("size", "seconds", "field"),
    [(1, 60, "size"), (0, 60, "size"), (2, 0, "seconds"), (10**9, 60, "size"), (2, 10**14, "seconds")],
)
def test_a_group_that_cannot_fill_or_never_ends_is_refused(size: int, seconds: int, field: str) -> None:
    with pytest.raises(RuleInvalid) as refused:
        GroupBuyTerms(size=size, seconds=seconds).check(Money(1, "TWD"), AT, LATER)
    assert refused.value.details["field"] == f"terms.{field}"
