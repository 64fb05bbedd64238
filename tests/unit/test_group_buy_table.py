"""The group buy's table: the ways of an order with its group, and what nobody may do (R-TYPE-5)."""

import pytest

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.group_buy import MACHINE, GroupBuyState
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.lifecycle.table import Actor

AWAITING = GroupBuyState.AWAITING_GROUP


@pytest.mark.parametrize(
    "way",
    [
        "confirm_payment fill_group split ship_last_parcel deliver_last_parcel confirm_receipt complete completed",
        "confirm_payment expire_group finish_refund refunded",
        "confirm_payment cancel finish_refund refunded",
        "confirm_payment fill_group miss_stock finish_refund refunded",
        "reach_payment_deadline time_out payment_timed_out",
        "expire_group confirm_cancellation cancelled",
        "expire_group confirm_payment expire_group finish_refund refunded",
        "cancel confirm_payment cancel finish_refund refunded",
        "hold_for_review approve_risk confirm_payment awaiting_group",
    ],
)
def test_an_order_goes_this_way(way: str) -> None:
    *actions, end = way.split()
    people = {Action.CANCEL: Actor.BUYER, Action.CONFIRM_RECEIPT: Actor.BUYER, Action.APPROVE_RISK: Actor.OPERATOR}
    state = MACHINE.initial
    for action in actions:
        state = MACHINE.next(state, action, people.get(Action(action), Actor.SYSTEM))
    assert state == end


def test_an_order_that_awaits_its_group_is_left_by_three_ways_and_takes_no_money() -> None:
    ways = {row.action: row.next for row in MACHINE.rows if row.current == AWAITING and row.next != AWAITING}
    assert ways == {
        Action.FILL_GROUP: State.PAID,
        Action.EXPIRE_GROUP: State.REFUNDING,
        Action.CANCEL: State.REFUNDING,
    }
    with pytest.raises(ActionNotAllowed):
        MACHINE.next(AWAITING, Action.CONFIRM_PAYMENT)


@pytest.mark.parametrize("state", [State.PAID, State.IN_PRODUCTION, State.SHIPPED, State.COMPLETED])
@pytest.mark.parametrize("action", [Action.CANCEL, Action.EXPIRE_GROUP, Action.FILL_GROUP])
def test_an_order_whose_group_has_filled_is_not_taken_out_of_it(state: State, action: Action) -> None:
    for actor in Actor:
        assert not MACHINE.allows(state, action, actor)


def test_whether_a_group_fills_is_for_nobody_to_say() -> None:
    for row in MACHINE.rows:
        if row.action in (Action.FILL_GROUP, Action.EXPIRE_GROUP):
            assert row.by == {Actor.SYSTEM}
