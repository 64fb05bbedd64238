"""Chapter 11: cancelled after it was paid."""

from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Stage
from cli.walkthrough.way_back import becomes, bought, inspects, money, price, reports, sends_back


async def at_once(stage: Stage) -> None:
    gina = stage.buyer("gina")
    await stage.shelve_by_hand("DEMO-STOPPED", 50_000, 3)
    order = await bought(stage, gina, ("DEMO-STOPPED", 2))
    order_no = order["order_no"]
    await money(stage, gina, order_no, back=0)
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-STOPPED"), (3, 2))
    await gina.post("cancels", f"/v1/orders/{order_no}/cancel", {"reason": "found it cheaper"})
    await gina.sees(order_no, "refunded")
    await money(stage, gina, order_no, back=price(order))
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-STOPPED"), (3, 0))
    await gina.timeline(order_no)


async def one_of_two(stage: Stage) -> None:
    hugo = stage.buyer("hugo")
    await stage.shelve_by_hand("DEMO-STAYS", 30_000, 3)
    await stage.shelve_by_hand("DEMO-GOES", 20_000, 3)
    order = await bought(stage, hugo, ("DEMO-STAYS", 1), ("DEMO-GOES", 1))
    order_no = order["order_no"]
    line = next(line for line in order["lines"] if line["sku"] == "DEMO-GOES")
    body = {"lines": [{"line_no": line["line_no"], "quantity": 1}], "reason": "one is enough"}
    shown = await hugo.post("cancels one of them", f"/v1/orders/{order_no}/cancel", body)
    case_no = shown["after_sales"][-1]["case_no"]
    await becomes(stage, hugo, case_no, "refunded")
    stage.equal("stock of what goes", await stage.stock("DEMO-GOES"), (3, 0))
    stage.equal("stock of what stays", await stage.stock("DEMO-STAYS"), (3, 1))
    await reports(stage, await hugo.order(order_no), "handed_over", "delivered")
    await hugo.sees(order_no, "completed")
    fee = line["shipping"]["amount"]
    await money(stage, hugo, order_no, back=20_000 + fee)


async def picked_already(stage: Stage) -> None:
    iris = stage.buyer("iris")
    await stage.shelve_by_hand("DEMO-PICKED", 40_000, 3)
    order = await bought(stage, iris, ("DEMO-PICKED", 1))
    order_no = order["order_no"]
    await reports(stage, order, "label_printed", "picked")
    shown = await iris.post("cancels", f"/v1/orders/{order_no}/cancel", {"reason": "changed her mind"})
    case_no = shown["after_sales"][-1]["case_no"]
    await becomes(stage, iris, case_no, "stopping")
    refusal = {"decision": "refuse", "note": "it is on the truck already"}
    await stage.warehouse().post("does not stop", f"/v1/after-sales/{case_no}/stop-decision", refusal)
    await becomes(stage, iris, case_no, "awaiting_return")
    await reports(stage, order, "packed", "handed_over", "delivered")
    await iris.sees(order_no, "awaiting_receipt")
    await sends_back(iris, case_no)
    await inspects(stage, case_no, {1: 1})
    await becomes(stage, iris, case_no, "refunded")
    stage.say("she changed her mind, and everything is back: the delivery fee comes back with it", "dim")
    await money(stage, iris, order_no, back=price(order))
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-PICKED"), (3, 0))


CHAPTER = Chapter(
    11,
    "Cancelled after it was paid",
    (
        Scene("stopped", "Nobody has begun: refunded at once", "R-REV-3, M3", at_once),
        Scene("one-of-two", "One of two lines; the other goes on", "R-REV-3, M2, M4", one_of_two),
        Scene(
            "picked",
            "Picked already: the warehouse refuses, and it becomes a return",
            "R-REV-3, R-REV-5",
            picked_already,
        ),
    ),
)
