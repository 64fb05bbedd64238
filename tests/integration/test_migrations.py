"""The migrations make the database that the tables describe."""

import asyncio
import json

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from api.schemas.orders import OrderView
from devstack.stack import Stack
from ordersaga.domain.pricing.quote import from_document
from ordersaga.persistence.migrate import differences, head, upgrade
from ordersaga.settings import Settings
from tests.shop import TAIPEI, Document, twd


async def test_the_migrated_database_lacks_nothing_of_the_tables(settings: Settings) -> None:
    assert await differences(settings.database_driver_url) == []


async def test_migrating_again_and_from_several_processes_at_once_changes_nothing(settings: Settings) -> None:
    async with asyncio.timeout(60):
        reached = await asyncio.gather(*(upgrade(settings.database_driver_url) for _ in range(3)))
    assert set(reached) == {head()}


async def test_money_that_lies_unexpected_from_earlier_days_is_refunded_after_the_upgrade(stack: Stack) -> None:
    address = await _database_at(stack, "earlier_days", "0002")
    connection = await asyncpg.connect(address, timeout=10)
    await connection.execute(_EARLIER_DAYS, timeout=10)
    await upgrade(_driver_url(address))
    due = await connection.fetch("SELECT source, event_id, workflow_id, signal, subject FROM inbox", timeout=10)
    assert [tuple(row) for row in due] == [("refund", "pay_lost", "refund/pay_lost", "refund_due", "refund/pay_lost")]
    asked = await connection.fetch("SELECT payment_id FROM payments WHERE next_inquiry_at <= now()", timeout=10)
    assert [row["payment_id"] for row in asked] == ["pay_open"]
    await connection.close(timeout=10)


async def test_what_was_submitted_in_earlier_days_is_still_read_and_answered(stack: Stack) -> None:
    address = await _database_at(stack, "priced_without_offers", "0005")
    connection = await asyncpg.connect(address, timeout=10)
    values = (json.dumps(_PRICED_WITHOUT_OFFERS), json.dumps(_ANSWERED_WITHOUT_OFFERS))
    await connection.execute(_SUBMITTED, *values, timeout=10)
    await upgrade(_driver_url(address))
    row = await connection.fetchrow("SELECT priced, answer FROM submissions", timeout=10)
    await connection.close(timeout=10)
    (line,) = from_document(json.loads(row["priced"])).lines
    assert [(item.kind, item.amount, item.units) for item in line.allocations] == [
        ("shipping_fee", 7, ((1, 4), (1, 3)))
    ]
    (shown,) = OrderView.model_validate(json.loads(row["answer"])).lines
    assert (shown.payable.amount, shown.points.amount, shown.gift) == (20, 0, False)


async def test_orders_of_earlier_days_and_those_of_the_version_beside_are_in_the_lists(stack: Stack) -> None:
    address = await _database_at(stack, "without_lists", "0018")
    connection = await asyncpg.connect(address, timeout=10)
    await connection.execute(_PLACED.format(order_no="O-1", state="completed"), timeout=10)
    await upgrade(_driver_url(address))
    await connection.execute(_PLACED.format(order_no="O-2", state="paid"), timeout=10)
    await connection.execute("UPDATE orders SET state = 'in_production' WHERE order_no = 'O-2'", timeout=10)
    listed = await connection.fetch("SELECT * FROM listed_orders ORDER BY order_no, role, party", timeout=10)
    await connection.close(timeout=10)
    parties = [("merchant", "another"), ("merchant", "own"), ("warehouse", "tpe-1")]
    assert [tuple(row)[:5] for row in listed] == [
        (number, *party, "standard", state)
        for number, state in (("O-1", "completed"), ("O-2", "in_production"))
        for party in parties
    ]


async def test_an_order_that_is_being_changed_is_waited_for(stack: Stack) -> None:
    address = await _database_at(stack, "changed_meanwhile", "0018")
    changing = await asyncpg.connect(address, timeout=10)
    await changing.execute(_PLACED.format(order_no="O-1", state="paid"), timeout=10)
    async with asyncio.timeout(60), asyncio.TaskGroup() as together, changing.transaction():
        await changing.execute("SELECT FROM orders WHERE order_no = 'O-1' FOR UPDATE")
        together.create_task(upgrade(_driver_url(address)))
        while not await changing.fetchval(_SOMEBODY_WAITS):  # noqa: ASYNC110 - it waits in another process
            await asyncio.sleep(0.01)
        await changing.execute("UPDATE orders SET state = 'in_production'")
    listed = await changing.fetch("SELECT DISTINCT state FROM listed_orders", timeout=10)
    await changing.close(timeout=10)
    assert [row["state"] for row in listed] == ["in_production"]


