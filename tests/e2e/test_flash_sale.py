"""A flash sale over HTTP: who is let in, who is told what, and how what comes back is sold again (R-TYPE-2)."""

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis
from temporalio.client import Client

from ordersaga.domain.messages import order_workflow_id
from tests.e2e.passing_time import passes
from tests.e2e.unhurried import MINUTES, UnhurriedShop
from tests.flash_sales import FlashSale, outcomes
from tests.shop import Shop, items, refused, until

pytestmark = pytest.mark.timeout(100)


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """What is held here comes back when it is given back, and not by itself."""
    return unhurried


async def test_a_sale_opens_at_its_time_and_not_before(shop: Shop) -> None:
    sale = await FlashSale.opens(shop, 2, begins=timedelta(minutes=30))
    problem = refused(await sale.asks(shop.buyer()), 409, "campaign_unavailable")
    assert (problem["reason"], problem["campaign"]) == ("not_open", sale.code)
    opening = datetime.fromisoformat(problem["starts_at"])
    assert timedelta(minutes=25) < opening - datetime.now(UTC) < timedelta(minutes=31)
    await sale.is_entered()
    quote = await sale.previews(shop.buyer())
    await sale.is_entered(begins=-timedelta(hours=2))
    problem = refused(await sale.asks(shop.buyer()), 409, "campaign_unavailable")
    assert problem["reason"] == "ended"
    answer = await shop.buyer().ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
    assert refused(answer, 409, "campaign_unavailable")["reason"] == "ended"


async def test_whoever_wants_more_than_is_left_is_told_how_much_is(shop: Shop) -> None:
    sale, (alice, bob) = await FlashSale.opens(shop, 3), (shop.buyer("alice"), shop.buyer("bob"))
    quote = await sale.previews(bob, 2)
    await sale.places(alice, 2)
    for answer in (await sale.asks(bob, 2), await bob.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})):
        problem = refused(answer, 409, "sold_out")
        assert (problem["left"], problem["wanted"]) == (1, 2)
    await sale.places(bob, 1)
    assert refused(await sale.asks(bob), 409, "sold_out")["left"] == 0
    assert await sale.sold() == 3


async def test_goods_that_are_sold_in_no_other_way_end_at_the_gate_without_being_asked_for_as_such(
    shop: Shop,
) -> None:
    sale = await FlashSale.opens(shop, 1)
    await shop.shelves(sku=sale.sku, on_hand=11, order_type="flash_sale")
    await sale.places(shop.buyer("alice"))
    refused(await sale.asks(shop.buyer("bob"), order_type=None), 409, "sold_out")


async def test_an_account_is_told_at_the_gate_that_it_has_what_it_may_have(shop: Shop) -> None:
    sale, alice = await FlashSale.opens(shop, 9, limit=2), shop.buyer("alice")
    quote = await sale.previews(alice, 2)
    order_no = await sale.places(alice, 1)
    refused(await sale.asks(alice, 2), 409, "purchase_limit_exceeded")
    answer = await alice.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
    problem = refused(answer, 409, "purchase_limit_exceeded")
    assert (problem["allowed"], problem["used"], problem["wanted"]) == (2, 1, 2)
    await alice.post(f"/v1/orders/{order_no}/cancel")
    await until(lambda: sale.asks(alice, 2), lambda answer: answer.status_code == 200)
    await sale.places(alice, 2)
    assert await sale.sold() == 2


async def test_a_retry_of_what_was_placed_gets_its_first_answer_though_nothing_is_left(shop: Shop) -> None:
    sale, alice = await FlashSale.opens(shop, 1, limit=1), shop.buyer("alice")
    quote = await sale.previews(alice)
    first = await shop.submits(alice, quote, key="once")
    refused(await sale.asks(shop.buyer("bob")), 409, "sold_out")
    assert await shop.submits(alice, quote, key="once") == first
    async with Redis.from_url(shop.stack.addresses.redis) as redis:
        gate = f"gate:{{flash_sale:{sale.sku}}}"
        assert await redis.delete(gate, f"{gate}:leases")
    assert await shop.submits(alice, quote, key="once") == first, "though Redis has forgotten it"
    refused(await sale.asks(shop.buyer("bob")), 409, "sold_out")
    await sale.is_entered(begins=-timedelta(hours=2))
    assert await shop.submits(alice, quote, key="once") == first, "after the end, too"


