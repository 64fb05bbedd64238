"""A new order type is one workflow file, one table and its registration, and nothing else (R-ORD-2)."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.app import create_app
from api.placement import place
from ordersaga.domain.lifecycle.diagram import mermaid
from ordersaga.domain.lifecycle.registry import OrderType, registered
from ordersaga.domain.lifecycle.table import Word
from ordersaga.domain.messages import CONFIRM_RECEIPT, Placement
from ordersaga.domain.policies import PRODUCTION
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.persistence import events, policies
from ordersaga.persistence.verification import verify_order
from ordersaga.settings import Settings
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import OrderStand
from tests.integration.sixth_type.table import MACHINE
from worker.main import build_worker

QUEUE = "sixth-type"
MADE_TO_ORDER = OrderType(
    label=Word("made_to_order", "Made to order", "訂製"),
    workflow="MadeToOrder",
    module="tests.integration.sixth_type.workflow",
    machines=(MACHINE,),
)


@pytest.fixture
def made_to_order() -> Iterator[OrderType]:
    with registered(MADE_TO_ORDER) as kind:
        yield kind


@pytest.fixture
async def policy_version(made_to_order: OrderType, settings: Settings, order_stand: OrderStand) -> AsyncIterator[int]:
    """A worker that knows the type is at work; the version of the rules that its orders are pinned to."""
    async with order_stand.database.transaction() as connection:
        version = await policies.publish(connection, made_to_order.name, PRODUCTION, datetime.now(UTC))
    own = settings.model_copy(update={"task_queue": QUEUE})
    providers = PaymentProviders([order_stand.provider])
    async with build_worker(order_stand.client, own, order_stand.database, providers):
        yield version


async def placed(stand: OrderStand, policy_version: int) -> str:
    submission = await stand.submits((await stand.shelves(order_type=MADE_TO_ORDER.name), 1))
    assert submission.priced.order_type == MADE_TO_ORDER.name
    placement = await place(
        stand.client,
        submission,
        task_queue=QUEUE,
        policy_version=policy_version,
        placing_seconds=60,
        deadline_seconds=PATIENCE,
    )
    assert placement == Placement(placed=True)
    return submission.order_no


async def test_its_orders_live_by_their_own_table_audited_and_told(
    order_stand: OrderStand, settings: Settings, policy_version: int
) -> None:
    order_no = await placed(order_stand, policy_version)
    await order_stand.reports(await order_stand.attempt(order_no))
    await order_stand.until(order_no, "being_made")
    await order_stand.passes(order_no, timedelta(days=20, seconds=1))
    await order_stand.until(order_no, "in_production")
    for parcel_no in await order_stand.split_parcels(order_no):
        await order_stand.arrives(parcel_no)
    await order_stand.until(order_no, "delivered")
    await order_stand.asks(order_no, CONFIRM_RECEIPT)
    await order_stand.passes(order_no, timedelta(days=7, seconds=1))
    assert await order_stand.ends(order_no) == "completed"
    assert await order_stand.timeline(order_no) == [
        *("submit", "confirm_payment", "finish_making", "split", "ship_last_parcel", "deliver_last_parcel"),
        *("confirm_receipt", "complete"),
    ]
    async with order_stand.database.transaction() as connection:
        assert await verify_order(connection, order_no, settings.audit.ring()) == []
        _, told = await events.of_order(connection, order_no, 0)
    assert "order.finish_making" in [event.type for event in told]


async def test_what_it_held_comes_back_when_nobody_pays(order_stand: OrderStand, policy_version: int) -> None:
    order_no = await placed(order_stand, policy_version)
    (line,) = (await order_stand.order(order_no)).lines
    assert await order_stand.held(line.sku) == (100, 1)
    await order_stand.passes(order_no, timedelta(minutes=15, seconds=1))
    assert await order_stand.ends(order_no) == "payment_timed_out"
    assert await order_stand.held(line.sku) == (100, 0)


async def test_it_is_published_with_its_words_and_its_diagram(settings: Settings, made_to_order: OrderType) -> None:
    transport = httpx.ASGITransport(create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
        listed = (await http.get("/v1/order-types")).json()["items"]
        kind = (await http.get("/v1/order-types/made_to_order")).json()
    assert [item["label"]["zh-Hant"] for item in listed if item["order_type"] == made_to_order.name] == ["訂製"]
    assert kind["diagram"] == mermaid(MACHINE)
    (made,) = (state for state in kind["states"] if state["state"] == "being_made")
    assert made["buyer_label"] == {"en": "Being made for you", "zh-Hant": "訂製中"}
