"""What can happen to an order. Each type's table says which of these it knows, and when."""

from enum import StrEnum


class Action(StrEnum):
    SUBMIT = "submit"
    PAY = "pay"
    FAIL_PAYMENT = "fail_payment"
    CONFIRM_PAYMENT = "confirm_payment"
    REACH_PAYMENT_DEADLINE = "reach_payment_deadline"
    CANCEL = "cancel"
    TIME_OUT = "time_out"
    CONFIRM_CANCELLATION = "confirm_cancellation"
    CHANGE_RECEIVER = "change_receiver"
    SPLIT = "split"
    SHIP_PARCEL = "ship_parcel"
    SHIP_LAST_PARCEL = "ship_last_parcel"
    DELIVER_LAST_PARCEL = "deliver_last_parcel"
    CONFIRM_RECEIPT = "confirm_receipt"
    CONFIRM_RECEIPT_AUTOMATICALLY = "confirm_receipt_automatically"
    REVIEW = "review"
    COMPLETE = "complete"
