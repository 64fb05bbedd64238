"""What somebody with the database, and without the key, may try: each is found and named (R-SUB-3).

`AUDITED_ORDERS=10000` makes the untouched database as large as that; with `-s` the time that it took is printed.
"""

import json
import os
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from devstack.stack import Stack
from ordersaga.domain.audit.chain import AuditRow, changed, fold
from ordersaga.domain.keys import KeyRing
from ordersaga.persistence import audit, checkpoints
from ordersaga.persistence.database import Database
from ordersaga.persistence.verification import Anchor, Verification, verify_all
from tests.integration.audited_orders import AuditedOrders
from tests.integration.order_worker import own_database

KEYS = KeyRing({"k1": secrets.token_bytes(32)}, "k1")
MANY = int(os.environ.get("AUDITED_ORDERS", "60"))
BESIDE = 3


@pytest.fixture
async def shop(stack: Stack) -> AsyncIterator[AuditedOrders]:
    """A few orders that nobody touches stand beside what each test breaks."""
    settings = await own_database(stack.addresses, f"audit_{secrets.token_hex(6)}")
    database = Database(settings.database_driver_url, audit_keys=KEYS)
    made = AuditedOrders(database, KEYS)
    await made.complete_many(BESIDE)
    yield made
    await database.close()


async def verified(shop: AuditedOrders, keys: KeyRing = KEYS, anchor: Anchor | None = None) -> Verification:
    return await verify_all(shop.database, keys, at=datetime.now(UTC), anchor=anchor)


async def faults(shop: AuditedOrders) -> set[tuple[str, str, str]]:
    return {(item.order_no, item.fault, item.where) for item in (await verified(shop)).findings}


async def edit(shop: AuditedOrders, *statements: str, **values: object) -> None:
    """What somebody does in the database by hand, foreign keys switched off."""
    async with shop.database.transaction() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            wanted = {name: value for name, value in values.items() if f":{name}" in statement}
            await connection.execute(text(statement), wanted)


async def test_an_untouched_database_verifies_clean(shop: AuditedOrders) -> None:
    await shop.complete_many(MANY)
    await shop.checkpoint()
    began = time.monotonic()
    seen = await verified(shop)
    print(f"\n{seen.orders} orders, {seen.transitions} audit rows: {time.monotonic() - began:.1f} s")
    assert seen.findings == []
    assert (seen.orders, seen.transitions, seen.checkpoints) == (MANY + BESIDE, 11 * (MANY + BESIDE), 1)


@pytest.mark.parametrize(
    ("table", "assignment", "where"),
    [
        ("orders", "payable = 1", "orders.payable"),
        ("orders", "state = 'cancelled'", "orders.state"),
        ("orders", 'receiver = receiver || \'{"name": "Eve"}\'', "orders.receiver"),
        ("order_lines", "unit_price = 1", "order_lines.2.unit_price"),
        ("payments", "received_amount = 99999", "payments.pay-{}.received_amount"),
        ("parcels", "warehouse_id = 'x'", "parcels.{}-1.warehouse_id"),
    ],
)
async def test_a_changed_field_is_named(shop: AuditedOrders, table: str, assignment: str, where: str) -> None:
    order_no = await shop.completes()
    last_line = " AND line_no = 2" if table == "order_lines" else ""
    await edit(shop, f"UPDATE {table} SET {assignment} WHERE order_no = :order_no{last_line}", order_no=order_no)  # noqa: S608
    assert await faults(shop) == {(order_no, "changed", where.format(order_no))}


async def test_added_and_removed_rows_are_named(shop: AuditedOrders) -> None:
    robbed, given = await shop.completes(), await shop.completes()
    await edit(
        shop,
        "DELETE FROM order_lines WHERE order_no = :robbed AND line_no = 1",
        """INSERT INTO payments (payment_id, order_no, channel, provider, amount, currency, state, created_at)
           VALUES ('made-up', :given, 'card', 'sandbox', 1, 'TWD', 'open', now())""",
        robbed=robbed,
        given=given,
    )
    assert await faults(shop) == {(robbed, "removed", "order_lines.1"), (given, "added", "payments.made-up")}


async def test_an_edit_that_the_next_transition_took_over_is_still_named(shop: AuditedOrders) -> None:
    order_no = await shop.places()
    await edit(shop, "UPDATE orders SET payable = 1 WHERE order_no = :order_no", order_no=order_no)
    await shop.times_out(order_no)
    assert await faults(shop) == {(order_no, "changed", "orders.payable")}


async def test_a_changed_audit_row_is_named(shop: AuditedOrders) -> None:
    order_no = await shop.completes()
    await edit(
        shop, "UPDATE transitions SET actor = 'mallory' WHERE order_no = :order_no AND sequence = 3", order_no=order_no
    )
    assert await faults(shop) == {(order_no, "audit_changed", "transitions.3")}


async def test_an_audit_row_taken_out_of_the_middle_is_named(shop: AuditedOrders) -> None:
    order_no = await shop.completes()
    await edit(shop, "DELETE FROM transitions WHERE order_no = :order_no AND sequence = 3", order_no=order_no)
    assert (order_no, "audit_removed", "transitions.4") in await faults(shop)


