"""A group buy's states (R-TYPE-5): paid orders wait for their group, and are refunded when it does not fill."""

from dataclasses import replace
from enum import StrEnum

from ordersaga.domain.lifecycle import reverse
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.states import State, statuses
from ordersaga.domain.lifecycle.table import Actor, Machine, Statuses, Word, rows


class GroupBuyState(StrEnum):
    """What only a group buy knows."""

    AWAITING_GROUP = "awaiting_group"


_UNPAID = (State.AWAITING_PAYMENT, State.PAYMENT_FAILED)
_BEFORE_SHIPPING = (*_UNPAID, GroupBuyState.AWAITING_GROUP, State.PAID, State.IN_PRODUCTION)
_AFTER_DELIVERY = (State.DELIVERED, State.RECEIVED, State.COMPLETED)
_AWAITING_GROUP = Word("awaiting_group", "Awaiting the group", "待成團")

VERSION_1 = Machine(
    name="group_buy",
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
        *rows((*_UNPAID, State.CLOSING_PAYMENT), Action.CONFIRM_PAYMENT, GroupBuyState.AWAITING_GROUP, Actor.SYSTEM),
        *rows(_UNPAID, Action.REACH_PAYMENT_DEADLINE, State.CLOSING_PAYMENT, Actor.SYSTEM),
        *rows((*_UNPAID, State.UNDER_REVIEW), Action.CANCEL, State.CLOSING_PAYMENT, Actor.BUYER, Actor.OPERATOR),
        *rows(State.CLOSING_PAYMENT, Action.TIME_OUT, State.PAYMENT_TIMED_OUT, Actor.SYSTEM),
        *rows(State.CLOSING_PAYMENT, Action.CONFIRM_CANCELLATION, State.CANCELLED, Actor.SYSTEM),
        *rows(_UNPAID, Action.EXPIRE_GROUP, State.CLOSING_PAYMENT, Actor.SYSTEM),
        *rows(GroupBuyState.AWAITING_GROUP, Action.FILL_GROUP, State.PAID, Actor.SYSTEM),
        *rows(GroupBuyState.AWAITING_GROUP, Action.EXPIRE_GROUP, State.REFUNDING, Actor.SYSTEM),
        *rows(GroupBuyState.AWAITING_GROUP, Action.CANCEL, State.REFUNDING, Actor.BUYER, Actor.OPERATOR),
        *rows(State.PAID, Action.MISS_STOCK, State.REFUNDING, Actor.SYSTEM),
        *rows(State.REFUNDING, Action.FINISH_REFUND, State.REFUNDED, Actor.SYSTEM),
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
        *rows(_AFTER_DELIVERY, Action.REVIEW, None, Actor.BUYER, guard=Guard.LINES_TO_REVIEW),
    ),
    statuses={
        **statuses(State),
        GroupBuyState.AWAITING_GROUP: Statuses(_AWAITING_GROUP, _AWAITING_GROUP, _AWAITING_GROUP),
    },
)

# Version 2 knows the way back: cancellations after payment, and after-sales cases.
MACHINE = replace(
    VERSION_1,
    version=2,
    rows=(*VERSION_1.rows, *reverse.note_rows(GroupBuyState.AWAITING_GROUP), *reverse.UNPAID_ROWS, *reverse.ROWS),
)
