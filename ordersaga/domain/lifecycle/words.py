"""What people read for a status, in Traditional Chinese and English (R-STM-2)."""

from ordersaga.domain.lifecycle.table import Actor, BuyerStatus, Machine, MerchantStatus

LANGUAGES = ("en", "zh-Hant")

_LABELS: dict[str, tuple[str, str]] = {
    BuyerStatus.AWAITING_PAYMENT: ("Awaiting payment", "待付款"),
    BuyerStatus.AWAITING_SHIPMENT: ("Awaiting shipment", "待出貨"),
    BuyerStatus.PARTLY_SHIPPED: ("Partly shipped", "部分出貨"),
    BuyerStatus.AWAITING_RECEIPT: ("Awaiting receipt", "待收貨"),
    BuyerStatus.RECEIVED: ("Received", "已收貨"),
    BuyerStatus.COMPLETED: ("Completed", "已完成"),
    BuyerStatus.CANCELLED: ("Cancelled", "已取消"),
    MerchantStatus.UNPAID: ("Unpaid", "未付款"),
    MerchantStatus.TO_SHIP: ("To ship", "待出貨"),
    MerchantStatus.SHIPPED: ("Shipped", "已出貨"),
    MerchantStatus.DELIVERED: ("Delivered", "已簽收"),
    MerchantStatus.AFTER_SALES_WINDOW: ("In the after-sales window", "售後期"),
    "payment_failed": ("Payment failed", "付款失敗"),
    "closing_payment": ("Closing payment", "關閉付款中"),
    "payment_timed_out": ("Payment timed out", "逾時未付款"),
    "paid": ("Paid", "已付款"),
    "in_production": ("In production", "備貨中"),
}


def status_of(machine: Machine, state: str, viewer: Actor) -> str:
    """The word that `viewer` uses for a system state."""
    statuses = machine.statuses[state]
    if viewer is Actor.BUYER:
        return statuses.buyer
    return statuses.merchant if viewer in (Actor.MERCHANT, Actor.WAREHOUSE) else state


def label_of(status: str, language: str) -> str:
    english, chinese = _LABELS[status]
    return chinese if language.startswith("zh") else english
