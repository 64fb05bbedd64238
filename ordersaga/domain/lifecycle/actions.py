"""What can happen to an order. Each type's table says which of these move it, and when; the last ones never do."""

from enum import StrEnum


class Action(StrEnum):
    SUBMIT = "submit"
    HOLD_FOR_REVIEW = "hold_for_review"
    APPROVE_RISK = "approve_risk"
    REJECT_RISK = "reject_risk"
    REACH_REVIEW_DEADLINE = "reach_review_deadline"
    PAY = "pay"
    FAIL_PAYMENT = "fail_payment"
    CONFIRM_PAYMENT = "confirm_payment"
    CONFIRM_DEPOSIT = "confirm_deposit"
    OPEN_BALANCE = "open_balance"
    CONFIRM_BALANCE = "confirm_balance"
    REACH_BALANCE_DEADLINE = "reach_balance_deadline"
    FORFEIT_DEPOSIT = "forfeit_deposit"
    REFUND_DEPOSIT = "refund_deposit"
    REACH_PAYMENT_DEADLINE = "reach_payment_deadline"
    CANCEL = "cancel"
    TIME_OUT = "time_out"
    CONFIRM_CANCELLATION = "confirm_cancellation"
    CHANGE_RECEIVER = "change_receiver"
    MISS_STOCK = "miss_stock"
    FILL_GROUP = "fill_group"
    EXPIRE_GROUP = "expire_group"
    FULFIL_DIGITALLY = "fulfil_digitally"
    REVEAL_CODE = "reveal_code"
    RETURN_UNUSED = "return_unused"
    FINISH_REFUND = "finish_refund"
    SPLIT = "split"
    SHIP_PARCEL = "ship_parcel"
    SHIP_LAST_PARCEL = "ship_last_parcel"
    DELIVER_LAST_PARCEL = "deliver_last_parcel"
    CONFIRM_RECEIPT = "confirm_receipt"
    CONFIRM_RECEIPT_AUTOMATICALLY = "confirm_receipt_automatically"
    REVIEW = "review"
    COMPLETE = "complete"
    CHANGE_ORDER = "change_order"
    CHANGE_DELIVERY_NOTE = "change_delivery_note"
    REQUEST_CANCELLATION = "request_cancellation"
    REQUEST_AFTER_SALES = "request_after_sales"
    LOSE_LAST_PARCEL = "lose_last_parcel"
    RETURN_EVERYTHING = "return_everything"
    FAIL_ATTEMPT = "fail_attempt"
    CLOSE_ATTEMPT = "close_attempt"
    RECEIVE_UNEXPECTED_PAYMENT = "receive_unexpected_payment"
    REQUEST_REFUND = "request_refund"
    SEND_REFUND = "send_refund"
    COMPLETE_REFUND = "complete_refund"
    FAIL_REFUND = "fail_refund"
    RETRY_REFUND = "retry_refund"
    SETTLE_REFUND = "settle_refund"


OPENS_A_CASE = frozenset({Action.REQUEST_CANCELLATION, Action.REQUEST_AFTER_SALES})
"""An order's table says when; what is recorded is the opening of the case, and not an action of the order's."""

ABOUT_MONEY = frozenset(
    {
        Action.PAY,
        Action.FAIL_PAYMENT,
        Action.CONFIRM_DEPOSIT,
        Action.CONFIRM_BALANCE,
        Action.FAIL_ATTEMPT,
        Action.CLOSE_ATTEMPT,
        Action.RECEIVE_UNEXPECTED_PAYMENT,
        Action.REQUEST_REFUND,
        Action.SEND_REFUND,
        Action.COMPLETE_REFUND,
        Action.FAIL_REFUND,
        Action.RETRY_REFUND,
        Action.SETTLE_REFUND,
    }
)
"""What concerns the buyer and the platform alone: merchants and warehouses do not see the buyer's payments."""