async def _database_at(stack: Stack, name: str, revision: str) -> str:
    """A new database of this revision; gives its address."""
    server = await asyncpg.connect(stack.addresses.database, timeout=10)
    await server.execute(f"CREATE DATABASE {name}", timeout=30)
    await server.close(timeout=10)
    address = f"{stack.addresses.database.rpartition('/')[0]}/{name}"
    await upgrade(_driver_url(address), revision)
    return address


def _driver_url(address: str) -> str:
    return address.replace("postgresql://", "postgresql+asyncpg://")


_SOMEBODY_WAITS = """
    SELECT EXISTS (
        SELECT FROM pg_locks JOIN pg_database ON oid = database WHERE datname = current_database() AND NOT granted
    )
"""
_EARLIER_DAYS = """
    INSERT INTO orders VALUES ('O-1', 'standard', 'alice', 'cancelled', 1, 1, 'TWD', 'standard', 9, 0, 0, 0, 0, 9, 9,
                               '{}', now(), now(), now());
    INSERT INTO payments (payment_id, order_no, channel, provider, amount, currency, state, created_at,
                          received_amount, received_currency)
    VALUES ('pay_lost', 'O-1', 'card', 'sandbox', 9, 'TWD', 'unexpected', now(), 9, 'TWD'),
           ('pay_nothing', 'O-1', 'card', 'sandbox', 9, 'TWD', 'unexpected', now(), 0, 'TWD'),
           ('pay_good', 'O-1', 'card', 'sandbox', 9, 'TWD', 'succeeded', now(), 9, 'TWD'),
           ('pay_open', 'O-1', 'card', 'sandbox', 9, 'TWD', 'open', now(), NULL, NULL);
"""

_PLACED = """
    INSERT INTO orders VALUES ('{order_no}', 'standard', 'alice', '{state}', 1, 1, 'TWD', 'standard', 9, 0, 0, 0, 0, 9,
                               9, '{{}}', now(), now(), now());
    INSERT INTO order_lines (order_no, line_no, sku, name, attributes, merchant_id, quantity, unit_price, amount,
                             payable, shipping, weight_g, volume_mm3, transport_class)
    SELECT '{order_no}', number, 'TEA', 'Tea', '{{}}', merchant_id, 1, 3, 3, 3, 0, 0, 0, 'ordinary'
    FROM unnest('{{own,own,another}}'::text[]) WITH ORDINALITY AS line (merchant_id, number);
    INSERT INTO parcels (parcel_no, order_no, sequence, merchant_id, warehouse_id, transport_class, weight_g,
                         volume_mm3, state, updated_at)
    SELECT '{order_no}-' || sequence, '{order_no}', sequence, 'own', 'tpe-1', 'ordinary', 0, 0, 'created', now()
    FROM generate_series(1, 2) AS sequence;
"""

_SUBMITTED = """
    INSERT INTO submissions (order_no, quote_id, buyer, idempotency_key, body_hash, receiver, received_at,
                             priced, answer)
    VALUES ('O-1', 'q', 'alice', 'k', '', '{}', now(), $1, $2)
"""
_LINE_WITHOUT_OFFERS: Document = {
    "line_no": 1,
    "sku": "TEA",
    "name": "Tea",
    "attributes": {},
    "merchant_id": "own",
    "quantity": 2,
}
_PRICED_WITHOUT_OFFERS: Document = {
    "order_type": "standard",
    "currency": "TWD",
    "shipping_option": "standard",
    "shipping_options": {"standard": 7},
    "lines": [
        _LINE_WITHOUT_OFFERS
        | {"unit_price": 10, "amount": 20, "discounts": [], "payable": 20, "shipping": 7}
        | {"weight_g": 0, "volume_mm3": 0, "transport_class": "ordinary"}
    ],
    "totals": {"goods": 20, "discount": 0, "points": 0, "shipping": 7, "tax": 0, "payable": 27, "due_now": 27},
}
_ANSWERED_WITHOUT_OFFERS: Document = {
    "order_no": "O-1",
    "order_type": "standard",
    "status": "awaiting_payment",
    "status_label": "",
    "totals": {name: twd(amount) for name, amount in _PRICED_WITHOUT_OFFERS["totals"].items()},
    "placed_at": "2026-11-01T00:00:00Z",
    "updated_at": "2026-11-01T00:00:00Z",
    "payment_due_at": "2026-11-01T00:30:00Z",
    "shipping_option": "standard",
    "receiver": TAIPEI,
    "lines": [
        _LINE_WITHOUT_OFFERS
        | {"unit_price": twd(10), "amount": twd(20), "discounts": [], "payable": twd(20), "shipping": twd(7)}
        | {"sources": []}
    ],
    **{name: [] for name in ("payments", "parcels", "after_sales", "refunds", "reviews", "available_actions")},
}
