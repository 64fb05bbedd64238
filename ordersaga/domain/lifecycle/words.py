"""The common words for statuses, in Traditional Chinese and English (R-STM-2). A type may bring words of its own."""

from ordersaga.domain.lifecycle.table import Word

LANGUAGES = ("en", "zh-Hant")

# What buyers and merchants read.
AWAITING_PAYMENT = Word("awaiting_payment", "Awaiting payment", "待付款")
UNDER_REVIEW = Word("under_review", "Under review", "審核中")
AWAITING_SHIPMENT = Word("awaiting_shipment", "Awaiting shipment", "待出貨")
PARTLY_SHIPPED = Word("partly_shipped", "Partly shipped", "部分出貨")
AWAITING_RECEIPT = Word("awaiting_receipt", "Awaiting receipt", "待收貨")
RECEIVED = Word("received", "Received", "已收貨")
COMPLETED = Word("completed", "Completed", "已完成")
CANCELLED = Word("cancelled", "Cancelled", "已取消")
REFUNDING = Word("refunding", "Refunding", "退款中")
REFUNDED = Word("refunded", "Refunded", "已退款")

# What merchants read instead.
UNPAID = Word("unpaid", "Unpaid", "未付款")
TO_SHIP = Word("to_ship", "To ship", "待出貨")
SHIPPED = Word("shipped", "Shipped", "已出貨")
DELIVERED = Word("delivered", "Delivered", "已簽收")
AFTER_SALES_WINDOW = Word("after_sales_window", "In the after-sales window", "售後期")
