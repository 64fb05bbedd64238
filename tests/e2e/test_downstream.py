"""Downstream systems through the public API: webhooks, the list of events, the Redis stream, the command (R-ORD-3)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner

from api.authentication import Role
from cli.main import app
from devstack.stack import Stack
from tests.e2e.unhurried import UnhurriedShop
from tests.receiver import Receiver, receiving
from tests.shop import Document, Person, Shop, refused, until

ENDPOINTS = "/v1/admin/webhook-endpoints"
CROWD = 20


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """Nothing happens to an order here but what a test does."""
    return unhurried


async def taken(receiver: Receiver, order_no: str, *sequences: int) -> None:
    """Wait until these were taken, in this order, each at least once."""

    async def look() -> list[int]:
        return list(dict.fromkeys(receiver.of(order_no)))

    await until(look, lambda found: found == list(sequences))


def downstream(shop: Shop) -> Person:
    return shop.person(Role.DOWNSTREAM, f"{shop.mark}-erp")


@pytest.fixture
async def erp(shop: Shop) -> AsyncIterator[tuple[Receiver, Document]]:
    """A downstream system with an endpoint of its own, deleted at the end."""
    async with receiving() as receiver:
        created = await shop.operator.post(ENDPOINTS, {"url": receiver.url})
        yield receiver, created
        await shop.operator.ask("DELETE", f"{ENDPOINTS}/{created['endpoint_id']}")


async def test_many_orders_at_once_are_told_in_order_on_every_way(
    stack: Stack, shop: Shop, erp: tuple[Receiver, Document]
) -> None:
    receiver, created = erp
    sku = await shop.shelves(on_hand=100)
    system = downstream(shop)
    before = int((await system.get("/v1/events?limit=1&after=9000000000"))["next_cursor"])
    assert before == 9_000_000_000, "a position that is still to come is kept"
    buyers = [shop.buyer(f"buyer-{number}") for number in range(CROWD)]
    order_nos = await asyncio.gather(*(shop.places(buyer, (sku, 1)) for buyer in buyers))
    await asyncio.gather(
        *(shop.pays(buyer, order_no) for buyer, order_no in list(zip(buyers, order_nos, strict=True))[:3])
    )

    expected = {}
    for place, order_no in enumerate(order_nos):
        if place < 3:
            await shop.until(order_no, "in_production")

        async def listed(order_no: str = order_no) -> list[Document]:
            items: list[Document] = (await system.get(f"/v1/events?order_no={order_no}"))["items"]
            return items

        rows = len(await shop.operator.timeline(order_no))
        found = await until(listed, lambda items, rows=rows: len(items) >= rows)  # type: ignore[misc]
        assert [item["sequence"] for item in found] == list(range(1, len(found) + 1))
        assert found[0]["type"] == "order.placed"
        assert [item["position"] for item in found] == sorted(item["position"] for item in found)
        expected[order_no] = {f"evt_{item['position']}": item for item in found}

    for order_no, items in expected.items():
        await taken(receiver, order_no, *(item["sequence"] for item in items.values()))
    for item in receiver.taken:
        if item.order_no in expected:
            said, listed_item = item.verify(created["secret"]), expected[item.order_no][item.event_id]
            assert (said["type"], said["data"]) == (listed_item["type"], listed_item["data"])

    told = {event_id.removeprefix("evt_"): item for items in expected.values() for event_id, item in items.items()}
    redis: Any
    async with Redis.from_url(stack.addresses.redis) as redis:

        async def streamed() -> Document:
            entries = await redis.xrange("ordersaga:events")
            return {number.split(b"-")[0].decode(): json.loads(fields[b"data"]) for number, fields in entries}

        found_there = await until(streamed, lambda entries: told.keys() <= entries.keys())
    assert {position: found_there[position] for position in told} == {
        position: item["data"] for position, item in told.items()
    }


async def test_a_poller_reads_every_event_once_by_going_on_from_next_cursor(shop: Shop) -> None:
    system, buyer, sku = downstream(shop), shop.buyer(), await shop.shelves()
    begin = (await system.get("/v1/events?limit=500&types=webhook.none"))["next_cursor"]
    order_no = await shop.places(buyer, (sku, 1))
    await buyer.post(f"/v1/orders/{order_no}/cancel")
    await shop.until(order_no, "cancelled")
    seen: list[Document] = []
    cursor = begin

    async def poll() -> list[str]:
        nonlocal cursor
        page = await system.get(f"/v1/events?after={cursor}&limit=2")
        cursor = page["next_cursor"]
        seen.extend(page["items"])
        return [item["type"] for item in seen if item["order_no"] == order_no]

    assert await until(poll, lambda kinds: "order.cancelled" in kinds) == [
        "order.placed",
        "order.closing",
        "order.cancelled",
    ]
    positions = [item["position"] for item in seen]
    assert positions == list(range(int(begin) + 1, int(begin) + 1 + len(positions)))
    filtered = await system.get(
        f"/v1/events?after={begin}&types=order.cancelled&types=order.closing&order_no={order_no}"
    )
    assert [item["type"] for item in filtered["items"]] == ["order.closing", "order.cancelled"]


async def test_an_endpoint_is_made_once_per_key_and_shows_its_secret_to_that_key_only(shop: Shop) -> None:
    body = {"url": "http://127.0.0.1:9/hooks", "event_types": ["order.paid"], "description": "books"}
    first = await shop.operator.post(ENDPOINTS, body, key="k1")
    assert first["secret"].startswith("whsec_")
    assert await shop.operator.post(ENDPOINTS, body, key="k1") == first
    changed = await shop.operator.ask("POST", ENDPOINTS, body | {"description": "x"}, key="k1")
    refused(changed, 422, "idempotency_key_reused")
    path = f"{ENDPOINTS}/{first['endpoint_id']}"
    shown = await shop.operator.get(path)
    assert (shown["event_types"], shown["pending"], "secret" in shown) == (["order.paid"], 0, False)
    assert (await shop.operator.patch(path, {"state": "paused"}))["state"] == "paused"
    rotated = await shop.operator.post(f"{path}/rotate-secret", {"overlap_seconds": 60})
    assert rotated["secret"] != first["secret"]
    assert rotated["old_secret_until"]
    assert (await shop.operator.ask("DELETE", path)).status_code == 204
    assert (await shop.operator.get(path))["state"] == "deleted"
    refused(await shop.operator.ask("PATCH", path, {"state": "enabled"}), 404, "not_found")
    listed = [item["endpoint_id"] for item in (await shop.operator.get(f"{ENDPOINTS}?limit=200"))["items"]]
    assert first["endpoint_id"] not in listed


@pytest.mark.parametrize(
    "body",
    [
        {"url": "ftp://example.com/"},
        {"url": "https://user:word@example.com/"},
        {"url": "nowhere"},
        {"url": "http://127.0.0.1:9/", "event_types": ["order.sung"]},
    ],
)
async def test_an_endpoint_that_is_none_is_refused(shop: Shop, body: Document) -> None:
    refused(await shop.operator.ask("POST", ENDPOINTS, body), 422, "request_invalid")


async def test_an_endpoint_can_be_tried_out_and_replayed(shop: Shop, erp: tuple[Receiver, Document]) -> None:
    receiver, created = erp
    path = f"{ENDPOINTS}/{created['endpoint_id']}"
    tried = await shop.operator.post(f"{path}/test")
    assert (tried["delivered"], tried["status"]) == (True, 200)
    ping = next(item for item in receiver.taken if item.event_id == tried["event_id"])
    assert ping.verify(created["secret"])["type"] == "webhook.test"
    receiver.taken.clear()

    buyer, sku = shop.buyer(), await shop.shelves()
    order_no = await shop.places(buyer, (sku, 1))

    async def first_events() -> list[str]:
        return [item.event_id for item in receiver.taken if item.order_no == order_no and item.sequence == 1]

    (event_id,) = await until(first_events, bool)
    position = int(event_id.removeprefix("evt_"))
    again = await shop.operator.post(f"{path}/replay", {"after": position - 1, "until": position})
    assert again == {"queued": 1, "until": position, "more": False}
    assert await until(first_events, lambda found: len(found) == 2) == [event_id, event_id]

    async def delivered() -> list[int]:
        items = (await shop.operator.get(f"{path}/deliveries?state=delivered&limit=200"))["items"]
        return [item["position"] for item in items]

    await until(delivered, lambda found: position in found)
    assert await shop.operator.post(f"{path}/dead-letters/retry") == {"queued": 0}


async def test_the_command_replays_to_an_endpoint_and_rebuilds_the_stream(
    stack: Stack, shop: Shop, erp: tuple[Receiver, Document]
) -> None:
    receiver, created = erp
    buyer, sku = shop.buyer(), await shop.shelves()
    order_no = await shop.places(buyer, (sku, 1))

    async def firsts() -> list[str]:
        return [item.event_id for item in receiver.taken if item.order_no == order_no and item.sequence == 1]

    (event_id,) = await until(firsts, bool)
    position = event_id.removeprefix("evt_")
    said = await command(
        stack, "--endpoint", created["endpoint_id"], "--after", str(int(position) - 1), "--until", position
    )
    assert f"1 events are queued for {created['endpoint_id']}" in said
    await until(firsts, lambda found: found == [event_id, event_id])

    said = await command(stack, "--stream", "--after", "0")
    assert "ordersaga:events holds" in said
    found = await shop.operator.get("/v1/admin/event-stream")
    assert found["last_position"] == found["length"] >= int(position), "from the first event on"


async def command(stack: Stack, *arguments: str) -> str:
    """What `ordersaga replay-outbox` says."""
    settings = {"ORDERSAGA_DATA_DIR": str(stack.options.data_dir), "COLUMNS": "200"}
    async with asyncio.timeout(60):
        said = await asyncio.to_thread(CliRunner().invoke, app, ["replay-outbox", *arguments], env=settings)
    assert said.exit_code == 0, said.output
    return said.output