async def test_what_is_cancelled_or_not_paid_for_is_sold_to_others(shop: Shop, temporal: Client) -> None:
    sale = await FlashSale.opens(shop, 2, limit=1)
    late, hesitant, *others = (shop.buyer(name) for name in ("late", "hesitant", "carol", "dave"))
    unpaid, cancelled = await sale.places(late), await sale.places(hesitant)
    refused(await sale.asks(others[0]), 409, "sold_out")
    await hesitant.post(f"/v1/orders/{cancelled}/cancel")
    await passes(temporal, timedelta(minutes=MINUTES + 1), order_workflow_id(unpaid))
    for buyer in others:
        await until(lambda buyer=buyer: sale.asks(buyer), lambda answer: answer.status_code == 200)  # type: ignore[misc]
        await shop.pays(buyer, await sale.places(buyer))
    await shop.until(unpaid, "payment_timed_out")
    assert [len(found) for found in await sale.orders_of(others)] == [1, 1]
    assert await sale.sold() == 2


async def test_a_refused_submit_gives_its_tokens_back_at_once(shop: Shop) -> None:
    sale, alice = await FlashSale.opens(shop, 1), shop.buyer("alice")
    quote = await sale.previews(alice)
    await sale.is_entered(price={"amount": 6_000, "currency": "TWD"})
    answer = await alice.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
    refused(answer, 409, "quote_changed")
    await sale.places(shop.buyer("bob"))


async def test_what_the_database_has_not_is_not_sold_whatever_the_gate_believes(shop: Shop) -> None:
    """Without a pool of its own, a campaign draws on the general shelf, which others empty."""
    sku = await shop.shelves(on_hand=2)
    sale = FlashSale(shop, sku, f"{sku}-sale", 0)
    await sale.is_entered(stock=None)
    alice, bob, carol = (shop.buyer(name) for name in ("alice", "bob", "carol"))
    quote = await sale.previews(alice)
    await shop.places(bob, (sku, 2))
    answer = await alice.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
    assert outcomes([answer])[0] in ("out_of_stock", "sold_out")
    await until(lambda: sale.asks(carol), lambda answer: outcomes([answer]) == ["sold_out"])
    assert await sale.sold() == 2


async def test_a_refusal_of_earlier_that_is_asked_for_again_keeps_nothing_from_others(shop: Shop) -> None:
    sku = await shop.shelves(on_hand=1)
    sale = FlashSale(shop, sku, f"{sku}-sale", 0)
    await sale.is_entered(stock=None)
    alice, bob, carol = (shop.buyer(name) for name in ("alice", "bob", "carol"))
    body = {"quote_token": (await sale.previews(alice))["quote_token"]}
    elsewhere = await shop.places(bob, (sku, 1))
    missed = outcomes([await alice.ask("POST", "/v1/orders", body)])
    await bob.post(f"/v1/orders/{elsewhere}/cancel", {})
    await until(lambda: sale.asks(carol), lambda answer: answer.is_success)
    if missed == ["out_of_stock"]:  # and not sold out, which leaves nothing to be asked for again
        for _ in range(3):
            assert outcomes([await alice.ask("POST", "/v1/orders", body)]) == missed
            assert (await sale.asks(carol)).is_success


async def test_goods_of_a_sale_are_ordered_by_themselves(shop: Shop) -> None:
    sale, other, alice = await FlashSale.opens(shop, 3), await shop.shelves(), shop.buyer("alice")
    async with shop.nothing_changes(alice, sale.sku, other):
        for order_type in ("flash_sale", None):
            await shop.shelves(sku=sale.sku, on_hand=13, order_type="flash_sale")
            answer = await sale.asks(alice, items=items((sale.sku, 1), (other, 1)), order_type=order_type)
            refused(answer, 422, "order_type_mixed")
    unknown = await alice.ask("POST", "/v1/quotes", sale.body(items=items((other, 1))))
    assert refused(unknown, 409, "campaign_unavailable")["reason"] == "unknown_campaign"


async def test_what_was_said_at_the_gate_is_counted(shop: Shop) -> None:
    sale = await FlashSale.opens(shop, 1)
    assert outcomes(await sale.buys(shop.buyer("alice"))) == ["placed"]
    refused(await sale.asks(shop.buyer("bob")), 409, "sold_out")
    counted = (await shop.http.get("/metrics")).text
    for step, answer in (("quote", "admitted"), ("submit", "admitted"), ("quote", "sold_out")):
        labels = f'answer="{answer}",order_type="flash_sale",step="{step}"'
        assert f"ordersaga_gate_answers_total{{{labels}}}" in counted
