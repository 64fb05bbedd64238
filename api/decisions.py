"""What operators decide, sent to the run that waits for it as an update: of failed refunds (R-PAY-3), and of orders
that risk control holds (R-STK-4).
"""

import asyncio
import secrets
from datetime import timedelta

from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from api.authentication import Caller
from api.commands import own_order, refusal, steer, with_note
from api.placement import dispose, update_id
from api.problems import not_found, unavailable
from api.services import Services
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.refund import after
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import DECIDE_RISK, RETRY_REFUND, RISK_ACTIONS, SETTLE_REFUND, RiskDecision
from ordersaga.domain.refund import Refund
from ordersaga.gateways.beginning import beginning
from ordersaga.gateways.refund import run_of
from ordersaga.persistence import refunds

_ACTIONS = {RETRY_REFUND: Action.RETRY_REFUND, SETTLE_REFUND: Action.SETTLE_REFUND}


async def decide_risk(
    services: Services, caller: Caller, order_no: str, decision: str, *, note: str, key: str | None
) -> None:
    """Let an order that risk control holds go on, or refuse it, and wait until that is recorded.

    Raises `ActionNotAllowed` when it is decided already, or not in question; 503 when the answer is late.
    """
    standing, action = await own_order(services, caller, order_no), RISK_ACTIONS[decision]
    if key is None:
        order_type(standing.order_type).version(standing.table_version).next(standing.state, action, Actor.OPERATOR)
    word = RiskDecision(decision=decision, by=await with_note(services, caller, order_no, note))
    update = update_id(DECIDE_RISK, decision, caller.role, caller.subject, key or secrets.token_hex(8))
    await steer(services, caller, order_no, action, word, name=DECIDE_RISK, update=update)


async def decide_refund(
    services: Services, caller: Caller, refund_no: str, decision: str, *, note: str, key: str | None
) -> Refund:
    """Take the decision and wait until it is recorded; a run that somebody terminated begins again for it.

    Raises `ActionNotAllowed` naming action and state, 503 when the answer is late.
    """
    refund = await known_refund(services, refund_no)
    if key is None:
        after(refund.state, _ACTIONS[decision], Actor.OPERATOR)
    by = await with_note(services, caller, refund.order_no, note)
    patience = services.settings.submit_deadline_seconds
    operation = beginning(run_of(refund.run), task_queue=services.settings.task_queue)
    try:
        async with asyncio.timeout(patience):
            await services.temporal.execute_update_with_start_workflow(
                decision,
                by,
                id=update_id(decision, caller.role, caller.subject, key or secrets.token_hex(8)),
                start_workflow_operation=operation,
                rpc_timeout=timedelta(seconds=patience),
            )
    except WorkflowUpdateFailedError as error:
        raise refusal(error) from error
    except WorkflowAlreadyStartedError as error:
        refund = await known_refund(services, refund_no)
        raise ActionNotAllowed(
            f"{decision} is not possible while {refund.state}", action=_ACTIONS[decision], state=refund.state
        ) from error
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
        raise unavailable("the refund's run") from error
    finally:
        await dispose(operation)
    return await known_refund(services, refund_no)


async def known_refund(services: Services, refund_no: str) -> Refund:
    """The refund. A 404 for one that is not there."""
    async with services.database.transaction() as connection:
        refund = await refunds.get(connection, refund_no)
    if refund is None:
        raise not_found()
    return refund
