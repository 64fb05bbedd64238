"""Chapter 5: what offers make of a price, and what becomes of them with the order."""

from dataclasses import dataclass

from rich.table import Table

from cli.client import JsonObject
from cli.purchase import goods, money_of
from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.offers import applied, compared, considered, parcels, sum_of
from cli.walkthrough.stage import Actor, Stage, home
from ordersaga.domain.money import Money

_CART = (("TEA-POT-CLAY", 2), ("BOOK-ATLAS", 2), ("FISH-SALMON", 1))
_POINTS = 300


async def best_price(stage: Stage) -> None:
    nora = stage.buyer("nora")
    quotes = {"as anybody": await _preview(nora, *_CART)}
    stage.show(considered(quotes["as anybody"]))
    await stage.operator.put("makes her a SUPER member", f"/v1/admin/members/{nora.caller.subject}", {"tier": "super"})
    quotes["as SUPER member"] = await _preview(nora, *_CART)
    coupon = await nora.post("claims a coupon", "/v1/coupons", {"claim_code": "MOON-200"})
    quotes["with a coupon"] = await _preview(nora, *_CART)
    await _give_points(stage, nora, 500)
    last = quotes["and with points"] = await _preview(nora, *_CART, points=_POINTS)
    stage.show(considered(last))
    stage.show(compared(quotes))
    payable = [money_of(quote["totals"]["payable"]).amount for quote in quotes.values()]
    stage.check("each step costs less than the one before", payable == sorted(set(payable), reverse=True), payable)
    stage.check("the coupon that she holds was found", coupon["coupon_code"] in applied(last), sorted(applied(last)))
    _check_sums(stage, last)
    order_no = str((await nora.submit(last))["order_no"])
    await nora.pay(order_no)
    order = await stage.until(
        "the warehouses have the order", lambda: nora.order(order_no), lambda order: bool(order["parcels"])
    )
    stage.check("the order costs what the quote promised", order["totals"] == last["totals"], order["totals"])
    _check_parcels(stage, order)
    await _show_bearers(stage, order)


async def undone(stage: Stage) -> None:
    omar = stage.buyer("omar")
    await omar.post("claims a coupon", "/v1/coupons", {"claim_code": "HELLO-50"})
    await _give_points(stage, omar, 120)
    before = await _wallet(omar)
    quote = await _preview(omar, ("FISH-SALMON", 3), points=100)
    stage.show(considered(quote))
    order_no = str((await omar.submit(quote))["order_no"])
    held = await _wallet(omar)
    await omar.post("cancels", f"/v1/orders/{order_no}/cancel", {"reason": "no room in the freezer"})
    await omar.sees(order_no, "cancelled")
    after = await _wallet(omar)
    _show_wallets(stage, {"before": before, "while the order waits": held, "after the cancel": after})
    stage.equal("the coupon was held by the order", held.coupons, "locked")
    stage.equal("his points that were locked", held.locked, 100)
    stage.equal("the coupon is back", after.coupons, "returned")
    stage.equal("his points that are free again", after.balance - after.locked, before.balance)
    again = await _preview(omar, ("FISH-SALMON", 2))
    (taken,) = applied(again).values()
    stage.equal("the coupon may be used again, and takes off", str(taken), "50.00 TWD")


async def wanted_twice(stage: Stage) -> None:
    pia = stage.buyer("pia")
    coupon = await pia.post("claims a coupon", "/v1/coupons", {"claim_code": "HELLO-50"})
    one, other = await _preview(pia, ("FISH-SALMON", 4)), await _preview(pia, ("FISH-SALMON", 5))
    stage.check(
        "both quotes rest on it", all(coupon["coupon_code"] in applied(quote) for quote in (one, other)), applied(other)
    )
    first = await pia.submit(one)
    body = {"quote_token": other["quote_token"]}
    doing = "submits the other"
    refusal = await pia.refused(doing, "POST", "/v1/orders", body, status=409, code="coupon_unavailable")
    stage.equal("the refusal names the coupon, and why", refusal["reason"], "coupon_locked")
    fresh: JsonObject = refusal["quote"]
    stage.show(compared({"what she was promised": other, "without the coupon": fresh}))
    difference = money_of(fresh["totals"]["payable"]) - money_of(other["totals"]["payable"])
    stage.equal("the fresh quote costs more by", str(difference), str(applied(other)[coupon["coupon_code"]]))
    second = await pia.submit(fresh)
    stage.check("with it there are two orders", first["order_no"] != second["order_no"])
    (held,) = (await pia.get("looks at her coupons", "/v1/coupons"))["items"]
    stage.equal("the coupon is held by the first order", held["order_no"], first["order_no"])


