"""Chapter 14: what the systems behind the shop are told of an order."""

from rich.table import Table

from cli.client import JsonObject
from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Stage


async def heard(stage: Stage) -> None:
    hana, system = stage.buyer("hana"), stage.downstream
    await stage.shelve("DEMO-HEARD-OF", 52_000, 2)
    order_no = await hana.place(("DEMO-HEARD-OF", 1))
    await hana.pay(order_no)
    await hana.sees(order_no, "awaiting_receipt")

    async def told() -> list[JsonObject]:
        items: list[JsonObject] = (await system.caller.get("/v1/events", order_no=order_no))["items"]
        return items

    def is_shipped(items: list[JsonObject]) -> bool:
        return any(item["type"] == "order.shipped" for item in items)

    items = await stage.until("the bookkeeping has heard that it was shipped", told, is_shipped)
    _show(stage, items)
    stage.equal("its first event", items[0]["type"], "order.placed")
    stage.equal("none is missing", [item["sequence"] for item in items], list(range(1, len(items) + 1)))
    positions = [item["position"] for item in items]
    stage.check("they come in the order in which they happened", positions == sorted(positions), positions)
    again = await system.get("asks again from the third on", f"/v1/events?order_no={order_no}&after={positions[1]}")
    stage.check("and hears the same once more", again["items"][: len(items) - 2] == items[2:])


def _show(stage: Stage, items: list[JsonObject]) -> None:
    table = Table("position", "event", "state", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for item in items:
        table.add_row(str(item["position"]), item["type"], item["data"]["to_state"])
    stage.show(table)


CHAPTER = Chapter(
    14,
    "Systems behind the shop",
    (Scene("downstream", "What a downstream system hears of an order", "R-ORD-3", heard),),
)
