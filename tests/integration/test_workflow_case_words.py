"""What is said of a case, in the Temporal UI too: taken once, from whom it is for, by a run that may end (R-REV-7)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from temporalio.api.enums.v1 import EventType

from ordersaga.domain.after_sales.case import Case, Kind
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.messages import DECIDED, ActedBy, CaseDecision, StateReached
from ordersaga.gateways.after_sales import run_of
from ordersaga.gateways.beginning import beginning
from ordersaga.persistence import transitions
from tests.integration.case_stand import MERCHANT, CaseStand
from tests.integration.order_runs import BUYER, PATIENCE
from tests.integration.order_stand import QUEUE, OrderStand
from tests.integration.refund_stand import RefundStand
from tests.shop import until

SHIPMENT = {"carrier": "post", "tracking_no": "RR123456789TW"}
APPROVAL = CaseDecision(decision="approve", by=MERCHANT)
SOON = timedelta(seconds=8)
"""Time enough to say something before a deadline, on any machine."""


@pytest.fixture
async def stand(order_stand: OrderStand) -> AsyncIterator[CaseStand]:
    refunds = RefundStand(order_stand)
    async with refunds.delivering():
        yield CaseStand(order_stand, refunds)


async def test_a_run_hears_only_what_it_can_act_on_and_takes_a_decision_once(stand: CaseStand) -> None:
    order_no = await stand.orders.delivered((await stand.orders.shelves(), 1))
    case = await stand.opens(order_no, Kind.RETURN)
    for command in ("time_is_over", "refunds_are_done", "approve_refund"):
        assert await stand.refusal(case, command) == "request_invalid", command
    assert await stand.refusal(case, "ship_back", carrier="post", tracking_no="for Alice!") == "request_invalid"
    assert await stand.refusal(case, "accept", MERCHANT, lines=[{"line_no": 1}]) == "request_invalid"
    for nobody in (ActedBy(role="system", subject="x", reason="x"), ActedBy(role="boss", subject="x", reason="x")):
        assert await stand.refusal(case, "approve", nobody) == "request_invalid"
        assert await stand.refusal(case, "withdraw", nobody) == "request_invalid"
        await stand.run(case).signal(DECIDED, CaseDecision(decision="approve", by=nobody))
    assert await stand.refusal(case, "approve", ActedBy(role="merchant", subject="mia")) == "request_invalid", "no note"
    assert await stand.refusal(case, "approve", ActedBy(role="buyer", subject="b", reason="me")) == "action_not_allowed"
    assert await stand.refusal(case, "escalate") == "action_not_allowed"
    assert (await stand.case(case)).state is CaseState.REQUESTED

    await stand.run(case).signal(DECIDED, APPROVAL)
    await stand.until(case, CaseState.AWAITING_RETURN)
    assert await stand.refusal(case, "approve", MERCHANT) == "action_not_allowed"
    await stand.run(case).signal(DECIDED, APPROVAL)

    await stand.run(case).terminate("by hand")
    async with asyncio.timeout(PATIENCE):
        begun = beginning(run_of(case.case_no), task_queue=QUEUE)
        reached = await stand.orders.client.execute_update_with_start_workflow(
            "act",
            {"command": "ship_back", "by": {"role": "buyer", "subject": BUYER.subject}, "details": SHIPMENT},
            start_workflow_operation=begun,
            result_type=StateReached,
        )
    assert reached.state == CaseState.RETURNING
    assert (await channels(stand, order_no))[1:] == ["temporal_ui", "temporal_ui"], (
        "though the last one says nothing of it"
    )
    assert await actions(stand, order_no) == ["open_case", "approve_return", "ship_back"]


async def test_a_deadline_that_passes_while_somebody_acts_does_not_end_the_next_ones_time(stand: CaseStand) -> None:
    order_no = await stand.orders.delivered((await stand.orders.shelves(), 1))
    case = await stand.opens(order_no, Kind.RETURN)
    locked = text("SELECT FROM orders WHERE order_no = :order_no FOR UPDATE")
    async with stand.orders.database.transaction() as connection:
        await connection.execute(locked, {"order_no": order_no})
        assert case.due_at is not None
        await stand.passes(case, case.due_at - datetime.now(UTC) - SOON)
        approving = asyncio.create_task(stand.decides(case))
        await until(lambda: timers_fired(stand, case), bool, PATIENCE)
    assert await approving == CaseState.AWAITING_RETURN
    assert await stand.says(case, "ship_back", BUYER, **SHIPMENT) == CaseState.RETURNING
    assert await actions(stand, order_no) == ["open_case", "approve_return", "ship_back"]


async def timers_fired(stand: CaseStand, case: Case) -> int:
    events = (await stand.run(case).fetch_history()).events
    return sum(event.event_type == EventType.EVENT_TYPE_TIMER_FIRED for event in events)


async def channels(stand: CaseStand, order_no: str) -> list[str]:
    async with stand.orders.database.transaction() as connection:
        return [item.channel for item in await transitions.timeline(connection, order_no) if item.case_no]


async def actions(stand: CaseStand, order_no: str) -> list[str]:
    """What was done with the order's cases, as the audit has it."""
    async with stand.orders.database.transaction() as connection:
        return [item.action for item in await transitions.timeline(connection, order_no) if item.case_no]
