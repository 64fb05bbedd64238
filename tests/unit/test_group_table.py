"""The group's table: every row, that every other pair of state and action is refused, and no state leads nowhere."""

import re
from itertools import product
from pathlib import Path

import pytest

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.group import FINAL, INITIAL, ROWS, GroupAction, GroupState, after

EXPECTED = {
    ("forming", "take_seat"): "forming",
    ("forming", "take_last_seat"): "full",
    ("forming", "pay_seat"): "forming",
    ("full", "pay_seat"): "full",
    ("forming", "leave_seat"): "forming",
    ("full", "leave_seat"): "forming",
    ("forming", "dissolve"): "dissolved",
    ("full", "fill"): "filled",
    ("forming", "expire"): "expired",
    ("full", "expire"): "expired",
}


def test_the_table_has_just_these_rows() -> None:
    assert {(row.current, row.action): row.next for row in ROWS} == EXPECTED
    assert len(ROWS) == len(EXPECTED)


@pytest.mark.parametrize(("state", "action"), list(product(GroupState, GroupAction)))
def test_each_state_and_action_is_allowed_by_the_table_or_refused(state: GroupState, action: GroupAction) -> None:
    if (state, action) in EXPECTED:
        assert after(state, action) == EXPECTED[state, action]
    else:
        with pytest.raises(ActionNotAllowed) as refused:
            after(state, action)
        assert (refused.value.details["state"], refused.value.details["action"]) == (state, action)


def test_every_state_is_reached_and_only_the_ends_have_no_way_out() -> None:
    assert {INITIAL} | {GroupState(row.next) for row in ROWS} == set(GroupState)
    assert set(GroupState) - {row.current for row in ROWS} == FINAL


def test_the_picture_in_the_documents_shows_just_these_rows() -> None:
    text = (Path(__file__).parents[2] / "docs/group-buy.md").read_text()
    drawn = re.findall(r"^    (\w+) --> (\w+): (\w+)$", text, re.MULTILINE)
    assert sorted(drawn) == sorted((row.current, row.next, row.action) for row in ROWS if row.current != row.next)
