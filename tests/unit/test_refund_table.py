"""The refund's table: every row, who may take it, and that every other pair of state and action is refused."""

from itertools import product

import pytest

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.refund import FINAL, INITIAL, ROWS, RefundState, after, allows
from ordersaga.domain.lifecycle.table import Actor

EXPECTED = {
    ("requested", "send_refund"): "sent",
    ("requested", "complete_refund"): "succeeded",
    ("requested", "fail_refund"): "failed",
    ("sent", "complete_refund"): "succeeded",
    ("sent", "fail_refund"): "failed",
    ("failed", "complete_refund"): "succeeded",
    ("failed", "retry_refund"): "requested",
    ("failed", "settle_refund"): "settled",
}
PEOPLE = {"retry_refund", "settle_refund"}


def test_the_table_has_just_these_rows() -> None:
    assert {(row.current, row.action): row.next for row in ROWS} == EXPECTED
    assert len(ROWS) == len(EXPECTED)


@pytest.mark.parametrize(("state", "action", "actor"), list(product(RefundState, Action, Actor)))
def test_each_state_action_and_actor_is_allowed_by_the_table_or_refused(
    state: RefundState, action: Action, actor: Actor
) -> None:
    wanted = Actor.OPERATOR if action in PEOPLE else Actor.SYSTEM
    if (state, action) in EXPECTED and actor is wanted:
        assert allows(state, action, actor)
        assert after(state, action, actor) == EXPECTED[state, action]
    else:
        assert not allows(state, action, actor)
        with pytest.raises(ActionNotAllowed) as refused:
            after(state, action, actor)
        assert (refused.value.details["state"], refused.value.details["action"]) == (state, action)


def test_every_state_is_reached_and_only_the_ends_have_no_way_out() -> None:
    reached = {INITIAL} | {RefundState(row.next) for row in ROWS}
    assert reached == set(RefundState)
    assert set(RefundState) - {row.current for row in ROWS} == FINAL
