"""What scenes of the way back have in common: goods that arrive, claims on them, and the money before and after."""

from typing import Any

from rich.table import Table

from cli.client import JsonObject
from cli.purchase import money_of
from cli.walkthrough.stage import Actor, Stage
from ordersaga.domain.money import Money

Lines = dict[int, int]
"""Line number → quantity."""


async def bought(stage: Stage, buyer: Actor, *items: tuple[str, int], **wishes: Any) -> JsonObject:
    """The order, paid and split."""
    order_no = await buyer.place(*items, **wishes)
    await buyer.pay(order_no)
    shown: JsonObject = await stage.until(
        "the warehouse has the order", lambda: buyer.order(order_no), lambda order: bool(order["parcels"])
    )
    return shown


async def reports(stage: Stage, order: JsonObject, *events: str) -> None:
    """The warehouse reports of every parcel of the order that is under way."""
    for parcel in order["parcels"]:
        if parcel["state"] not in ("cancelled", "written_off", "delivered"):
            for event in events:
                path = f"/v1/parcels/{parcel['parcel_no']}/events"
                await stage.warehouse(parcel["warehouse_id"]).caller.post(path, {"event": event})
    stage.say(f"the parcel is {events[-1].replace('_', ' ')}", "dim")


async def received(stage: Stage, buyer: Actor, *items: tuple[str, int], **wishes: Any) -> JsonObject:
    """The order, with its parcels at the door."""
    order = await bought(stage, buyer, *items, **wishes)
    await reports(stage, order, "handed_over", "delivered")
    order_no = order["order_no"]
    shown: JsonObject = await stage.until("the parcels are delivered", lambda: buyer.order(order_no), _may_be_returned)
    return shown


async def claims(buyer: Actor, order: JsonObject, kind: str, lines: Lines, reason: str, **more: Any) -> tuple[str, int]:
    """Ask what would come back, and open the case. Its number, and the answer in cents."""
    path = f"/v1/orders/{order['order_no']}/after-sales"
    wanted = {"kind": kind, "lines": claimed(lines), "reason": reason}
    told = (await buyer.post(f"asks what a {kind} would bring", f"{path}/preview", wanted))["would_come_back"]
    buyer.stage.show(breakdown(told))
    opened = await buyer.post(f"claims a {kind}: {reason.replace('_', ' ')}", path, {**wanted, **more})
    return str(opened["case_no"]), int(told["money"]["amount"])


def breakdown(told: JsonObject) -> Table:
    """What would come back, line by line, and what is withheld and why."""
    table = Table("line", "units", "goods", "delivery", "withheld", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for line in told["lines"]:
        goods, fee = money_of(line["goods"]), money_of(line["shipping"])
        table.add_row(str(line["line_no"]), str(line["quantity"]), str(goods), str(fee), "")
    for item in told["withheld"]:
        table.add_row("", "", "", "", f"{money_of(item['amount'])}: {item['reason'].replace('_', ' ')}")
    table.add_row("", "", str(money_of(told["money"])), "", "in all")
    return table


def claimed(lines: Lines) -> list[JsonObject]:
    return [{"line_no": line_no, "quantity": quantity} for line_no, quantity in lines.items()]


async def decides(who: Actor, case_no: str, decision: str = "approve", note: str = "looked at the photographs") -> None:
    doing = {"approve": "approves", "reject": "rejects"}[decision]
    await who.post(doing, f"/v1/after-sales/{case_no}/decision", {"decision": decision, "note": note})


async def sends_back(buyer: Actor, case_no: str) -> None:
    path = f"/v1/after-sales/{case_no}/return-shipment"
    await buyer.post("sends it back", path, {"carrier": "post", "tracking_no": "RR123456785TW"})


async def inspects(stage: Stage, case_no: str, lines: Lines, restock: str = "sellable", note: str = "") -> None:
    found = [{"line_no": line_no, "accepted": accepted, "restock": restock} for line_no, accepted in lines.items()]
    path = f"/v1/after-sales/{case_no}/inspection"
    await stage.warehouse().post("inspects what came back", path, {"lines": found, "note": note or "unpacked"})


async def becomes(stage: Stage, buyer: Actor, case_no: str, status: str, *, within: float = 30.0) -> JsonObject:
    """Wait until the case has this status. The case."""
    path = f"/v1/after-sales/{case_no}"
    shown: JsonObject = await stage.until(
        f"the case is {status}",
        lambda: buyer.caller.get(path),
        lambda case: bool(case["status"] == status),
        within=within,
    )
    return shown


async def money(stage: Stage, buyer: Actor, order_no: str, *, back: int) -> None:
    """Show what was paid and what came back, and check both; `back` is in cents."""
    order = await buyer.order(order_no)
    taken = [payment for payment in order["payments"] if payment["received"]]
    table = Table("", "money", box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_row("paid", str(_sum(taken, "received")))
    table.add_row("back", str(_sum(taken, "refunded")))
    table.add_row("kept", str(_sum(taken, "received") - _sum(taken, "refunded")))
    stage.show(table)
    stage.equal("paid", _sum(taken, "received"), money_of(order["totals"]["payable"]))
    stage.equal("back with the buyer", _sum(taken, "refunded"), Money(back, "TWD"))
    states = {refund["state"] for refund in order["refunds"]}
    stage.check("the provider has paid it back", states <= {"succeeded"}, states)


def _may_be_returned(order: JsonObject) -> bool:
    delivered = all(parcel["state"] == "delivered" for parcel in order["parcels"])
    return delivered and any(
        one["action"] == "request_after_sales" and one["enabled"] for one in order["available_actions"]
    )


def _sum(payments: list[JsonObject], name: str) -> Money:
    return sum((money_of(payment[name]) for payment in payments), start=Money.zero("TWD"))


def price(order: JsonObject) -> int:
    """What the order cost, in cents."""
    return int(order["totals"]["payable"]["amount"])
