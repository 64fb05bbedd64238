"""Reads the books straight from the database and from Temporal, past the code that keeps them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from temporalio.client import Client

from activities.reconciliation import Reconciliation
from cli.experiment.books import (
    BalanceRow,
    Books,
    MovementRow,
    OrderRow,
    ParcelUnits,
    PaymentRow,
    ProviderRow,
    RefundRow,
    StepRow,
)
from cli.experiment.purse_evidence import read_purses
from cli.experiment.rows import rows
from cli.keys import audited_database
from cli.neighbours import neighbours
from devstack.ready import Addresses
from ordersaga.contracts.reconciliation import ListChecks, LookAt
from ordersaga.domain.reconciliation import ItemState, Patience
from ordersaga.persistence import reconciliation
from ordersaga.persistence.verification import verify_all

_ANSWERS_WITHIN = 20.0
_OURS = ("order/", "parcel/", "refund/", "after-sales/")

_ORDERS = """
    SELECT order_no, buyer, order_type, table_version, state, payable,
           (SELECT sum(quantity)::int FROM order_lines WHERE order_lines.order_no = orders.order_no) - (
               SELECT count(*)::int FROM claimed_units JOIN after_sales_cases USING (case_no)
               WHERE claimed_units.order_no = orders.order_no AND kind = 'cancellation'
           ) AS units
    FROM orders ORDER BY placed_at
"""
_STEPS = """
    SELECT order_no, parcel_no, case_no, action, from_state, to_state, actor_role FROM transitions
    ORDER BY order_no, sequence
"""
_PAYMENTS = "SELECT payment_id, order_no, state, received_amount AS received FROM payments"
_PROVIDER = """
    SELECT payment_id, order_no, coalesce(paid_amount, 0) AS paid, (
        SELECT coalesce(sum(amount), 0)::bigint FROM sandbox_refunds
        WHERE sandbox_refunds.payment_id = sandbox_payments.payment_id AND failure IS NULL AND settles_at <= now()
    ) AS refunded FROM sandbox_payments
"""
_REFUNDS = "SELECT payment_id, order_no, amount, state, case_no FROM refunds"
_MOVEMENTS = """
    SELECT sku, warehouse_id, kind, on_hand, reserved, CASE kind
        WHEN 'adjust' THEN NULL
        WHEN 'transfer_out' THEN NULL
        WHEN 'transfer_in' THEN NULL
        ELSE coalesce((SELECT order_no FROM parcels WHERE parcel_no = source_document), source_document)
    END AS order_no FROM stock_movements
"""
_BALANCES = """
    SELECT sku, warehouse_id, sum(on_hand)::bigint AS on_hand, sum(reserved)::bigint AS reserved
    FROM stock GROUP BY sku, warehouse_id
"""
_PARCELS = """
    SELECT parcel_no, order_no, warehouse_id, state, sku, quantity FROM parcels JOIN parcel_lines USING (parcel_no)
"""
_UNFINISHED = {
    "a report was not delivered to its run": """
        SELECT subject FROM inbox WHERE workflow_id IS NOT NULL AND delivered_at IS NULL
    """,
    "a report was not taken into account": """
        SELECT subject FROM inbox WHERE workflow_id IS NOT NULL AND applied_at IS NULL
    """,
    "the provider owes a callback": """
        SELECT payment_id FROM sandbox_callbacks WHERE delivered_at IS NULL AND given_up_at IS NULL
    """,
    "a request was begun and never answered": """
        SELECT caller || ' ' || operation FROM idempotent_requests WHERE answer IS NULL
    """,
    "an event was not published": "SELECT order_no FROM events WHERE position IS NULL",
    "a consumer has not had every event": """
        SELECT name FROM relays WHERE position < (SELECT coalesce(max(position), 0) FROM events)
    """,
    "a submission is undecided": "SELECT order_no FROM submissions WHERE placed IS NULL",
}


async def read_books(addresses: Addresses) -> Books:
    """Everything but the audit, in one consistent view of the database."""
    connection = await asyncpg.connect(addresses.database, timeout=_ANSWERS_WITHIN, command_timeout=_ANSWERS_WITHIN)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return Books(
                orders=await rows(connection, OrderRow, _ORDERS),
                steps=await rows(connection, StepRow, _STEPS),
                payments=await rows(connection, PaymentRow, _PAYMENTS),
                provider=await rows(connection, ProviderRow, _PROVIDER),
                refunds=await rows(connection, RefundRow, _REFUNDS) if await _has(connection, "refunds") else (),
                movements=await rows(connection, MovementRow, _MOVEMENTS),
                balances=await rows(connection, BalanceRow, _BALANCES),
                parcels=await rows(connection, ParcelUnits, _PARCELS),
                purses=await read_purses(connection),
                unfinished=await _unfinished(connection) | {"its run is still open": await open_runs(addresses)},
            )
    finally:
        await connection.close(timeout=_ANSWERS_WITHIN)


async def read_audit(data_dir: Path) -> tuple[tuple[str, str], ...]:
    """What `ordersaga verify-audit` finds."""
    database, keys = audited_database(data_dir)
    try:
        seen = await verify_all(database, keys, at=datetime.now(UTC))
    finally:
        await database.close()
    return tuple((finding.order_no or "the audit", f"{finding.fault}: {finding.message}") for finding in seen.findings)


async def read_differences(data_dir: Path) -> tuple[tuple[str, str], ...]:
    """What `ordersaga reconcile` finds, of what has just changed too: the shop is at rest."""
    database, _ = audited_database(data_dir)
    try:
        async with neighbours(data_dir, database) as beside:
            looks = Reconciliation(database, beside.open_runs, beside.providers, Patience(settle_seconds=0))
            for check in (await looks.checks(ListChecks(at=datetime.now(UTC)))).names:
                await looks.look(LookAt(check=check, at=datetime.now(UTC)))
        async with database.transaction() as connection:
            items = await reconciliation.page(connection, state=ItemState.OPEN, limit=1000)
    finally:
        await database.close()
    return tuple((item.subject, f"{item.kind}: {item.found} instead of {item.expected}") for item in items)


async def open_runs(addresses: Addresses) -> tuple[str, ...]:
    """The ids of our runs that Temporal holds open, as its index knows them."""
    client = await Client.connect(addresses.temporal, namespace=addresses.namespace)
    found = client.list_workflows("ExecutionStatus = 'Running'")
    return tuple([run.id async for run in found if run.id.startswith(_OURS)])


async def _unfinished(connection: Any) -> dict[str, tuple[str, ...]]:
    return {what: tuple(row[0] for row in await connection.fetch(query)) for what, query in _UNFINISHED.items()}


async def _has(connection: Any, table: str) -> bool:
    return bool(await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table))