@dataclass(frozen=True, slots=True)
class _Wallet:
    """`coupons` are the states of somebody's coupons, one after the other."""

    coupons: str
    balance: int
    locked: int


async def _wallet(buyer: Actor) -> _Wallet:
    coupons = (await buyer.caller.get("/v1/coupons"))["items"]
    points = (await buyer.caller.get("/v1/membership"))["points"]
    return _Wallet(", ".join(coupon["state"] for coupon in coupons), points["balance"], points["locked"])


def _show_wallets(stage: Stage, wallets: dict[str, _Wallet]) -> None:
    table = Table("", "coupon", "points", "of them locked", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name, wallet in wallets.items():
        table.add_row(name, wallet.coupons, str(wallet.balance), str(wallet.locked))
    stage.show(table)


async def _preview(buyer: Actor, *items: tuple[str, int], points: int = 0) -> JsonObject:
    what = " and ".join(f"{quantity} × {sku}" for sku, quantity in items)
    body = {"items": goods(*items), "address": home(buyer.name), "points": points}
    return await buyer.post(f"previews {what}{f' with {points} points' if points else ''}", "/v1/quotes", body)


async def _give_points(stage: Stage, buyer: Actor, points: int) -> None:
    body = {"points": points, "document": f"demo/{stage.name}", "reason": "a birthday"}
    path = f"/v1/admin/members/{buyer.caller.subject}/points"
    await stage.operator.post(f"gives {buyer.name} {points} points", path, body)


def _check_sums(stage: Stage, quote: JsonObject) -> None:
    totals = {name: money_of(amount) for name, amount in quote["totals"].items()}
    wanted = totals["goods"] - totals["discount"] - totals["points"] + totals["shipping"]
    stage.equal("goods less discounts less points, and delivery, make the payable", totals["payable"], wanted)
    nothing = Money.zero(wanted.currency)
    taken = sum(applied(quote).values(), start=nothing)
    off = totals["discount"] + totals["points"] + totals["shipping_discount"]
    stage.equal("what the offers take off is what is taken off", taken, off)


def _check_parcels(stage: Stage, order: JsonObject) -> None:
    stage.show(parcels(order))
    payable = money_of(order["totals"]["payable"])
    shares = (sum_of(parcel, name) for parcel in order["parcels"] for name in ("payable", "shipping"))
    stage.equal(
        "the parcels' goods and delivery make the payable", sum(shares, start=Money.zero(payable.currency)), payable
    )


async def _show_bearers(stage: Stage, order: JsonObject) -> None:
    found = await stage.operator.get("asks who bears what was taken off", f"/v1/orders/{order['order_no']}/allocations")
    table = Table("bearer", "off goods", "points", "off delivery", "in all", box=None, header_style="dim")
    for share in found["shares"]:
        amounts = (str(money_of(share[name])) for name in ("discount", "points", "shipping_discount", "total"))
        table.add_row(share["merchant_id"] or share["bearer"], *amounts)
    stage.show(table)
    totals = {name: money_of(amount) for name, amount in order["totals"].items()}
    off = totals["discount"] + totals["points"] + totals["shipping_discount"]
    borne = sum((money_of(share["total"]) for share in found["shares"]), start=Money.zero(off.currency))
    stage.equal("together they bear", borne, off)


CHAPTER = Chapter(
    5,
    "Offers",
    (
        Scene("offers", "The best price, and why", "R-PRC-1, R-PRC-2, R-PRC-3, R-SUB-1, R-SPL-1", best_price),
        Scene("undone", "A cancel gives the coupon and the points back", "R-REV-2, S6", undone),
        Scene("scarce", "One coupon, wanted by two orders", "R-SUB-2, R-SUB-5, S6", wanted_twice),
    ),
)
