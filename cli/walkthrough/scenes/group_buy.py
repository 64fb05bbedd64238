"""Chapter 9: a group that fills, and one that does not."""

from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Actor, Stage, home


async def filled(stage: Stage) -> None:
    ines, jack, kate = stage.buyer("ines"), stage.buyer("jack"), stage.buyer("kate")
    sku = "DEMO-TOGETHER"
    await stage.shelve(sku, 80_000, 10, name="Tea set for a group")
    await stage.campaign(sku, "group_buy", 60_000, terms={"size": 2, "seconds": 60})
    first, group = await _opens(ines, sku)
    second = await jack.place((sku, 1), order_type="group_buy", group_code=group)
    cart = {"items": [{"sku": sku, "quantity": 1}], "address": home(kate.name), "order_type": "group_buy"}
    await kate.refused(
        "comes too late", "POST", "/v1/quotes", {**cart, "group_code": group}, status=409, code="group_unavailable"
    )
    await ines.pay(first)
    await ines.sees(first, "awaiting_group")
    await jack.pay(second)
    for buyer, order_no in ((ines, first), (jack, second)):
        await buyer.sees(order_no, "completed", within=60)
    await ines.timeline(first)


async def expired(stage: Stage) -> None:
    lena, milo = stage.buyer("lena"), stage.buyer("milo")
    sku = "DEMO-ALONE"
    await stage.shelve(sku, 80_000, 10)
    await stage.campaign(sku, "group_buy", 60_000, terms={"size": 3, "seconds": 8})
    paid, group = await _opens(lena, sku)
    unpaid = await milo.place((sku, 1), order_type="group_buy", group_code=group)
    payment = await lena.pay(paid)
    stage.say("milo does not pay, and nobody else comes", "dim")
    done = await lena.sees(paid, "refunded", within=60)
    stage.equal("lena has her money back", [item["amount"] for item in done["refunds"]], [payment["amount"]])
    await milo.sees(unpaid, "cancelled", within=60)
    stage.equal("stock, on hand and reserved", await stage.stock(sku), (10, 0))
    await lena.timeline(paid)


async def _opens(buyer: Actor, sku: str) -> tuple[str, str]:
    """A new group: the order's number and the group's code."""
    order = await buyer.submit(await buyer.preview((sku, 1), order_type="group_buy"))
    return str(order["order_no"]), str(order["group"]["code"])


CHAPTER = Chapter(
    9,
    "Group buys",
    (
        Scene("group", "A group of two fills", "R-TYPE-5", filled),
        Scene("alone", "A group that does not fill in time", "R-TYPE-5", expired),
    ),
)
