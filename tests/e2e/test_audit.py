"""The audit as operators see it: by the API for one order, by a command for all of them (R-SUB-3, R-STM-4)."""

import asyncio
import json
import sys

import asyncpg  # type: ignore[import-untyped]
import pytest

from devstack.stack import Stack
from tests.e2e.unhurried import UnhurriedShop
from tests.shop import Document, Person, Shop, refused, until

COMMAND = (sys.executable, "-m", "cli", "verify-audit", "--json")


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """Nothing happens to an order here while its audit is looked at."""
    return unhurried


@pytest.fixture
async def placed(shop: Shop) -> tuple[Person, str]:
    buyer = shop.buyer()
    return buyer, await shop.places(buyer, (await shop.shelves(on_hand=5), 2))


async def test_an_orders_chain_is_shown_and_verifies(shop: Shop, placed: tuple[Person, str]) -> None:
    buyer, order_no = placed
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "in_production")
    shown = await shop.operator.get(f"/v1/orders/{order_no}/audit")
    assert shown["verified"], shown["findings"]
    actions = [(row["sequence"], row["action"]) for row in shown["rows"]]
    assert actions == [(1, "submit"), (2, "pay"), (3, "confirm_payment"), (4, "split")]
    assert "orders.state" in shown["rows"][2]["changed"]
    assert not [name for name in shown["rows"][2]["changed"] if name.startswith("order_lines")]


async def test_only_operators_read_the_audit(shop: Shop, placed: tuple[Person, str]) -> None:
    buyer, order_no = placed
    refused(await buyer.ask("GET", f"/v1/orders/{order_no}/audit"), 403, "forbidden")
    refused(await shop.operator.ask("GET", "/v1/orders/260101-NOSUCHORDER0/audit"), 404, "not_found")


async def test_an_edit_by_hand_is_named_by_the_api_and_by_the_command(
    shop: Shop, stack: Stack, placed: tuple[Person, str]
) -> None:
    _, order_no = placed
    await by_hand(stack, f"UPDATE orders SET payable = payable - 1 WHERE order_no = '{order_no}'")  # noqa: S608
    shown = await shop.operator.get(f"/v1/orders/{order_no}/audit")
    assert (shown["verified"], [item["where"] for item in shown["findings"]]) == (False, ["orders.payable"])
    code, told = await verifies(stack)
    assert code == 1
    assert (order_no, "orders.payable") in {(item["order_no"], item["where"]) for item in told["findings"]}
    await by_hand(stack, f"UPDATE orders SET payable = payable + 1 WHERE order_no = '{order_no}'")  # noqa: S608
    assert (await shop.operator.get(f"/v1/orders/{order_no}/audit"))["verified"]


async def test_a_worker_covers_what_is_new_with_checkpoints(
    shop: Shop, stack: Stack, placed: tuple[Person, str]
) -> None:
    _, order_no = placed
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    query = "SELECT count(*) FROM audit_checkpoints WHERE heads ? $1"
    try:
        await until(lambda: connection.fetchval(query, order_no, timeout=10), lambda found: bool(found))
    finally:
        await connection.close(timeout=10)


async def verifies(stack: Stack) -> tuple[int | None, Document]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--data-dir", str(stack.folder.root), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    return process.returncode, dict(json.loads(output))


async def by_hand(stack: Stack, statement: str) -> None:
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    try:
        await connection.execute(statement, timeout=10)
    finally:
        await connection.close(timeout=10)
