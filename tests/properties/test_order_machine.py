"""Random lives of orders: whatever is tried, in whatever order, the table's promises hold (R-STM-1, P9)."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.standard import MACHINE
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.lifecycle.table import Actor, Transition

GIVEN_UP = {State.CANCELLED, State.PAYMENT_TIMED_OUT}
UNPAID = {
    State.UNDER_REVIEW,
    State.RISK_REFUSED,
    State.AWAITING_PAYMENT,
    State.PAYMENT_FAILED,
    State.CLOSING_PAYMENT,
    *GIVEN_UP,
}


class OrderLife(RuleBasedStateMachine):
    """One order that lawful steps lead on, and at which anybody tries anything."""

    def __init__(self) -> None:
        super().__init__()
        self.state = MACHINE.initial
        self.taken: list[str] = []

    @rule(action=st.sampled_from(Action), actor=st.sampled_from(Actor))
    def somebody_tries_something(self, action: Action, actor: Actor) -> None:
        if MACHINE.allows(self.state, action, actor):
            self._be(action, MACHINE.next(self.state, action, actor))
            return
        with pytest.raises(ActionNotAllowed) as refusal:
            MACHINE.next(self.state, action, actor)
        assert (refusal.value.details["state"], refusal.value.details["action"]) == (self.state, action)

    @precondition(lambda self: any(row.next != row.current for row in self._rows()))
    @rule(data=st.data())
    def the_order_goes_on(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from([row for row in self._rows() if row.next != row.current]))
        actor = data.draw(st.sampled_from(sorted(row.by)))
        self._be(row.action, MACHINE.next(self.state, row.action, actor))

    def _rows(self) -> list[Transition]:
        return [row for row in MACHINE.rows if row.current == self.state]

    def _be(self, action: str, reached: str) -> None:
        assert self.state not in MACHINE.final or reached == self.state
        self.state = reached
        self.taken.append(action)

    @invariant()
    def it_is_paid_once_or_not_at_all(self) -> None:
        assert self.taken.count(Action.CONFIRM_PAYMENT) == (0 if self.state in UNPAID else 1)

    @invariant()
    def nothing_is_shipped_before_it_is_paid_and_split(self) -> None:
        shipments = [
            i for i, action in enumerate(self.taken) if action in (Action.SHIP_PARCEL, Action.SHIP_LAST_PARCEL)
        ]
        if shipments:
            assert {Action.CONFIRM_PAYMENT, Action.SPLIT} <= set(self.taken[: shipments[0]])
            assert self.taken.count(Action.SHIP_LAST_PARCEL) <= 1

    @invariant()
    def it_is_given_up_by_a_cancel_or_a_deadline_only(self) -> None:
        if self.state in GIVEN_UP:
            assert {Action.CANCEL, Action.REACH_PAYMENT_DEADLINE} & set(self.taken)

    @invariant()
    def it_is_completed_only_after_receipt_was_confirmed(self) -> None:
        if Action.COMPLETE in self.taken:
            confirmations = {Action.CONFIRM_RECEIPT, Action.CONFIRM_RECEIPT_AUTOMATICALLY}
            assert sum(action in confirmations for action in self.taken) == 1


TestOrderLife = OrderLife.TestCase
