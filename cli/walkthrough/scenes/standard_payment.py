"""Chapter 2: paying, failing to pay, and not paying at all."""

from cli.client import JsonObject
from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Actor, Stage


async def another_channel(stage: Stage) -> None:
    bella = stage.buyer("bella")
    await stage.shelve("DEMO-TWO-TRIES", 89_000, 2)
    order_no = await bella.place(("DEMO-TWO-TRIES", 1))
    await bella.pay(order_no, "card", "fail")
    shown = await stage.until(
        "the attempt has failed",
        lambda: bella.order(order_no),
        lambda order: [payment["state"] for payment in order["payments"]] == ["failed"],
    )
    stage.equal("the order still is", shown["status"], "awaiting_payment")
    await bella.pay(order_no, "wallet")
    shown = await stage.until(
        "the order is paid", lambda: bella.order(order_no), lambda order: order["status"] != "awaiting_payment"
    )
    channels = sorted((payment["channel"], payment["state"]) for payment in shown["payments"])
    stage.equal("attempts", channels, [("card", "failed"), ("wallet", "succeeded")])


async def payment_deadline(stage: Stage) -> None:
    carl = stage.buyer("carl")
    await stage.shelve("DEMO-NEVER-PAID", 120_000, 5)
    order_no = await carl.place(("DEMO-NEVER-PAID", 2))
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-NEVER-PAID"), (5, 2))
    stage.say("carl opens the cashier and goes to sleep", "dim")
    await carl.post("chooses to pay by card", f"/v1/orders/{order_no}/payments", {"channel": "card"})
    await carl.sees(order_no, "cancelled", within=60)
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-NEVER-PAID"), (5, 0))
    await carl.timeline(order_no)
    path = f"/v1/orders/{order_no}/payments"
    await carl.refused("tries to pay now", "POST", path, {"channel": "card"}, status=409, code="action_not_allowed")


async def cancel_before_payment(stage: Stage) -> None:
    dora = stage.buyer("dora")
    await stage.shelve("DEMO-SECOND-THOUGHTS", 66_000, 4)
    order_no = await dora.place(("DEMO-SECOND-THOUGHTS", 3))
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-SECOND-THOUGHTS"), (4, 3))
    await dora.post("cancels", f"/v1/orders/{order_no}/cancel", {"reason": "bought it elsewhere"})
    await dora.sees(order_no, "cancelled")
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-SECOND-THOUGHTS"), (4, 0))
    await dora.timeline(order_no)


async def late_money(stage: Stage) -> None:
    fay = stage.buyer("fay")
    await stage.shelve("DEMO-TOO-LATE", 54_000, 3)
    order_no = await fay.place(("DEMO-TOO-LATE", 1))
    path = f"/v1/orders/{order_no}/payments"
    payment = await fay.post("chooses to pay by bank transfer", path, {"channel": "bank_transfer"})
    await fay.post("cancels", f"/v1/orders/{order_no}/cancel", {})
    stage.say("the transfer was under way already, and the bank will refuse to take it back once", "dim")
    late = {"outcome": "succeed", "late": True, "refunds": {"failures": 1}}
    await fay.post("sees the money leave all the same", f"{payment['cashier_url']}/simulate", late)
    refund = await _refund(stage, fay, order_no, "failed")
    stage.equal("to go back", refund["amount"]["amount"], payment["amount"]["amount"])
    path = f"/v1/admin/refunds/{refund['refund_no']}"
    await stage.operator.get("finds it among what waits for somebody", "/v1/admin/refunds?state=failed")
    decision = {"decision": "retry", "note": "the bank has found its mistake"}
    await stage.operator.post("sends it again", f"{path}/decision", decision)
    await _refund(stage, fay, order_no, "succeeded")
    shown = await fay.order(order_no)
    stage.equal("the order still is", shown["status"], "cancelled")
    (paid,) = shown["payments"]
    stage.equal("of what came, has gone back", paid["refunded"], paid["received"])
    await fay.timeline(order_no)


async def _refund(stage: Stage, buyer: Actor, order_no: str, state: str) -> JsonObject:
    """Wait until the order's refund is in `state`. Gives it."""
    shown = await stage.until(
        f"the refund is {state}",
        lambda: buyer.order(order_no),
        lambda order: [refund["state"] for refund in order["refunds"]] == [state],
    )
    refund: JsonObject = shown["refunds"][0]
    return refund


CHAPTER = Chapter(
    2,
    "Paying",
    (
        Scene("retry", "A failed payment, retried in another channel", "R-PAY-4", another_channel),
        Scene("cancel", "Cancelled before payment", "R-REV-2", cancel_before_payment),
        Scene("late-money", "Money that comes after the cancel goes back", "R-PAY-3", late_money),
        Scene("deadline", "Nobody pays: the deadline gives the stock back", "R-PAY-3", payment_deadline),
    ),
)
