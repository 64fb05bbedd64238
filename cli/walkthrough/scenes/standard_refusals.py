"""Chapter 4: what submit refuses, and that nothing is held then."""

from cli.client import JsonObject
from cli.purchase import money_of
from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Actor, Stage


async def tampered(stage: Stage) -> None:
    gus, hana = stage.buyer("gus"), stage.buyer("hana")
    await stage.shelve("DEMO-SEALED", 99_000, 2)
    quote = await gus.preview(("DEMO-SEALED", 1))
    token = str(quote["quote_token"])
    for doing, forged in (
        ("alters the sealed price", _altered(token, part=3)),
        ("alters the key's name", _altered(token, part=0)),
        ("cuts the seal off", token.rpartition(".")[0] + "."),
    ):
        await gus.refused(doing, "POST", "/v1/orders", {"quote_token": forged}, status=400, code="quote_invalid")
    body = {"quote_token": token}
    await hana.refused("submits gus's quote", "POST", "/v1/orders", body, status=400, code="quote_invalid")
    await _nothing_happened(stage, gus, "DEMO-SEALED", on_hand=2)


async def price_moved(stage: Stage) -> None:
    ida = stage.buyer("ida")
    await stage.shelve("DEMO-MOVING", 50_000, 2)
    quote = await ida.preview(("DEMO-MOVING", 1))
    await stage.shelve("DEMO-MOVING", 55_000, 2)
    body = {"quote_token": quote["quote_token"]}
    refusal = await ida.refused("submits", "POST", "/v1/orders", body, status=409, code="quote_changed")
    fresh: JsonObject = refusal["quote"]
    stage.equal("the fresh quote's price", str(money_of(fresh["lines"][0]["unit_price"])), "550.00 TWD")
    await _nothing_happened(stage, ida, "DEMO-MOVING", on_hand=2)
    placed = await ida.submit(fresh)
    stage.equal("with the fresh quote the order is", placed["status"], "awaiting_payment")


async def submitted_twice(stage: Stage) -> None:
    jan = stage.buyer("jan")
    await stage.shelve("DEMO-TWICE", 30_000, 9)
    quote, other = await jan.preview(("DEMO-TWICE", 1)), await jan.preview(("DEMO-TWICE", 1))
    first = await jan.submit(quote)
    body = {"quote_token": other["quote_token"]}
    refusal = await jan.refused(
        "submits the same goods from another tab", "POST", "/v1/orders", body, status=409, code="duplicate_submission"
    )
    stage.equal("the refusal names the order", refusal["order_no"], first["order_no"])
    again = await jan.submit(quote)
    stage.equal("the first quote again is the same order", again["order_no"], first["order_no"])
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-TWICE"), (9, 1))


async def sold_out(stage: Stage) -> None:
    kim, leo = stage.buyer("kim"), stage.buyer("leo")
    await stage.shelve("DEMO-LAST-ONE", 70_000, 1)
    quote = await leo.preview(("DEMO-LAST-ONE", 1))
    await kim.place(("DEMO-LAST-ONE", 1))
    body = {"quote_token": quote["quote_token"]}
    await leo.refused("submits a moment too late", "POST", "/v1/orders", body, status=409, code="out_of_stock")
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-LAST-ONE"), (1, 1))
    stage.equal("leo's orders", len((await leo.get("looks at his orders", "/v1/orders"))["items"]), 0)


async def _nothing_happened(stage: Stage, buyer: Actor, sku: str, *, on_hand: int) -> None:
    stage.equal(f"{buyer.name}'s orders", len((await buyer.get("looks at the orders", "/v1/orders"))["items"]), 0)
    stage.equal("stock, on hand and reserved", await stage.stock(sku), (on_hand, 0))


def _altered(token: str, *, part: int) -> str:
    """The token with one character in the middle of one of its parts changed."""
    parts = token.split(".")
    middle = len(parts[part]) // 2
    swapped = "B" if parts[part][middle] == "A" else "A"
    parts[part] = parts[part][:middle] + swapped + parts[part][middle + 1 :]
    return ".".join(parts)


CHAPTER = Chapter(
    4,
    "What submit refuses",
    (
        Scene("tampered", "A forged quote", "R-SUB-3", tampered),
        Scene("moved", "The price has moved since the preview", "R-SUB-3", price_moved),
        Scene("twice", "The same goods twice", "R-SUB-4", submitted_twice),
        Scene("soldout", "Sold out meanwhile", "R-SUB-5, R-STK-2", sold_out),
    ),
)
