"""Submit: one quote is one order, whoever repeats it and however; what is refused holds nothing (R-SUB-2 … R-SUB-5)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
import redis.asyncio

from devstack.stack import Stack
from tests.security.own_api import serving, settings_of
from tests.shop import TAIPEI, Document, Person, Shop, items, refused, succeeded, twd, until

TWINS = 10
WINDOW = 600
"""Seconds for which a shop that takes its time looks for duplicates: nobody is too late to be one."""


@pytest.fixture
async def patient_shop(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    settings = settings_of(stack, monkeypatch, duplicate_window_seconds=WINDOW)
    async with serving(settings) as (_, http):
        yield await Shop.open(stack, http)


async def ten_at_once(buyer: Person, quote: Document, keys: list[str | None]) -> list[httpx.Response]:
    body = {"quote_token": quote["quote_token"]}
    return await asyncio.gather(*(buyer.insists("/v1/orders", body, key=key) for key in keys))


def named(answer: httpx.Response) -> str:
    """The order that an answer names, placed or refused as a duplicate."""
    if answer.status_code != 201:
        refused(answer, 409, "duplicate_submission")
    return str(answer.json()["order_no"])


KEYS: dict[str, list[str | None]] = {
    "without_a_key": [None] * TWINS,
    "with_the_same_key": ["one-key"] * TWINS,
    "with_different_keys": [f"key-{number}" for number in range(TWINS)],
    "with_and_without_keys": [None, "one-key"] * (TWINS // 2),
}


@pytest.mark.parametrize("emptied", [False, True], ids=["redis_full", "redis_emptied"])
@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
async def test_one_quote_submitted_ten_times_at_once_is_one_order(
    shop: Shop, stack: Stack, keys: list[str | None], emptied: bool
) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    quote = await shop.previews(buyer, (sku, 1))
    answers = await ten_at_once(buyer, quote, keys)
    if emptied:
        await flush(stack)
        answers += await ten_at_once(buyer, quote, keys)
    (order_no,) = {named(answer) for answer in answers}
    assert await buyer.orders() == [order_no]
    assert await shop.stock(sku) == (5, 1)
    assert 201 in {answer.status_code for answer in answers}
    if len(set(keys)) == 1:
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.text for answer in answers}) == 1, "everybody with the same key gets the first answer"


async def flush(stack: Stack) -> None:
    async with redis.asyncio.Redis.from_url(stack.addresses.redis) as client:
        await client.flushall()


async def test_100_buyers_for_20_units_of_which_8_are_held_get_what_is_free(shop: Shop) -> None:
    sku = await shop.shelves(on_hand=20)
    crowd = [shop.buyer(f"buyer-{number}") for number in range(100)]
    quotes = [await shop.previews(buyer, (sku, 1)) for buyer in crowd]
    early = [shop.buyer(f"early-{number}") for number in range(4)]
    await asyncio.gather(*(shop.produces(buyer, (sku, 2)) for buyer in early))
    assert await shop.stock(sku) == (20, 8)

    answers = await asyncio.gather(*(buys(shop, *pair) for pair in zip(crowd, quotes, strict=True)))

    assert Counter(answer.status_code for answer in answers) == {201: 12, 409: 88}
    assert await shop.stock(sku) == (20, 20)
    for buyer, answer in zip(crowd, answers, strict=True):
        if answer.status_code == 409:
            problem = refused(answer, 409, "out_of_stock")
            assert problem["items"] == [{"sku": sku, "requested": 1, "available": 0}]
            assert problem["quote"]["warnings"][0]["code"] == "insufficient_stock"
            assert await buyer.orders() == []
        else:
            assert await buyer.orders() == [answer.json()["order_no"]]


async def buys(shop: Shop, buyer: Person, quote: Document) -> httpx.Response:
    """The answer to a submit. What it gets is paid for at once: it has it still when the last of a crowd is served."""
    answer = await buyer.insists("/v1/orders", {"quote_token": quote["quote_token"]})
    if answer.status_code == 201:
        await shop.pays(buyer, answer.json()["order_no"])
    return answer


async def test_one_line_short_refuses_the_whole_order(shop: Shop) -> None:
    buyer, plenty, few = shop.buyer(), await shop.shelves(on_hand=9), await shop.shelves(on_hand=1)
    quote = await shop.previews(buyer, (plenty, 2), (few, 2))
    assert [line["stock_hint"] for line in quote["lines"]] == ["low", "insufficient"]
    async with shop.nothing_changes(buyer, plenty, few):
        answer = await buyer.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
        problem = refused(answer, 409, "out_of_stock")
    assert problem["items"] == [{"sku": few, "requested": 2, "available": 1}]


async def test_a_refused_quote_stays_refused_and_its_fresh_quote_can_be_submitted(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=0)
    quote = await shop.previews(buyer, (sku, 1))
    body = {"quote_token": quote["quote_token"]}
    fresh = refused(await buyer.ask("POST", "/v1/orders", body, key="k"), 409, "out_of_stock")["quote"]
    await shop.shelves(on_hand=3, sku=sku)

    for key in ("k", None, "another"):
        refused(await buyer.ask("POST", "/v1/orders", body, key=key), 409, "out_of_stock")
    assert await shop.stock(sku) == (3, 0)

    order = await shop.submits(buyer, fresh)
    assert await buyer.orders() == [order["order_no"]]
    assert await shop.stock(sku) == (3, 1)


async def test_a_second_quote_for_the_same_goods_is_blocked_within_the_window(patient_shop: Shop) -> None:
    shop = patient_shop
    buyer, tea, pot = shop.buyer(), await shop.shelves(), await shop.shelves()
    order_no = await shop.places(buyer, (tea, 1), (pot, 2))
    again = await shop.previews(buyer, (pot, 1), (tea, 1), (pot, 1))
    async with shop.nothing_changes(buyer, tea, pot):
        answer = await buyer.ask("POST", "/v1/orders", {"quote_token": again["quote_token"]})
        assert refused(answer, 409, "duplicate_submission")["order_no"] == order_no


async def test_two_quotes_for_the_same_goods_at_once_are_one_order(patient_shop: Shop) -> None:
    shop = patient_shop
    buyer, sku = shop.buyer(), await shop.shelves()
    quotes = [await shop.previews(buyer, (sku, 1)) for _ in range(4)]
    answers = [
        answer
        for answers in await asyncio.gather(*(ten_at_once(buyer, quote, [None]) for quote in quotes))
        for answer in answers
    ]
    (order_no,) = {named(answer) for answer in answers}
    assert await buyer.orders() == [order_no]
    assert await shop.stock(sku) == (100, 1)


async def test_other_goods_other_quantities_and_other_buyers_are_no_duplicates(shop: Shop) -> None:
    sku, other = await shop.shelves(), await shop.shelves()
    alice, bob = shop.buyer("alice"), shop.buyer("bob")
    placed = [
        await shop.places(alice, (sku, 1)),
        await shop.places(alice, (sku, 2)),
        await shop.places(alice, (other, 1)),
        await shop.places(bob, (sku, 1)),
    ]
    assert len(set(placed)) == 4


async def test_after_the_window_the_same_goods_may_be_ordered_again(patient_shop: Shop, stack: Stack) -> None:
    shop = patient_shop
    buyer, sku = shop.buyer(), await shop.shelves()
    first = await shop.places(buyer, (sku, 1))
    async with redis.asyncio.Redis.from_url(stack.addresses.redis) as client:
        held = await until(lambda: keys_of(client, first), lambda keys: len(keys) == 1)
        assert 0 < await client.ttl(held[0]) <= WINDOW
        await client.delete(held[0])
    assert await shop.places(buyer, (sku, 1)) != first


async def keys_of(client: "redis.asyncio.Redis", order_no: str) -> list[bytes]:
    return [key async for key in client.scan_iter("dup:*") if await client.get(key) == order_no.encode()]


async def test_goods_refused_for_stock_do_not_make_the_next_quote_a_duplicate(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=0)
    first = await shop.previews(buyer, (sku, 1))
    refused(await buyer.ask("POST", "/v1/orders", {"quote_token": first["quote_token"]}), 409, "out_of_stock")
    await shop.shelves(on_hand=1, sku=sku)
    await shop.places(buyer, (sku, 1))
    assert await shop.stock(sku) == (1, 1)


async def test_a_key_used_for_another_quote_is_refused(shop: Shop) -> None:
    buyer, sku, other = shop.buyer(), await shop.shelves(), await shop.shelves()
    order = await shop.submits(buyer, await shop.previews(buyer, (sku, 1)), "k")
    quote = await shop.previews(buyer, (other, 1))
    async with shop.nothing_changes(buyer, sku, other):
        body = {"quote_token": quote["quote_token"]}
        refused(await buyer.ask("POST", "/v1/orders", body, key="k"), 422, "idempotency_key_reused")
    assert await buyer.orders() == [order["order_no"]]


async def test_a_key_is_its_buyers_own(shop: Shop) -> None:
    sku = await shop.shelves()
    placed = {
        (await shop.submits(buyer, await shop.previews(buyer, (sku, 1)), "k"))["order_no"]
        for buyer in (shop.buyer("alice"), shop.buyer("bob"))
    }
    assert len(placed) == 2


async def test_the_first_answer_is_given_again_whatever_became_of_the_order(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    quote = await shop.previews(buyer, (sku, 1))
    first = await shop.submits(buyer, quote, "k")
    await buyer.post(f"/v1/orders/{first['order_no']}/cancel", {})
    assert await shop.submits(buyer, quote, "k") == first
    assert await shop.stock(sku) == (100, 0)


async def test_a_price_that_moved_is_refused_by_field_and_the_fresh_quote_is_accepted(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(price=10_000)
    quote = await shop.previews(buyer, (sku, 2))
    await shop.shelves(price=11_000, sku=sku)
    async with shop.nothing_changes(buyer, sku):
        answer = await buyer.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
        problem = refused(answer, 409, "quote_changed")
    changes = {change["field"]: (change["quoted"], change["now"]) for change in problem["changes"]}
    assert changes["totals.payable"] == (26_000, 28_000)
    assert any(field.endswith("unit_price") and change == (10_000, 11_000) for field, change in changes.items())
    assert (await shop.submits(buyer, problem["quote"]))["totals"]["payable"] == twd(28_000)


async def test_a_shipping_fee_that_moved_is_refused_too(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    quote = await shop.previews(buyer, (sku, 1))
    await shop.opens_merchant(shipping=9000)
    async with shop.nothing_changes(buyer, sku):
        answer = await buyer.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
        problem = refused(answer, 409, "quote_changed")
    assert "totals.shipping" in {change["field"] for change in problem["changes"]}


async def test_an_unknown_channel_is_refused_before_anything_is_held(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    quote = await shop.previews(buyer, (sku, 1))
    async with shop.nothing_changes(buyer, sku):
        body = {"quote_token": quote["quote_token"], "payment_channel": "gold"}
        problem = refused(await buyer.ask("POST", "/v1/orders", body), 422, "payment_channel_unknown")
    assert (problem["channel"], "card" in problem["allowed_channels"]) == ("gold", True)


async def test_preview_stores_and_holds_nothing(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=3)
    async with shop.nothing_changes(buyer, sku):
        quotes = [await shop.previews(buyer, (sku, 3)) for _ in range(3)]
    assert len({quote["quote_id"] for quote in quotes}) == 3
    assert all(quote["warnings"] == [] for quote in quotes)


async def test_a_sku_named_twice_is_one_line(shop: Shop) -> None:
    buyer, sku, other = shop.buyer(), await shop.shelves(on_hand=3), await shop.shelves()
    body = {"items": items((sku, 1), (other, 1), (sku, 2)), "address": TAIPEI}
    quote = succeeded(await buyer.ask("POST", "/v1/quotes", body))
    assert [(line["sku"], line["quantity"]) for line in quote["lines"]] == [(sku, 3), (other, 1)]
    order = await shop.submits(buyer, quote)
    assert [(line["sku"], line["quantity"]) for line in order["lines"]] == [(sku, 3), (other, 1)]
    assert await shop.stock(sku) == (3, 3)
