"""Chapter 2: paying, failing to pay, and not paying at all."""

from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Stage


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


CHAPTER = Chapter(
    2,
    "Paying",
    (
        Scene("retry", "A failed payment, retried in another channel", "R-PAY-4", another_channel),
        Scene("cancel", "Cancelled before payment", "R-REV-2", cancel_before_payment),
        Scene("deadline", "Nobody pays: the deadline gives the stock back", "R-PAY-3", payment_deadline),
    ),
)