async def test_a_cut_tail_is_named_though_the_order_was_set_back_with_it(shop: AuditedOrders) -> None:
    order_no = await shop.places()
    await shop.times_out(order_no)
    await shop.checkpoint()
    await edit(
        shop,
        "DELETE FROM transitions WHERE order_no = :order_no AND sequence > 1",
        "DELETE FROM events WHERE order_no = :order_no AND sequence > 1",
        "UPDATE orders SET state = 'awaiting_payment', updated_at = placed_at WHERE order_no = :order_no",
        order_no=order_no,
    )
    assert await faults(shop) == {
        (order_no, "audit_removed", "transitions.3"),
        ("", "counts_differ", "audit_checkpoints"),
    }


async def test_an_order_that_was_removed_with_its_chain_is_named(shop: AuditedOrders) -> None:
    order_no = await shop.pays()
    await shop.checkpoint()
    tables = ("events", "transitions", "payments", "order_lines", "orders")
    removals = (f"DELETE FROM {table} WHERE order_no = :order_no" for table in tables)  # noqa: S608
    await edit(shop, *removals, order_no=order_no)
    assert await faults(shop) == {(order_no, "removed", "orders"), ("", "counts_differ", "audit_checkpoints")}


async def test_a_removed_chain_is_named(shop: AuditedOrders) -> None:
    order_no = await shop.pays()
    await edit(shop, "DELETE FROM transitions WHERE order_no = :order_no", order_no=order_no)
    assert await faults(shop) == {(order_no, "audit_missing", "transitions")}


async def test_seals_that_were_made_again_with_another_key_are_named(shop: AuditedOrders) -> None:
    order_no = await shop.pays()
    await edit(shop, "UPDATE orders SET payable = 1 WHERE order_no = :order_no", order_no=order_no)
    await forge(shop, order_no, KeyRing({"k1": secrets.token_bytes(32)}, "k1"))
    found = await faults(shop)
    assert {(order_no, "audit_changed", f"transitions.{sequence}") for sequence in (1, 2, 3)} <= found
    assert {order for order, _, _ in found} == {order_no}


async def test_a_checkpoint_that_was_changed_or_taken_away_is_named(shop: AuditedOrders) -> None:
    for _ in range(3):
        await shop.places()
        last = await shop.checkpoint()
    await edit(shop, "UPDATE audit_checkpoints SET orders = orders + 1 WHERE number = 1")
    assert ("", "checkpoint_changed", "audit_checkpoints.1") in await faults(shop)
    await edit(shop, "DELETE FROM audit_checkpoints WHERE number = 2")
    assert ("", "checkpoint_removed", "audit_checkpoints.3") in await faults(shop)
    await edit(shop, "DELETE FROM audit_checkpoints WHERE number = 3")
    seen = await verified(shop, anchor=Anchor(last.number, last.mac))
    assert "audit_checkpoints.3" in {item.where for item in seen.findings}


async def test_a_noted_checkpoint_that_is_there_says_nothing(shop: AuditedOrders) -> None:
    made = await shop.checkpoint()
    await shop.places()
    await shop.checkpoint()
    assert (await verified(shop, anchor=Anchor(made.number, made.mac))).clean


async def test_rows_that_no_checkpoint_ever_covered_are_named_after_a_while(shop: AuditedOrders) -> None:
    await shop.checkpoint()
    await shop.places()
    assert (await verified(shop)).uncovered == 1
    later = await verify_all(shop.database, KEYS, at=datetime.now(UTC) + timedelta(hours=1))
    assert [item.fault for item in later.findings] == ["uncovered"]


async def test_keys_may_be_changed_in_the_middle_of_an_order_and_the_old_ones_still_verify(shop: AuditedOrders) -> None:
    order_no = await shop.places()
    await shop.checkpoint()
    both = KeyRing({**KEYS.keys, "k2": secrets.token_bytes(32)}, "k2")
    rotated = shop.with_keys(both)
    await rotated.times_out(order_no)
    await rotated.checkpoint()
    assert (await verified(shop, both)).clean
    without_the_old = KeyRing({"k2": both.keys["k2"]}, "k2")
    assert "its key is unknown" in (await verified(shop, without_the_old)).findings[0].message


async def test_two_processes_make_one_checkpoint(shop: AuditedOrders) -> None:
    await shop.numbers_events()
    async with shop.database.transaction() as one, shop.database.transaction() as other:
        made = await checkpoints.make(one, KEYS, datetime.now(UTC))
        assert made is not None
        assert await checkpoints.make(other, KEYS, datetime.now(UTC)) is None
    assert (await verified(shop)).checkpoints == 1


async def forge(shop: AuditedOrders, order_no: str, keys: KeyRing) -> None:
    """Write a chain that fits the order as it stands now, with a key of one's own."""
    async with shop.database.transaction() as connection:
        chain, records = await audit.read(connection, order_no)
        previous, forged = "", list[AuditRow]()
        for row in chain:
            remade = replace(row, changes=changed(order_no, fold(forged), records, keys, row.action))
            remade = replace(remade, mac=remade.seal(keys, previous) or "")
            previous = remade.mac
            forged.append(remade)
    for row in forged:
        await edit(
            shop,
            """UPDATE transitions SET changes = CAST(:changes AS jsonb), mac = :mac
               WHERE order_no = :order_no AND sequence = :sequence""",
            changes=json.dumps(row.changes),
            mac=row.mac,
            order_no=order_no,
            sequence=row.sequence,
        )
