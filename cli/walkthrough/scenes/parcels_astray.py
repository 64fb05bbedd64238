"""Chapter 13: parcels that do not arrive."""

from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Stage
from cli.walkthrough.way_back import bought, money, price, reports


async def lost(stage: Stage) -> None:
    nora = stage.buyer("nora")
    await stage.shelve_by_hand("DEMO-LOST", 70_000, 2)
    order = await bought(stage, nora, ("DEMO-LOST", 1))
    order_no = order["order_no"]
    await reports(stage, order, "handed_over", "lost")
    stage.say("nobody says what is to be done about it", "dim")
    await nora.sees(order_no, "refunded", within=60)
    await money(stage, nora, order_no, back=price(order))


async def sent_again(stage: Stage) -> None:
    otto = stage.buyer("otto")
    await stage.shelve_by_hand("DEMO-AGAIN", 35_000, 3)
    order = await bought(stage, otto, ("DEMO-AGAIN", 1))
    order_no, parcel_no = order["order_no"], order["parcels"][0]["parcel_no"]
    await reports(stage, order, "handed_over", "lost")
    await stage.until(
        "the shop knows that it is lost",
        lambda: otto.order(order_no),
        lambda order: bool(order["parcels"][0]["state"] == "lost"),
    )
    decision = {"decision": "reship", "note": "the carrier pays"}
    await stage.merchant().post("sends it again", f"/v1/parcels/{parcel_no}/resolution", decision)
    shown = await stage.until(
        "there is another parcel", lambda: otto.order(order_no), lambda order: len(order["parcels"]) == 2
    )
    await reports(stage, shown, "handed_over", "delivered")
    await otto.sees(order_no, "completed")
    await money(stage, otto, order_no, back=0)
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-AGAIN"), (1, 0))


CHAPTER = Chapter(
    13,
    "Parcels that do not arrive",
    (
        Scene("lost", "Lost, and nobody decides: the money goes back", "R-FUL-1, W3", lost),
        Scene("reshipped", "Lost, and sent again", "R-FUL-1, W3", sent_again),
    ),
)
