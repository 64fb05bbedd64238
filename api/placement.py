"""One call to Temporal: start the order's run and wait for its outcome; sent again, it attaches to the same run."""

import asyncio
import hashlib
from datetime import timedelta

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from api.problems import unavailable
from ordersaga.contracts.search_attributes import BUYER, MERCHANTS, ORDER_NO, ORDER_STATUS, ORDER_TYPE
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.messages import PLACE, REVISION, OrderStart, Placement, order_workflow_id
from ordersaga.domain.money import Money
from ordersaga.persistence.submissions import Submission


def update_id(operation: str, *parts: str) -> str:
    """Update ids are per run, not per handler: the operation's name keeps a cancel from answering like a submit."""
    return f"{operation}:{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:32]}"


async def place(
    client: Client,
    submission: Submission,
    *,
    task_queue: str,
    policy_version: int,
    placing_seconds: float,
    deadline_seconds: float,
) -> Placement | None:
    """The outcome of placing; `None` when the run has ended, so that the database knows it.

    Raises an `unavailable` problem when there is no outcome in time: the run goes on, and the same call resumes.
    """
    operation = _start(submission, task_queue, policy_version, placing_seconds)
    try:
        async with asyncio.timeout(deadline_seconds):
            outcome = await client.execute_update_with_start_workflow(
                PLACE,
                id=update_id("submit", submission.buyer, submission.idempotency_key),
                start_workflow_operation=operation,
                result_type=Placement,
                rpc_timeout=timedelta(seconds=deadline_seconds),
            )
            return Placement(**outcome) if isinstance(outcome, dict) else outcome
    except WorkflowAlreadyStartedError:
        return None
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError, WorkflowUpdateFailedError) as error:
        raise unavailable("placing orders") from error
    except RPCError as error:
        raise unavailable("placing orders") from error
    finally:
        await dispose(operation)


def _start(
    submission: Submission, task_queue: str, policy_version: int, placing_seconds: float
) -> WithStartWorkflowOperation[object, object]:
    priced = submission.priced
    kind = order_type(priced.order_type)
    policies = {line.stock_policy for line in priced.lines}
    return WithStartWorkflowOperation(
        kind.workflow,
        OrderStart(
            order_no=submission.order_no,
            order_type=kind.name,
            table_version=kind.machine.version,
            policy_version=policy_version,
            placing_seconds=placing_seconds,
            holds_offers=bool(priced.holds),
            holds_limits=bool(submission.screening.get("limits")),
            holds_stock=kind.ships and StockPolicy.DEDUCT_AT_SUBMIT in policies,
            deducts_at_payment=kind.ships and StockPolicy.DEDUCT_AT_PAYMENT in policies,
            under_review=submission.screening.get("verdict") == "review",
            revision=REVISION,
        ),
        id=order_workflow_id(submission.order_no),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        static_summary=f"{submission.order_no} · {Money(priced.totals.payable, priced.currency)}",
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(ORDER_NO, submission.order_no),
                SearchAttributePair(BUYER, submission.buyer),
                SearchAttributePair(MERCHANTS, list(priced.merchant_ids)),
                SearchAttributePair(ORDER_TYPE, kind.name),
                SearchAttributePair(ORDER_STATUS, kind.machine.initial),
            ]
        ),
    )


async def dispose(operation: WithStartWorkflowOperation[object, object]) -> None:
    """The operation holds a future of its own that complains when nobody looks at its failure."""
    future = operation._workflow_handle
    if future.done() and not future.cancelled():
        future.exception()
    else:
        future.cancel()
