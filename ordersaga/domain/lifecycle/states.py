"""The system states that order types share, and what each role reads for them: the mapping table of R-STM-2."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from ordersaga.domain.lifecycle import words
from ordersaga.domain.lifecycle.table import Statuses, Word


class State(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    UNDER_REVIEW = "under_review"
    RISK_REFUSED = "risk_refused"
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
    REFUNDING = "refunding"
    REFUNDED = "refunded"


def statuses(states: Iterable[State]) -> Mapping[str, Statuses]:
    """The part of the mapping table that a type needs."""
    return {state: STATUSES[state] for state in states}


def _word(state: State, english: str, chinese: str) -> Word:
    return Word(state.value, english, chinese)


STATUSES: Mapping[State, Statuses] = {
    State.AWAITING_PAYMENT: Statuses(
        words.AWAITING_PAYMENT, words.UNPAID, _word(State.AWAITING_PAYMENT, "Awaiting payment", "待付款")
    ),
    State.UNDER_REVIEW: Statuses(
        words.UNDER_REVIEW, words.UNPAID, _word(State.UNDER_REVIEW, "Under review", "風控審核中")
    ),
    State.RISK_REFUSED: Statuses(
        words.CANCELLED, words.CANCELLED, _word(State.RISK_REFUSED, "Refused for risk", "風控拒絕")
    ),
    State.PAYMENT_FAILED: Statuses(
        words.AWAITING_PAYMENT, words.UNPAID, _word(State.PAYMENT_FAILED, "Payment failed", "付款失敗")
    ),
    State.CLOSING_PAYMENT: Statuses(
        words.AWAITING_PAYMENT, words.UNPAID, _word(State.CLOSING_PAYMENT, "Closing payment", "關閉付款中")
    ),
    State.PAYMENT_TIMED_OUT: Statuses(
        words.CANCELLED, words.CANCELLED, _word(State.PAYMENT_TIMED_OUT, "Payment timed out", "逾時未付款")
    ),
    State.CANCELLED: Statuses(words.CANCELLED, words.CANCELLED, _word(State.CANCELLED, "Cancelled", "已取消")),
    State.PAID: Statuses(words.AWAITING_SHIPMENT, words.TO_SHIP, _word(State.PAID, "Paid", "已付款")),
    State.IN_PRODUCTION: Statuses(
        words.AWAITING_SHIPMENT, words.TO_SHIP, _word(State.IN_PRODUCTION, "In production", "備貨中")
    ),
    State.PARTLY_SHIPPED: Statuses(
        words.PARTLY_SHIPPED, words.PARTLY_SHIPPED, _word(State.PARTLY_SHIPPED, "Partly shipped", "部分出貨")
    ),
    State.SHIPPED: Statuses(words.AWAITING_RECEIPT, words.SHIPPED, _word(State.SHIPPED, "Shipped", "已出貨")),
    State.DELIVERED: Statuses(words.AWAITING_RECEIPT, words.DELIVERED, _word(State.DELIVERED, "Delivered", "已簽收")),
    State.RECEIVED: Statuses(words.RECEIVED, words.AFTER_SALES_WINDOW, _word(State.RECEIVED, "Received", "已收貨")),
    State.COMPLETED: Statuses(words.COMPLETED, words.COMPLETED, _word(State.COMPLETED, "Completed", "已完成")),
    State.REFUNDING: Statuses(words.REFUNDING, words.REFUNDING, _word(State.REFUNDING, "Refunding", "退款中")),
    State.REFUNDED: Statuses(words.REFUNDED, words.REFUNDED, _word(State.REFUNDED, "Refunded", "已退款")),
}
