"""Chapter 3: what may still be changed after submit, and by whom."""

from cli.client import JsonObject
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
        Scene("stranger", "Somebody else's order does not exist", "R-STM-1", strangers),
    ),
)
