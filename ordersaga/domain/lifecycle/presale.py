"""A presale's states (R-TYPE-3): a deposit, its balance in a window of its own, and then production."""

from dataclasses import replace
from enum import StrEnum

from ordersaga.domain.lifecycle import reverse, words
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.states import State, statuses
from ordersaga.domain.lifecycle.table import Actor, Machine, Statuses, Word, rows


class PresaleState(StrEnum):
    """What only a presale knows. The deposit is awaited in the states of any payment."""

    DEPOSIT_PAID = "deposit_paid"
    AWAITING_BALANCE = "awaiting_balance"
    CLOSING_BALANCE = "closing_balance"
    DEPOSIT_FORFEITED = "deposit_forfeited"


_UNPAID = (State.AWAITING_PAYMENT, State.PAYMENT_FAILED)
_BALANCE_OWED = (PresaleState.DEPOSIT_PAID, PresaleState.AWAITING_BALANCE)
_BEFORE_SHIPPING = (*_UNPAID, *_BALANCE_OWED, State.PAID, State.IN_PRODUCTION)
_AFTER_DELIVERY = (State.DELIVERED, State.RECEIVED, State.COMPLETED)

_DEPOSIT_PAID = Word("deposit_paid", "Deposit paid", "已付訂金")
_AWAITING_BALANCE = Word("awaiting_balance", "Awaiting balance", "待付尾款")
_FORFEITED = Word("deposit_forfeited", "Deposit forfeited", "訂金不退")

VERSION_1 = Machine(
    name="presale",
    version=1,
    initial=State.AWAITING_PAYMENT,
    final=frozenset(
        {
            State.RISK_REFUSED,
            State.PAYMENT_TIMED_OUT,
            State.CANCELLED,
            State.COMPLETED,
            State.REFUNDED,
            PresaleState.DEPOSIT_FORFEITED,
        }
    ),
    rows=(
        *rows(State.AWAITING_PAYMENT, Action.HOLD_FOR_REVIEW, State.UNDER_REVIEW, Actor.SYSTEM),
        *rows(State.UNDER_REVIEW, Action.APPROVE_RISK, State.AWAITING_PAYMENT, Actor.OPERATOR),
        *rows(State.UNDER_REVIEW, Action.REJECT_RISK, State.RISK_REFUSED, Actor.OPERATOR),
        *rows(State.UNDER_REVIEW, Action.REACH_REVIEW_DEADLINE, State.RISK_REFUSED, Actor.SYSTEM),
        *rows(_UNPAID, Action.PAY, None, Actor.BUYER, guard=Guard.BEFORE_PAYMENT_DEADLINE),
        *rows(_UNPAID, Action.FAIL_PAYMENT, State.PAYMENT_FAILED, Actor.SYSTEM),
        *rows((*_UNPAID, State.CLOSING_PAYMENT), Action.CONFIRM_DEPOSIT, PresaleState.DEPOSIT_PAID, Actor.SYSTEM),
        *rows(_UNPAID, Action.REACH_PAYMENT_DEADLINE, State.CLOSING_PAYMENT, Actor.SYSTEM),
        *rows((*_UNPAID, State.UNDER_REVIEW), Action.CANCEL, State.CLOSING_PAYMENT, Actor.BUYER, Actor.OPERATOR),
        *rows(State.CLOSING_PAYMENT, Action.TIME_OUT, State.PAYMENT_TIMED_OUT, Actor.SYSTEM),
        *rows(State.CLOSING_PAYMENT, Action.CONFIRM_CANCELLATION, State.CANCELLED, Actor.SYSTEM),
        *rows(PresaleState.DEPOSIT_PAID, Action.OPEN_BALANCE, PresaleState.AWAITING_BALANCE, Actor.SYSTEM),
        *rows(PresaleState.AWAITING_BALANCE, Action.PAY, None, Actor.BUYER, guard=Guard.BEFORE_PAYMENT_DEADLINE),
        *rows(
            (PresaleState.AWAITING_BALANCE, PresaleState.CLOSING_BALANCE),
            Action.CONFIRM_BALANCE,
            State.PAID,
            Actor.SYSTEM,
        ),
        *rows(PresaleState.AWAITING_BALANCE, Action.REACH_BALANCE_DEADLINE, PresaleState.CLOSING_BALANCE, Actor.SYSTEM),
        *rows(_BALANCE_OWED, Action.CANCEL, PresaleState.CLOSING_BALANCE, Actor.BUYER, Actor.OPERATOR),
        *rows(PresaleState.CLOSING_BALANCE, Action.FORFEIT_DEPOSIT, PresaleState.DEPOSIT_FORFEITED, Actor.SYSTEM),
        *rows(PresaleState.CLOSING_BALANCE, Action.REFUND_DEPOSIT, State.REFUNDING, Actor.SYSTEM),
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
        PresaleState.DEPOSIT_PAID: Statuses(_DEPOSIT_PAID, words.UNPAID, _DEPOSIT_PAID),
        PresaleState.AWAITING_BALANCE: Statuses(_AWAITING_BALANCE, words.UNPAID, _AWAITING_BALANCE),
        PresaleState.CLOSING_BALANCE: Statuses(
            _AWAITING_BALANCE, words.UNPAID, Word("closing_balance", "Closing balance", "關閉尾款中")
        ),
        PresaleState.DEPOSIT_FORFEITED: Statuses(words.CANCELLED, words.CANCELLED, _FORFEITED),
    },
)

# Version 2 knows the way back: cancellations after payment, and after-sales cases.
MACHINE = replace(
    VERSION_1,
    version=2,
    rows=(*VERSION_1.rows, *reverse.note_rows(*_BALANCE_OWED), *reverse.UNPAID_ROWS, *reverse.ROWS),
)
