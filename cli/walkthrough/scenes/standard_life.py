"""Chapter 1: a standard order from preview to completion, confirmed by its buyer or by itself."""

from rich.table import Table

from cli.client import JsonObject
from cli.purchase import money_of
from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.history import MOST_EVENTS, run_cost
from cli.walkthrough.stage import Actor, Stage
from ordersaga.domain.money import Money

_GOODS = (("TEA-OOLONG-150", 2), ("BOOK-TIDES", 1), ("LAMP-DESK", 1))


async def whole_life(stage: Stage) -> None:
    alice = stage.buyer("alice")
    before = {sku: await stage.stock(sku) for sku, _ in _GOODS}
    quote = await alice.preview(*_GOODS)
    stage.equal("a preview creates nothing, her orders", await _order_count(alice), 0)
    submitted = await alice.submit(quote)
    order_no = str(submitted["order_no"])
    stage.equal("the order is", submitted["status"], "awaiting_payment")
    for sku, quantity in _GOODS:
        on_hand, reserved = before[sku]
        stage.equal(f"stock of {sku}, on hand and reserved", await stage.stock(sku), (on_hand, reserved + quantity))
    await alice.pay(order_no)
    shown = await stage.until(
        "the warehouses have the order", lambda: alice.order(order_no), lambda order: bool(order["parcels"])
    )
    _check_split(stage, shown)
    await _receive(stage, alice, order_no)
    done = await alice.sees(order_no, "completed")
    await alice.timeline(order_no)
    for sku, quantity in _GOODS:
        on_hand, reserved = before[sku]
        stage.equal(f"stock of {sku}, on hand and reserved", await stage.stock(sku), (on_hand - quantity, reserved))
    await _show_cost(stage, done)


async def automatic_confirmation(stage: Stage) -> None:
    dave = stage.buyer("dave")
    await stage.shelve("DEMO-QUIET-BUYER", 45_000, 3)
    order_no = await dave.place(("DEMO-QUIET-BUYER", 1))
    await dave.pay(order_no)
    stage.say("dave never says that his parcel came", "dim")
    done = await dave.sees(order_no, "completed", within=60)
    actions = [item["action"] for item in await dave.timeline(order_no)]
    stage.check("receipt was confirmed by the system", "confirm_receipt_automatically" in actions, actions)
    await _show_cost(stage, done)


async def _receive(stage: Stage, buyer: Actor, order_no: str) -> None:
    await stage.until(
        "every parcel is delivered",
        lambda: buyer.order(order_no),
        lambda order: (
            all(parcel["state"] == "delivered" for parcel in order["parcels"]) and _enabled(order, "confirm_receipt")
        ),
    )
    await buyer.post("confirms receipt", f"/v1/orders/{order_no}/confirm-receipt", {})
    review = {"reviews": [{"line_no": 1, "rating": 5, "text": "Fragrant, even the third infusion."}]}
    await buyer.post("writes a review", f"/v1/orders/{order_no}/reviews", review)


async def _order_count(buyer: Actor) -> int:
    return len((await buyer.get("looks at her orders", "/v1/orders"))["items"])


def _enabled(order: JsonObject, action: str) -> bool:
    return any(one["action"] == action and one["enabled"] for one in order["available_actions"])


def _check_split(stage: Stage, order: JsonObject) -> None:
    table = Table("parcel", "seller", "warehouse", "goods", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for parcel in order["parcels"]:
        inside = ", ".join(f"{line['quantity']} × {line['sku']}" for line in parcel["lines"])
        table.add_row(parcel["parcel_no"], parcel["merchant_id"], parcel["warehouse_id"], inside)
    stage.show(table)
    sellers = {parcel["merchant_id"] for parcel in order["parcels"]}
    stage.equal("the order was split, its sellers", len(sellers), 3)
    units = sum(line["quantity"] for parcel in order["parcels"] for line in parcel["lines"])
    stage.equal("units in the parcels", units, sum(quantity for _, quantity in _GOODS))
    paid = [money_of(payment["amount"]) for payment in order["payments"] if payment["state"] == "succeeded"]
    payable = money_of(order["totals"]["payable"])
    stage.equal("charged", sum(paid, start=Money.zero(payable.currency)), payable)


async def _show_cost(stage: Stage, order: JsonObject) -> None:
    numbers = [parcel["parcel_no"] for parcel in order["parcels"]]
    cost = await run_cost(stage.addresses, order["order_no"], numbers)
    if len(numbers) == 1:
        stage.check(f"history of the run: {cost.events} events, of at most {MOST_EVENTS}", cost.events <= MOST_EVENTS)
    else:
        stage.say(f"history of the run: {cost.events} events, of which each parcel brings its share", "dim")
    stage.say("history of its parcels: " + ", ".join(f"{events} events" for events in cost.parcels), "dim")
    if cost.submit_tasks == 1:
        stage.check("submit was one workflow task", True)
    else:
        # More than one is no wrong result: on a machine that is busy enough a workflow task is split in two.
        stage.say(f"! submit took {cost.submit_tasks} workflow tasks; one when nothing is slow", "yellow")


CHAPTER = Chapter(
    1,
    "A standard order",
    (
        Scene("life", "From preview to completion", "R-SUB-1, R-SUB-2, R-STK-2, R-SPL-1, R-FUL-1, R-CMP-1", whole_life),
        Scene("silence", "Receipt confirms itself", "R-CNF-1", automatic_confirmation),
    ),
)
