"""A type that the project does not have: goods that a workshop makes once they are paid for."""

from enum import StrEnum

from ordersaga.domain.lifecycle import words
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.states import State, statuses
from ordersaga.domain.lifecycle.table import Actor, Machine, Statuses, Word, rows

FINISH_MAKING = "finish_making"
_UNPAID = (State.AWAITING_PAYMENT, State.PAYMENT_FAILED)
_UNUSED = (State.UNDER_REVIEW, State.RISK_REFUSED, State.REFUNDING, State.REFUNDED, State.PARTLY_SHIPPED)


class MadeToOrderState(StrEnum):
    BEING_MADE = "being_made"


_BEING_MADE = Word("being_made", "Being made for you", "訂製中")

MACHINE = Machine(
    name="made_to_order",
    version=1,
    initial=State.AWAITING_PAYMENT,
    final=frozenset({State.PAYMENT_TIMED_OUT, State.CANCELLED, State.COMPLETED}),
    rows=(
        *rows(_UNPAID, Action.PAY, None, Actor.BUYER, guard=Guard.BEFORE_PAYMENT_DEADLINE),
        *rows(_UNPAID, Action.FAIL_PAYMENT, State.PAYMENT_FAILED, Actor.SYSTEM),
        *rows((*_UNPAID, State.CLOSING_PAYMENT), Action.CONFIRM_PAYMENT, MadeToOrderState.BEING_MADE, Actor.SYSTEM),
        *rows(_UNPAID, Action.REACH_PAYMENT_DEADLINE, State.CLOSING_PAYMENT, Actor.SYSTEM),
        *rows(_UNPAID, Action.CANCEL, State.CLOSING_PAYMENT, Actor.BUYER, Actor.OPERATOR),
        *rows(State.CLOSING_PAYMENT, Action.TIME_OUT, State.PAYMENT_TIMED_OUT, Actor.SYSTEM),
        *rows(State.CLOSING_PAYMENT, Action.CONFIRM_CANCELLATION, State.CANCELLED, Actor.SYSTEM),
        *rows(MadeToOrderState.BEING_MADE, FINISH_MAKING, State.PAID, Actor.SYSTEM),
        *rows(State.PAID, Action.SPLIT, State.IN_PRODUCTION, Actor.SYSTEM),
        *rows(State.IN_PRODUCTION, Action.SHIP_LAST_PARCEL, State.SHIPPED, Actor.SYSTEM),
        *rows(State.SHIPPED, Action.DELIVER_LAST_PARCEL, State.DELIVERED, Actor.SYSTEM),
        *rows(State.DELIVERED, Action.CONFIRM_RECEIPT, State.RECEIVED, Actor.BUYER, Actor.OPERATOR),
        *rows(State.DELIVERED, Action.CONFIRM_RECEIPT_AUTOMATICALLY, State.RECEIVED, Actor.SYSTEM),
        *rows(State.RECEIVED, Action.COMPLETE, State.COMPLETED, Actor.SYSTEM),
    ),
    statuses={
        **statuses(state for state in State if state not in _UNUSED),
        MadeToOrderState.BEING_MADE: Statuses(_BEING_MADE, words.TO_SHIP, _BEING_MADE),
    },
)
