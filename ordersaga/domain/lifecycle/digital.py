"""The states of digital goods (R-TYPE-4): no parcels; refundable while no code was revealed."""

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.states import State, statuses
from ordersaga.domain.lifecycle.table import Actor, Machine, rows

_UNPAID = (State.AWAITING_PAYMENT, State.PAYMENT_FAILED)
_AFTER_DELIVERY = (State.DELIVERED, State.RECEIVED, State.COMPLETED)
_SHIPPING = (State.IN_PRODUCTION, State.PARTLY_SHIPPED, State.SHIPPED)

MACHINE = Machine(
    name="digital",
    version=1,
    initial=State.AWAITING_PAYMENT,
    final=frozenset({State.RISK_REFUSED, State.PAYMENT_TIMED_OUT, State.CANCELLED, State.COMPLETED, State.REFUNDED}),
    rows=(
        *rows(State.AWAITING_PAYMENT, Action.HOLD_FOR_REVIEW, State.UNDER_REVIEW, Actor.SYSTEM),
        *rows(State.UNDER_REVIEW, Action.APPROVE_RISK, State.AWAITING_PAYMENT, Actor.OPERATOR),
        *rows(State.UNDER_REVIEW, Action.REJECT_RISK, State.RISK_REFUSED, Actor.OPERATOR),
        *rows(State.UNDER_REVIEW, Action.REACH_REVIEW_DEADLINE, State.RISK_REFUSED, Actor.SYSTEM),
        *rows(_UNPAID, Action.PAY, None, Actor.BUYER, guard=Guard.BEFORE_PAYMENT_DEADLINE),
        *rows(_UNPAID, Action.FAIL_PAYMENT, State.PAYMENT_FAILED, Actor.SYSTEM),
        *rows((*_UNPAID, State.CLOSING_PAYMENT), Action.CONFIRM_PAYMENT, State.PAID, Actor.SYSTEM),
        *rows(_UNPAID, Action.REACH_PAYMENT_DEADLINE, State.CLOSING_PAYMENT, Actor.SYSTEM),
        *rows((*_UNPAID, State.UNDER_REVIEW), Action.CANCEL, State.CLOSING_PAYMENT, Actor.BUYER, Actor.OPERATOR),
        *rows(State.CLOSING_PAYMENT, Action.TIME_OUT, State.PAYMENT_TIMED_OUT, Actor.SYSTEM),
        *rows(State.CLOSING_PAYMENT, Action.CONFIRM_CANCELLATION, State.CANCELLED, Actor.SYSTEM),
        *rows(State.PAID, Action.MISS_STOCK, State.REFUNDING, Actor.SYSTEM),
        *rows(State.PAID, Action.FULFIL_DIGITALLY, State.DELIVERED, Actor.SYSTEM),
        *rows(_AFTER_DELIVERY, Action.REVEAL_CODE, None, Actor.BUYER),
        *rows(
            (State.DELIVERED, State.RECEIVED),
            Action.RETURN_UNUSED,
            State.REFUNDING,
            Actor.BUYER,
            Actor.OPERATOR,
            guard=Guard.NO_CODE_REVEALED,
        ),
        *rows(State.REFUNDING, Action.FINISH_REFUND, State.REFUNDED, Actor.SYSTEM),
        *rows(State.DELIVERED, Action.CONFIRM_RECEIPT_AUTOMATICALLY, State.RECEIVED, Actor.SYSTEM),
        *rows(State.RECEIVED, Action.COMPLETE, State.COMPLETED, Actor.SYSTEM),
        *rows(_AFTER_DELIVERY, Action.REVIEW, None, Actor.BUYER, guard=Guard.LINES_TO_REVIEW),
    ),
    statuses=statuses(state for state in State if state not in _SHIPPING),
)
