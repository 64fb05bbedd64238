"""The words of the sandbox pages, by language."""

DEFAULT_LANGUAGE = "en"

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "other_language": "zh-Hant",
        "other_language_name": "繁體中文",
        "title": "Sandbox cashier",
        "notice": "For development only: no money moves.",
        "amount_due": "Amount due",
        "amount_paid": "Amount paid",
        "order_no": "Order number",
        "payment_id": "Payment",
        "channel": "Payment method",
        "channel.card": "Credit card",
        "channel.wallet": "Mobile wallet",
        "channel.bank_transfer": "Bank transfer",
        "pay_by": "Pay by",
        "time_left": "Time left",
        "pay": "Pay",
        "decline": "Decline",
        "close": "Close without paying",
        "choices": "What should happen?",
        "state.open": "Waiting for payment",
        "state.succeeded": "Payment successful",
        "state.failed": "Payment declined",
        "state.closed": "Payment closed",
        "state.expired": "Payment expired",
        "told.succeeded": "The shop is being told. You can close this page.",
        "told.failed": "Nothing was charged. Go back to the shop to try again or to choose another payment method.",
        "told.closed": "Nothing was charged, and this link can no longer be used.",
        "told.expired": "The time to pay has run out. Nothing was charged, and this link can no longer be used.",
        "transaction": "Transaction number",
        "paid_at": "Paid at",
        "reason": "Reason",
        "reason.card_declined": "The card was declined",
        "reason.insufficient_balance": "The balance is not sufficient",
        "reason.transfer_rejected": "The bank rejected the transfer",
        "reason.declined": "The payment was declined",
        "invalid": "This is not a valid payment link",
        "invalid_hint": "Go back to the shop and start the payment again.",
        "index.intro": "This is the payment provider that comes with ordersaga for development. A shop's order sends"
        " its buyer to a cashier page; what happens there comes back as a signed callback, as from a real provider.",
        "index.script_title": "Without a browser",
        "index.script": "Append /simulate to any cashier address:",
        "index.outcome": "succeed, fail or close",
        "index.amount": "minor units that are paid, to try a wrong amount",
        "index.times": "how often the same callback is delivered; 0 keeps the provider silent",
        "index.delay_s": "seconds before the callback goes out",
        "index.attempts": "Latest attempts",
        "index.none": "Nobody has come to the cashier yet.",
        "index.amount_column": "Amount",
        "index.state": "State",
        "index.state.open": "Open",
        "index.state.succeeded": "Paid",
        "index.state.failed": "Declined",
        "index.state.closed": "Closed",
        "index.state.expired": "Expired",
        "index.created_at": "First seen",
    },
    "zh-Hant": {
        "other_language": "en",
        "other_language_name": "English",
        "title": "沙盒收銀台",
        "notice": "這是開發用的模擬付款，不會實際扣款。",
        "amount_due": "應付金額",
        "amount_paid": "實付金額",
        "order_no": "訂單編號",
        "payment_id": "支付單號",
        "channel": "付款方式",
        "channel.card": "信用卡",
        "channel.wallet": "行動錢包",
        "channel.bank_transfer": "銀行轉帳",
        "pay_by": "付款期限",
        "time_left": "剩餘時間",
        "pay": "付款",
        "decline": "模擬付款失敗",
        "close": "關閉，不付款",
        "choices": "要模擬哪一種結果？",
        "state.open": "等待付款",
        "state.succeeded": "付款成功",
        "state.failed": "付款失敗",
        "state.closed": "付款已關閉",
        "state.expired": "付款已逾期",
        "told.succeeded": "正在通知商店，您可以關閉此頁面。",
        "told.failed": "並未扣款。請回到商店重試，或改用其他付款方式。",
        "told.closed": "並未扣款，此連結已失效。",
        "told.expired": "已超過付款期限，並未扣款，此連結已失效。",
        "transaction": "支付流水號",
        "paid_at": "付款時間",
        "reason": "原因",
        "reason.card_declined": "信用卡遭拒絕",
        "reason.insufficient_balance": "餘額不足",
        "reason.transfer_rejected": "銀行退回轉帳",
        "reason.declined": "付款遭拒絕",
        "invalid": "付款連結無效",
        "invalid_hint": "請回到商店重新付款。",
        "index.intro": "這是 ordersaga 內建的開發用支付服務。訂單將買家帶到這裡的收銀台，"
        "付款結果會以簽章回呼通知商店，與真實的支付服務相同。",
        "index.script_title": "不用瀏覽器",
        "index.script": "在任何收銀台網址後加上 /simulate：",
        "index.outcome": "succeed 成功、fail 失敗或 close 關閉",
        "index.amount": "實付的最小貨幣單位數，用來模擬金額不符",
        "index.times": "同一回呼送達的次數；0 表示不通知",
        "index.delay_s": "延遲幾秒才送出回呼",
        "index.attempts": "最近的付款",
        "index.none": "還沒有人來過收銀台。",
        "index.amount_column": "金額",
        "index.state": "狀態",
        "index.state.open": "等待付款",
        "index.state.succeeded": "成功",
        "index.state.failed": "失敗",
        "index.state.closed": "已關閉",
        "index.state.expired": "已逾期",
        "index.created_at": "建立時間",
    },
}


def language_of(asked: str | None, accept_language: str) -> str:
    """The language that was asked for by name, or else the first of the browser's that we speak."""
    for tag in [asked or "", *_by_preference(accept_language)]:
        primary = tag.lower().split("-")[0]
        if primary in ("zh", "en"):
            return "zh-Hant" if primary == "zh" else "en"
    return DEFAULT_LANGUAGE


def _by_preference(accept_language: str) -> list[str]:
    ranked = []
    for item in accept_language.split(","):
        tag, _, weight = item.partition(";")
        ranked.append((_quality(weight), tag.strip()))
    return [tag for quality, tag in sorted(ranked, key=lambda entry: -entry[0]) if quality > 0]


def _quality(weight: str) -> float:
    try:
        return float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
    except ValueError:
        return 0.0
