"""The standard order's states, version 1 (R-TYPE-1, R-STM-1, R-STM-2)."""

from enum import StrEnum

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.table import Actor, BuyerStatus, Machine, MerchantStatus, Statuses, rows


class State(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    PAYMENT_FAILED = "payment_failed"
    CLOSING_PAYMENT = "closing_payment"
    PAYMENT_TIMED_OUT = "payment_timed_out"
    CANCELLED = "cancelled"
    PAID = "paid"
    IN_PRODUCTION = "in_production"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RECEIVED = "received"
    COMPLETED = "completed"


_UNPAID = (State.AWAITING_PAYMENT, State.PAYMENT_FAILED)
_BEFORE_SHIPPING = (*_UNPAID, State.PAID, State.IN_PRODUCTION)
_AFTER_DELIVERY = (State.DELIVERED, State.RECEIVED, State.COMPLETED)

MACHINE = Machine(
    name="standard",
    version=1,
    initial=State.AWAITING_PAYMENT,
    final=frozenset({State.PAYMENT_TIMED_OUT, State.CANCELLED, State.COMPLETED}),
    rows=(
        *rows(_UNPAID, Action.PAY, None, Actor.BUYER),
        *rows(_UNPAID, Action.FAIL_PAYMENT, State.PAYMENT_FAILED, Actor.SYSTEM),
        *rows((*_UNPAID, State.CLOSING_PAYMENT), Action.CONFIRM_PAYMENT, State.PAID, Actor.SYSTEM),
        *rows(_UNPAID, Action.REACH_PAYMENT_DEADLINE, State.CLOSING_PAYMENT, Actor.SYSTEM),
        *rows(_UNPAID, Action.CANCEL, State.CLOSING_PAYMENT, Actor.BUYER, Actor.OPERATOR),
        *rows(State.CLOSING_PAYMENT, Action.TIME_OUT, State.PAYMENT_TIMED_OUT, Actor.SYSTEM),
        *rows(State.CLOSING_PAYMENT, Action.CONFIRM_CANCELLATION, State.CANCELLED, Actor.SYSTEM),
        *rows(_BEFORE_SHIPPING, Action.CHANGE_RECEIVER, None, Actor.BUYER, Actor.OPERATOR),
        *rows(State.PAID, Action.SPLIT, State.IN_PRODUCTION, Actor.SYSTEM),
        *rows((State.IN_PRODUCTION, State.PARTLY_SHIPPED), Action.SHIP_PARCEL, State.PARTLY_SHIPPED, Actor.SYSTEM),
        *rows((State.IN_PRODUCTION, State.PARTLY_SHIPPED), Action.SHIP_LAST_PARCEL, State.SHIPPED, Actor.SYSTEM),
        *rows(State.SHIPPED, Action.DELIVER_LAST_PARCEL, State.DELIVERED, Actor.SYSTEM),
        *rows(State.DELIVERED, Action.CONFIRM_RECEIPT, State.RECEIVED, Actor.BUYER, Actor.OPERATOR),
        *rows(State.DELIVERED, Action.CONFIRM_RECEIPT_AUTOMATICALLY, State.RECEIVED, Actor.SYSTEM),
        *rows(State.RECEIVED, Action.COMPLETE, State.COMPLETED, Actor.SYSTEM),
        *rows(_AFTER_DELIVERY, Action.REVIEW, None, Actor.BUYER),
    ),
    statuses={
        State.AWAITING_PAYMENT: Statuses(BuyerStatus.AWAITING_PAYMENT, MerchantStatus.UNPAID),
        State.PAYMENT_FAILED: Statuses(BuyerStatus.AWAITING_PAYMENT, MerchantStatus.UNPAID),
        State.CLOSING_PAYMENT: Statuses(BuyerStatus.AWAITING_PAYMENT, MerchantStatus.UNPAID),
        State.PAYMENT_TIMED_OUT: Statuses(BuyerStatus.CANCELLED, MerchantStatus.CANCELLED),
        State.CANCELLED: Statuses(BuyerStatus.CANCELLED, MerchantStatus.CANCELLED),
        State.PAID: Statuses(BuyerStatus.AWAITING_SHIPMENT, MerchantStatus.TO_SHIP),
        State.IN_PRODUCTION: Statuses(BuyerStatus.AWAITING_SHIPMENT, MerchantStatus.TO_SHIP),
        State.PARTLY_SHIPPED: Statuses(BuyerStatus.PARTLY_SHIPPED, MerchantStatus.PARTLY_SHIPPED),
        State.SHIPPED: Statuses(BuyerStatus.AWAITING_RECEIPT, MerchantStatus.SHIPPED),
        State.DELIVERED: Statuses(BuyerStatus.AWAITING_RECEIPT, MerchantStatus.DELIVERED),
        State.RECEIVED: Statuses(BuyerStatus.RECEIVED, MerchantStatus.AFTER_SALES_WINDOW),
        State.COMPLETED: Statuses(BuyerStatus.COMPLETED, MerchantStatus.COMPLETED),
    },
)
