"""An order heard live by server-sent events: in everybody's own words, resumed, ended (R-ORD-3, P8)."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.shop import Document, Person, Shop, refused, until


@dataclass(slots=True)
class Told:
    """What a server-sent event stream told so far: type, id and data of each event."""

    events: list[tuple[str, int, Document]] = field(default_factory=list)
    ended: bool = False

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.events]


@asynccontextmanager
async def listening(person: Person, order_no: str, after: int | None = None) -> AsyncIterator[Told]:
    """Listen to an order in the background while the block runs."""
    told = Told()
    headers = {"Authorization": f"Bearer {person.token}"} | ({"Last-Event-ID": str(after)} if after is not None else {})

    async def listen() -> None:
        async with person.http.stream("GET", f"/v1/orders/{order_no}/events", headers=headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream"), answer.status_code
            event: dict[str, str] = {}
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if line:
                    event[name] = value
                elif "data" in event:
                    told.events.append((event["event"], int(event["id"]), json.loads(event["data"])))
                    event = {}
        told.ended = True

    task = asyncio.create_task(listen())
    try:
        yield told
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def heard(told: Told, *kinds: str) -> None:
    async def look() -> list[str]:
        return told.kinds()

    await until(look, lambda found: set(kinds) <= set(found))


async def test_an_order_is_heard_live_until_its_end(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    order_no = await shop.places(buyer, (sku, 1))
    async with listening(buyer, order_no) as told, listening(shop.operator, order_no) as overseen:
        await heard(told, "order.placed")
        await buyer.post(f"/v1/orders/{order_no}/cancel")
        await heard(told, "end")
        await heard(overseen, "end")
    assert told.kinds() == ["order.placed", "order.closing", "order.cancelled", "end"]
    assert [number for _, number, _ in told.events] == [1, 2, 3, 3]
    assert [data["status"] for _, _, data in told.events[:-1]] == ["awaiting_payment", "awaiting_payment", "cancelled"]
    assert [data["system_status"] for _, _, data in told.events[:-1]] == [None] * 3
    assert overseen.events[1][2]["system_status"] == "closing_payment"

    async with listening(buyer, order_no, after=1) as resumed:
        await heard(resumed, "end")
    assert resumed.kinds() == ["order.closing", "order.cancelled", "end"]
    headers = {"Last-Event-ID": "3"}
    assert (await buyer.ask("GET", f"/v1/orders/{order_no}/events", headers=headers)).status_code == 204


async def test_everybody_hears_their_own_part_and_strangers_nothing(shop: Shop) -> None:
    buyer = shop.buyer()
    await shop.opens_merchant("other")
    mine, others = await shop.shelves(), await shop.shelves(merchant="other")
    order_no = await shop.places(buyer, (mine, 1), (others, 1))
    async with listening(shop.merchant(), order_no) as told, listening(buyer, order_no) as all_told:
        await shop.pays(buyer, order_no)
        order = await shop.until(order_no, "in_production")
        for parcel in order["parcels"]:
            await shop.reports(parcel, "label_printed")
        own = next(parcel["parcel_no"] for parcel in order["parcels"] if parcel["merchant_id"] == shop.merchant_id())

        async def parcels_heard() -> set[str]:
            return {data["subject"] for kind, _, data in all_told.events if kind == "parcel.label_printed"}

        await until(parcels_heard, lambda found: len(found) == 2)
        await heard(told, "parcel.label_printed")
    assert {data["subject"] for _, _, data in told.events} == {"order", own}
    assert told.events[0][2]["status"] == "unpaid", "in the merchant's words"
    assert "payment.opened" in all_told.kinds()
    assert not [kind for kind in told.kinds() if kind.startswith(("payment.", "refund."))]
    for stranger in (shop.buyer("mallory"), shop.merchant("rival"), shop.warehouse("elsewhere")):
        refused(await stranger.ask("GET", f"/v1/orders/{order_no}/events"), 404, "not_found")


async def test_somebody_may_listen_to_so_many_orders_at_once_only(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    order_no = await shop.places(buyer, (sku, 1))
    path = f"/v1/orders/{order_no}/events"
    async with contextlib.AsyncExitStack() as open_now:
        for _ in range(10):
            await heard(await open_now.enter_async_context(listening(buyer, order_no)), "order.placed")
        refused(await buyer.ask("GET", path), 429, "rate_limited")
        async with listening(shop.operator, order_no) as overseen:
            await heard(overseen, "order.placed")
    await buyer.post(f"/v1/orders/{order_no}/cancel")
    await shop.until(order_no, "cancelled")
    await until(lambda: buyer.ask("GET", path), lambda answer: answer.status_code == 200)
