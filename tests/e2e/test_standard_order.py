"""A standard order from preview to completion: what everybody sees of it, and what it costs Temporal."""

import asyncio
from collections import Counter
from dataclasses import dataclass

import httpx
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from devstack.stack import Stack
from tests.e2e.unhurried import UnhurriedShop
from tests.shop import WAY_OF_A_PARCEL, Document, Person, Shop, refused, until

EVENT_BUDGET = 60


@dataclass(frozen=True, slots=True)
class Life:
    """One order's whole life, with what was seen on the way."""

    shop: Shop
    buyer: Person
    sku: str
    quote: Document
    placed: Document
    ended: Document

    @property
    def order_no(self) -> str:
        return str(self.placed["order_no"])


@pytest.fixture(scope="module")
async def life(stack: Stack, http: httpx.AsyncClient) -> Life:
    shop = await Shop.open(stack, http)
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=10, price=12_345)
    quote = await shop.previews(buyer, (sku, 2))
    placed = await shop.submits(buyer, quote)
    assert await shop.stock(sku) == (10, 2)
    await shop.pays(buyer, placed["order_no"])
    await shop.runs_parcels(await shop.until(placed["order_no"], "in_production"))
    await shop.until(placed["order_no"], "completed")
    return Life(shop, buyer, sku, quote, placed, await buyer.order(placed["order_no"]))


async def history(temporal: Client, order_no: str) -> list[HistoryEvent]:
    return list((await temporal.get_workflow_handle(f"order/{order_no}").fetch_history()).events)


async def test_the_order_costs_what_its_quote_said(life: Life) -> None:
    assert life.placed["totals"] == life.quote["totals"] == life.ended["totals"]
    assert life.ended["totals"]["goods"]["amount"] == 2 * 12_345
    assert life.ended["totals"]["payable"]["amount"] == 2 * 12_345 + 6000
    assert life.ended["payments"][0]["amount"] == life.ended["totals"]["payable"]


async def test_the_order_records_what_was_bought_paid_and_sent(life: Life) -> None:
    (line,), (payment,), (parcel,) = life.ended["lines"], life.ended["payments"], life.ended["parcels"]
    assert (line["sku"], line["quantity"], line["unit_price"]["amount"]) == (life.sku, 2, 12_345)
    assert line["sources"] == [{"warehouse_id": life.shop.warehouse_id(), "quantity": 2}]
    assert payment["state"] == "succeeded"
    assert payment["provider_transaction_id"]
    assert payment["paid_at"]
    assert (parcel["state"], parcel["merchant_id"]) == ("delivered", life.shop.merchant_id())
    assert life.ended["receiver"]["line1"] == "民生東路一段1號"


async def test_the_timeline_tells_every_transition_in_order(life: Life) -> None:
    items = await life.buyer.timeline(life.order_no)
    steps = [(item["action"], item["from"], item["to"]) for item in items if item["subject"] == "order"]
    assert steps == [
        ("submit", None, "awaiting_payment"),
        ("pay", "awaiting_payment", "awaiting_payment"),
        ("confirm_payment", "awaiting_payment", "paid"),
        ("split", "paid", "in_production"),
        ("ship_last_parcel", "in_production", "shipped"),
        ("deliver_last_parcel", "shipped", "delivered"),
        ("confirm_receipt_automatically", "delivered", "received"),
        ("complete", "received", "completed"),
    ]
    parcel_no = life.ended["parcels"][0]["parcel_no"]
    assert tuple(item["action"] for item in items if item["subject"] == parcel_no) == WAY_OF_A_PARCEL
    assert [item["at"] for item in items] == sorted(item["at"] for item in items)


async def test_operators_read_who_acted_and_buyers_do_not(life: Life) -> None:
    told = await life.shop.operator.timeline(life.order_no)
    assert told[0]["actor"] == life.buyer.subject
    assert {item["actor"] for item in await life.buyer.timeline(life.order_no)} == {None}


async def test_what_was_shipped_is_neither_on_hand_nor_reserved(life: Life) -> None:
    assert await life.shop.stock(life.sku) == (8, 0)


