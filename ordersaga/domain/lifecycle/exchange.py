"""The states of an exchange's order (R-TYPE-6): nothing to pay, so it begins where others are paid."""

from ordersaga.domain.lifecycle import reverse
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.states import State, statuses
from ordersaga.domain.lifecycle.table import Actor, Machine, rows

_UNPAID = (
    State.AWAITING_PAYMENT,
    State.UNDER_REVIEW,
    State.RISK_REFUSED,
    State.PAYMENT_FAILED,
    State.CLOSING_PAYMENT,
    State.PAYMENT_TIMED_OUT,
    State.CANCELLED,
)
_BEFORE_SHIPPING = (State.PAID, State.IN_PRODUCTION)
_AFTER_DELIVERY = (State.DELIVERED, State.RECEIVED, State.COMPLETED)

MACHINE = Machine(
    name="exchange",
    version=1,
    initial=State.PAID,
    final=frozenset({State.COMPLETED, State.REFUNDED}),
    rows=(
        *rows(
            _BEFORE_SHIPPING,
            Action.CHANGE_RECEIVER,
            None,
            Actor.BUYER,
            Actor.OPERATOR,
            guard=Guard.BEFORE_FIRST_LABEL,
        ),
        *rows(State.PAID, Action.SPLIT, State.IN_PRODUCTION, Actor.SYSTEM),
        *rows((State.IN_PRODUCTION, State.PARTLY_SHIPPED), Action.SHIP_PARCEL, State.PARTLY_SHIPPED, Actor.SYSTEM),
        *rows((State.IN_PRODUCTION, State.PARTLY_SHIPPED), Action.SHIP_LAST_PARCEL, State.SHIPPED, Actor.SYSTEM),
        *rows(State.SHIPPED, Action.DELIVER_LAST_PARCEL, State.DELIVERED, Actor.SYSTEM),
        *rows(State.DELIVERED, Action.CONFIRM_RECEIPT, State.RECEIVED, Actor.BUYER, Actor.OPERATOR),
        *rows(State.DELIVERED, Action.CONFIRM_RECEIPT_AUTOMATICALLY, State.RECEIVED, Actor.SYSTEM),
        *rows(State.RECEIVED, Action.COMPLETE, State.COMPLETED, Actor.SYSTEM),
        *rows(State.REFUNDING, Action.FINISH_REFUND, State.REFUNDED, Actor.SYSTEM),
        *rows(_AFTER_DELIVERY, Action.REVIEW, None, Actor.BUYER, guard=Guard.LINES_TO_REVIEW),
        *reverse.ROWS,
    ),
    statuses=statuses(state for state in State if state not in _UNPAID),
)
