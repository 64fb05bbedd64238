"""Chapter 10: stock that goes meanwhile, limits, and an order that an operator looks at first."""

from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Stage


async def stock_at_payment(stage: Stage) -> None:
    nina, omar = stage.buyer("nina"), stage.buyer("omar")
    sku = "DEMO-LAST-PIECE"
    await stage.shelve(sku, 70_000, 1, stock_policy="deduct_at_payment")
    first, second = await nina.place((sku, 1)), await omar.place((sku, 1))
    stage.equal("two orders for one piece; stock, on hand and reserved", await stage.stock(sku), (1, 0))
    path = "/v1/orders/{}/payments"
    early = await omar.post("opens the cashier", path.format(second), {"channel": "card"})
    stage.equal("omar is warned", [warning["code"] for warning in early["warnings"]], ["stock_not_guaranteed"])
    await nina.pay(first)
    await stage.until(
        "nina's order has the piece",
        lambda: stage.stock(sku),
        lambda balance: bool(balance == (1, 1) or balance[0] == 0),
    )
    await omar.post("pays all the same", f"{early['cashier_url']}/simulate", {"outcome": "succeed"})
    done = await omar.sees(second, "refunded")
    stage.equal("omar has his money back", [item["amount"] for item in done["refunds"]], [early["amount"]])
    await nina.sees(first, "completed", within=60)
    await omar.timeline(second)


async def review(stage: Stage) -> None:
    paul = stage.buyer("paul")
    sku = "DEMO-REVIEWED"
    await stage.shelve(sku, 6_000_000, 3)
    condition = {"kind": "amount", "amount": {"amount": 5_000_000, "currency": "TWD"}}
    rule = {"condition": condition, "verdict": "review"}
    await stage.operator.put("wants to see orders of 50,000 and more", "/v1/admin/risk-rules/demo-large", rule)
    order_no = await paul.place((sku, 1))
    await paul.sees(order_no, "under_review")
    path = f"/v1/orders/{order_no}/payments"
    await paul.refused("tries to pay", "POST", path, {"channel": "card"}, status=409, code="action_not_allowed")
    stage.equal("its stock is held meanwhile, on hand and reserved", await stage.stock(sku), (3, 1))
    decision = {"decision": "approve", "note": "called him; it is a gift for his school"}
    await stage.operator.post("lets it go on", f"/v1/orders/{order_no}/risk-decision", decision)
    await paul.pay(order_no)
    await paul.sees(order_no, "completed", within=60)
    await paul.timeline(order_no)


async def limit(stage: Stage) -> None:
    quin = stage.buyer("quin")
    sku = "DEMO-LIMITED"
    await stage.shelve(sku, 30_000, 10)
    rule = {"goods": {"skus": [sku]}, "subject": "account", "quantity": 2, "period": "day"}
    await stage.operator.put("allows two a day for each account", "/v1/admin/limits/demo-limited", rule)
    order_no = await quin.place((sku, 2))
    quote = await quin.preview((sku, 1))
    body = {"quote_token": quote["quote_token"]}
    await quin.refused("submits a third", "POST", "/v1/orders", body, status=409, code="purchase_limit_exceeded")
    await quin.post("cancels the two", f"/v1/orders/{order_no}/cancel", {"reason": "wanted three"})
    await quin.sees(order_no, "cancelled")
    await quin.place((sku, 1))
    stage.check("what was cancelled does not count", True)


CHAPTER = Chapter(
    10,
    "Safeguards",
    (
        Scene("last-one", "Stock that has gone when the order is paid", "R-STK-1", stock_at_payment),
        Scene("review", "An operator looks at an order before it is paid", "R-STK-4", review),
        Scene("limit", "Two a day, and a cancel gives them back", "R-STK-3", limit),
    ),
)
