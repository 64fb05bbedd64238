"""Differences between the books as operators meet them: found by the command, listed and worked off by the API."""

import asyncio
import json
import sys

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from temporalio.client import Client

from devstack.stack import Stack
from ordersaga.domain.messages import order_workflow_id
from tests.shop import Document, Shop, refused

COMMAND = (sys.executable, "-m", "cli", "reconcile", "--json")
LIST = "/v1/admin/reconciliation"

pytestmark = pytest.mark.timeout(120)


async def test_an_order_whose_run_was_ended_is_found_and_goes_on_when_an_operator_says_so(
    shop: Shop, stack: Stack, temporal: Client
) -> None:
    buyer = shop.buyer()
    order_no = await shop.places(buyer, (await shop.shelves(on_hand=5), 2))
    await temporal.get_workflow_handle(order_workflow_id(order_no)).terminate()
    await by_hand(stack, order_no, "-")
    told = await compares(stack)
    await by_hand(stack, order_no, "+")
    assert told["failed"] == {}
    item = next(item for item in told["items"] if item["order_no"] == order_no)
    assert (item["kind"], item["fix"]) == ("order_without_run", "restart")

    listed = await shop.operator.get(f"{LIST}?state=open&kind=order_without_run&limit=200")
    assert item["item_id"] in {shown["item_id"] for shown in listed["items"]}
    decision = f"{LIST}/{item['item_id']}/decision"
    decided = await shop.operator.post(decision, {"decision": "fix", "note": "was terminated by mistake"})
    assert (decided["state"], decided["decided_by"]) == ("resolved", shop.operator.subject)
    await buyer.ask("POST", f"/v1/orders/{order_no}/cancel")
    await shop.until(order_no, "cancelled", "payment_timed_out")  # whichever comes first: there is a run that decides

    again = await shop.operator.ask("POST", decision, {"decision": "ignore", "note": "no"})
    refused(again, 409, "action_not_allowed")
    refused(
        await shop.operator.ask("POST", f"{LIST}/ri_0/decision", {"decision": "fix", "note": "x"}), 404, "not_found"
    )
    checks = await shop.operator.get(f"{LIST}/checks")
    assert {"stock", "payments", "orders' runs", "statement of sandbox"} <= {
        check["check"] for check in checks["items"]
    }


async def by_hand(stack: Stack, order_no: str, way: str) -> None:
    """What has settled is compared, and nothing has settled in a test: move the order to the past, and back again."""
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    change = f"UPDATE orders SET updated_at = updated_at {way} interval '1 hour' WHERE order_no = $1"  # noqa: S608
    try:
        await connection.execute(change, order_no, timeout=10)
    finally:
        await connection.close(timeout=10)


async def compares(stack: Stack) -> Document:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--data-dir", str(stack.folder.root), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    assert process.returncode == 1
    document: Document = json.loads(output)
    return document