async def test_every_role_reads_the_end_in_its_own_words(life: Life) -> None:
    assert (life.ended["status"], life.ended["system_status"]) == ("completed", None)
    seen = await life.shop.operator.order(life.order_no)
    assert seen["system_status"] == seen["status"] == "completed"
    chinese = await life.buyer.ask("GET", f"/v1/orders/{life.order_no}", headers={"Accept-Language": "zh-TW,zh"})
    assert chinese.json()["status_label"] == "已完成"


async def test_nothing_can_be_done_with_a_completed_order_but_review_it(life: Life) -> None:
    path = f"/v1/orders/{life.order_no}"
    for method, action, body in (
        ("POST", "payments", {"channel": "card"}),
        ("POST", "cancel", {}),
        ("PATCH", "receiver", {"name": "Somebody"}),
        ("POST", "confirm-receipt", None),
    ):
        async with life.shop.nothing_changes(life.buyer, life.sku):
            problem = refused(await life.buyer.ask(method, f"{path}/{action}", body), 409, "action_not_allowed")
        assert problem["state"] == "completed"
        assert problem["action"] in problem["detail"]
    enabled = {action["action"] for action in life.ended["available_actions"] if action["enabled"]}
    assert enabled == {"review"}


async def test_the_run_of_one_parcel_stays_within_its_budget_of_events(life: Life, temporal: Client) -> None:
    events = await history(temporal, life.order_no)
    kinds = Counter(EventType.Name(event.event_type) for event in events)
    print(f"{len(events)} events of {EVENT_BUDGET}: {dict(kinds.most_common())}")
    assert len(events) <= EVENT_BUDGET


async def test_a_submit_is_one_workflow_task_when_nothing_is_slow(shop: Shop, temporal: Client) -> None:
    sku = await shop.shelves()
    order_nos = [await shop.places(shop.buyer(f"buyer-{number}"), (sku, 1)) for number in range(3)]
    tasks = [await tasks_of_placing(temporal, order_no) for order_no in order_nos]
    assert min(tasks) == 1, tasks


async def tasks_of_placing(temporal: Client, order_no: str) -> int:
    kinds = [event.event_type for event in await history(temporal, order_no)]
    answered = kinds.index(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)
    return kinds[:answered].count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)


async def test_operators_find_the_run_by_every_search_attribute(life: Life, temporal: Client) -> None:
    order_run = f"order/{life.order_no}"
    queries = (
        f'OrderNo="{life.order_no}"',
        f'Buyer="{life.buyer.subject}"',
        f'Merchants="{life.shop.merchant_id()}"',
        f'OrderType="standard" AND OrderNo="{life.order_no}"',
        f'OrderStatus="completed" AND OrderNo="{life.order_no}"',
    )
    for query in queries:
        found = await until(lambda query=query: found_by(temporal, query), lambda ids: order_run in ids)  # type: ignore[misc]
        assert order_run in found, query


async def found_by(temporal: Client, query: str) -> list[str]:
    return [execution.id async for execution in temporal.list_workflows(query)]


async def test_operators_find_waiting_orders_by_their_status(unhurried: UnhurriedShop, temporal: Client) -> None:
    shop = unhurried
    buyer, sku = shop.buyer(), await shop.shelves()
    order_no = await shop.places(buyer, (sku, 1))
    query = f'OrderNo="{order_no}" AND OrderStatus="awaiting_payment"'
    await until(lambda: found_by(temporal, query), lambda ids: f"order/{order_no}" in ids)
    await shop.pays(buyer, order_no, "fail")
    query = f'OrderNo="{order_no}" AND OrderStatus="payment_failed"'
    await until(lambda: found_by(temporal, query), lambda ids: f"order/{order_no}" in ids)


async def test_no_personal_data_reaches_temporal(life: Life, temporal: Client) -> None:
    runs = [f"order/{life.order_no}", f"parcel/{life.ended['parcels'][0]['parcel_no']}"]
    histories = await asyncio.gather(*(temporal.get_workflow_handle(run).fetch_history() for run in runs))
    told = "".join(found.to_json() for found in histories)
    for personal in ("王小明", "民生東路", "5550 0100"):
        assert personal not in told
