"""Chapter 3: what may still be changed after submit, and by whom."""

from cli.client import JsonObject
from cli.purchase import money_of
from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Stage


async def receiver(stage: Stage) -> None:
    emma = stage.buyer("emma")
    await stage.shelve("DEMO-A-GIFT", 39_000, 2)
    order_no = await emma.place(("DEMO-A-GIFT", 1))
    change = {"name": "Grandmother", "phone": "+886 7 5550 0199"}
    path = f"/v1/orders/{order_no}/receiver"
    changed = await emma.patch("sends it to her grandmother instead", path, change)
    stage.equal("the receiver is", changed["receiver"]["name"], "Grandmother")
    await emma.pay(order_no)
    await emma.sees(order_no, "awaiting_receipt")
    await emma.refused("changes her mind on the way", "PATCH", path, change, status=409, code="action_not_allowed")


async def fewer(stage: Stage) -> None:
    gus = stage.buyer("gus")
    await stage.shelve("DEMO-FEWER", 12_000, 5)
    order_no = await gus.place(("DEMO-FEWER", 3))
    before = await gus.order(order_no)
    path = f"/v1/orders/{order_no}/changes"
    wish = {"lines": [{"line_no": 1, "quantity": 1}]}
    told = await gus.post("asks what one instead of three would cost", f"{path}/preview", wish)
    shown = await gus.post("takes one", path, {"change_token": told["change_token"]})
    was, now = (money_of(order["totals"]["payable"]) for order in (before, shown))
    stage.check(f"to pay: {now} instead of {was}", now < was, now)
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-FEWER"), (5, 1))
    payment = await gus.pay(order_no)
    stage.equal("paid", money_of(payment["amount"]), now)


async def strangers(stage: Stage) -> None:
    fay, mallory = stage.buyer("fay"), stage.buyer("mallory")
    await stage.shelve("DEMO-PRIVATE", 25_000, 2)
    order_no = await fay.place(("DEMO-PRIVATE", 1))
    for method, path in (
        ("GET", f"/v1/orders/{order_no}"),
        ("GET", f"/v1/orders/{order_no}/timeline"),
        ("POST", f"/v1/orders/{order_no}/cancel"),
    ):
        body: JsonObject | None = {} if method == "POST" else None
        await mallory.refused("tries fay's order", method, path, body, status=404, code="not_found")
    shown = await fay.order(order_no)
    stage.equal("fay's order still is", shown["status"], "awaiting_payment")


CHAPTER = Chapter(
    3,
    "Changing an order",
    (
        Scene("receiver", "Another receiver, until it is shipped", "R-REV-1", receiver),
        Scene("fewer", "One instead of three, before paying", "R-REV-1, R-STK-2", fewer),
        Scene("stranger", "Somebody else's order does not exist", "R-STM-1", strangers),
    ),
)
