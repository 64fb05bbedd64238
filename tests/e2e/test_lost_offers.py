"""What a quote rests on is gone or changed before its submit: the answer says what, and nothing is held (S6, M7)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
import pytest

from tests.e2e.unhurried import UnhurriedShop
from tests.marketing import Marketing, applied, fields_of, off, offers_of, percent, sek
from tests.shop import Document, Person, Shop, refused, succeeded, twd, until

CROWD = 50


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """What an order holds here does not come back in the middle of a test."""
    return unhurried


async def submit(buyer: Person, quote: Document) -> httpx.Response:
    return await buyer.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})


@dataclass(frozen=True, slots=True)
class Sale:
    """A tea at 100.00 of which a promotion takes 10 %, for 50.00 in all."""

    shop: Shop
    marketing: Marketing
    tea: str

    async def changes(self, effect: Document, **terms: object) -> str:
        return await self.marketing.promotes("ten", effect, self.tea, **terms)

    async def costs_more(self) -> None:
        await self.shop.shelves(price=12_000, sku=self.tea)

    async def takes_less(self) -> None:
        await self.changes(percent(500), budget=twd(5000))

    async def ends(self) -> None:
        await self.changes(percent(1000), enabled=False)

    async def gives_something(self) -> None:
        gift = await self.shop.shelves(price=500)
        await self.marketing.promotes("gift", {"kind": "gift", "sku": gift}, self.tea)

    async def is_used_up(self) -> None:
        await self.shop.places(self.shop.buyer("bob"), (self.tea, 4))


Change = Callable[[Sale], Awaitable[None]]
TOTALS = {"totals.discount", "totals.payable", "totals.due_now"}
CHANGES: dict[str, tuple[Change, str, set[str]]] = {
    "the price": (
        Sale.costs_more,
        "quote_changed",
        TOTALS
        | {"totals.goods", *(f"lines.0.{name}" for name in ("unit_price", "amount", "discounts.0.amount", "payable"))},
    ),
    "the promotion": (Sale.takes_less, "quote_changed", TOTALS | {"lines.0.discounts.0.amount", "lines.0.payable"}),
    "the end of the promotion": (
        Sale.ends,
        "quote_changed",
        TOTALS | {"lines.0.discounts.0", "lines.0.payable"},
    ),
    "a gift": (Sale.gives_something, "quote_changed", {"lines.1", "totals.goods", "totals.discount"}),
    "its budget": (Sale.is_used_up, "offer_exhausted", TOTALS | {"lines.0.discounts.0", "lines.0.payable"}),
}


@pytest.mark.parametrize(("change", "code", "fields"), CHANGES.values(), ids=CHANGES)
async def test_what_changes_between_preview_and_submit_is_named_and_the_fresh_quote_holds(
    shop: Shop, change: Change, code: str, fields: set[str]
) -> None:
    sale = Sale(shop, Marketing(shop), await shop.shelves(price=10_000))
    ten = await sale.changes(percent(1000), budget=twd(5000))
    buyer = shop.buyer()
    quote = await shop.previews(buyer, (sale.tea, 2))
    assert applied(quote) == {ten: 2000}
    await change(sale)

    async with shop.nothing_changes(buyer, sale.tea):
        problem = refused(await submit(buyer, quote), 409, code)
    assert fields_of(problem) == fields
    if code == "offer_exhausted":
        assert (problem["source"], problem["offer_code"], problem["reason"]) == ("promotion", ten, "budget_exhausted")
    order = await shop.submits(buyer, problem["quote"])
    assert order["totals"] == problem["quote"]["totals"]


@pytest.mark.parametrize("named", [True, False], ids=["named", "left_to_the_shop"])
async def test_a_coupon_that_another_order_holds_is_named_with_the_reason(shop: Shop, named: bool) -> None:
    marketing, buyer, tea = Marketing(shop), shop.buyer(), await shop.shelves(price=10_000)
    coupon = await marketing.grants("once", off(1000), tea, to=buyer)
    choice = {"coupon_codes": [coupon]} if named else {}
    quote = await shop.previews(buyer, (tea, 1), **choice)
    await shop.places(buyer, (tea, 2), **choice)

    problem = refused(await submit(buyer, quote), 409, "coupon_unavailable")
    assert (problem["coupon_code"], problem["reason"]) == (coupon, "coupon_locked")
    assert "lines.0.discounts.0" in fields_of(problem)
    assert applied(problem["quote"]) == {}
    if named:
        assert offers_of(problem["quote"])[coupon]["reason"] == "coupon_locked"
    assert (await shop.submits(buyer, problem["quote"]))["totals"]["payable"] == twd(16_000)


async def test_points_that_another_order_holds_are_missed(shop: Shop) -> None:
    marketing, buyer = Marketing(shop), shop.buyer()
    tea = await marketing.shelves_for_points(price=10_000)
    await marketing.gives_points(buyer, 300)
    quote = await shop.previews(buyer, (tea, 1), points=200)
    assert quote["totals"]["points"] == sek(2000)
    await shop.places(buyer, (tea, 2), points=200)
    assert await marketing.points_of(buyer) == (300, 200)

    problem = refused(await submit(buyer, quote), 409, "points_unavailable")
    assert (problem["points"], problem["at_most"], problem["reason"]) == (200, 100, "points_beyond_balance")
    assert {"lines.0.points", "totals.points"} <= fields_of(problem)
    assert offers_of(problem["quote"])["points"]["at_most"] == 100
    assert (await shop.submits(buyer, problem["quote"]))["totals"]["points"] == sek(0)
    assert await marketing.points_of(buyer) == (300, 200)


async def test_of_fifty_submits_at_once_with_one_coupon_one_is_an_order(shop: UnhurriedShop) -> None:
    marketing, buyer, tea = Marketing(shop), shop.buyer(), await shop.shelves(on_hand=5000, price=10_000)
    coupon = await marketing.grants("once", off(1000), tea, to=buyer)
    quotes = await asyncio.gather(*(shop.previews(buyer, (tea, number)) for number in range(1, CROWD + 1)))
    assert all(applied(quote) == {coupon: 1000} for quote in quotes)

    answers = await asyncio.gather(
        *(shop.placer(buyer).insists("/v1/orders", {"quote_token": quote["quote_token"]}) for quote in quotes)
    )

    (order,) = [succeeded(answer) for answer in answers if answer.is_success]
    for answer in answers:
        if not answer.is_success:
            problem = refused(answer, 409, "coupon_unavailable")
            assert (problem["coupon_code"], problem["reason"]) == (coupon, "coupon_locked")
            assert "lines.0.discounts.0" in fields_of(problem)
            assert applied(problem["quote"]) == {}
    assert await buyer.orders() == [order["order_no"]]
    assert await shop.stock(tea) == (5000, order["lines"][0]["quantity"])
    assert await marketing.coupon_states(buyer) == {coupon: "locked"}
    await shop.pays(buyer, order["order_no"])
    await shop.until(order["order_no"], "in_production")
    assert await marketing.coupon_states(buyer) == {coupon: "used"}


async def test_a_submit_that_is_sent_many_times_never_misses_the_coupon_that_it_holds_itself(shop: Shop) -> None:
    marketing, buyer, tea = Marketing(shop), shop.buyer(), await shop.shelves(price=10_000)
    await marketing.grants("once", off(1000), tea, to=buyer)
    body = {"quote_token": (await shop.previews(buyer, (tea, 1)))["quote_token"]}

    async def send(turn: int) -> httpx.Response:
        await asyncio.sleep(turn * 0.004)  # so that some come while others take the coupon
        return await buyer.insists("/v1/orders", body, key="k")

    answers = await asyncio.gather(*(send(turn) for turn in range(CROWD)))
    assert len({succeeded(answer)["order_no"] for answer in answers}) == 1


async def test_a_cancelled_order_gives_its_coupon_back_for_the_next(shop: Shop) -> None:
    marketing, buyer, tea = Marketing(shop), shop.buyer(), await shop.shelves(price=10_000)
    coupon = await marketing.grants("once", off(1000), tea, to=buyer)
    order_no = await shop.places(buyer, (tea, 1))
    assert await marketing.coupon_states(buyer) == {coupon: "locked"}
    await buyer.post(f"/v1/orders/{order_no}/cancel", {"reason": ""})
    await until(lambda: marketing.coupon_states(buyer), lambda states: states == {coupon: "returned"})
    again = await shop.previews(buyer, (tea, 2))
    assert applied(again) == {coupon: 1000}
    assert (await shop.submits(buyer, again))["totals"]["discount"] == twd(1000)
