"""What buyers and merchants are told of an order: stable words that storefronts put into sentences (R-CNF-1)."""

from enum import StrEnum


class Notification(StrEnum):
    """Told to the buyer, but for the last one, which each merchant of the order reads. A type may bring its own."""

    CONFIRM_RECEIPT_AND_REVIEW = "confirm_receipt_and_review"
    REVIEW_APPROVED = "review_approved"
    REVIEW_REFUSED = "review_refused"
    BALANCE_DUE = "balance_due"
    BALANCE_CLOSES_SOON = "balance_closes_soon"
    DEPOSIT_FORFEITED = "deposit_forfeited"
    GROUP_FILLED = "group_filled"
    GROUP_EXPIRED = "group_expired"
    DELIVERED_DIGITALLY = "delivered_digitally"
    RETURN_DUE_SOON = "return_due_soon"
    OUT_OF_STOCK_REFUNDED = "out_of_stock_refunded"
    REFUNDED = "refunded"
    SALE_LOST_OUT_OF_STOCK = "sale_lost_out_of_stock"
