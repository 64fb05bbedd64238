"""What people say of after-sales cases: checked by the table, then sent to the case's run (R-REV-7, P8)."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.client import (
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api.access import acted_by, actor_of
from api.authentication import Caller
from api.case_views import may_see
from api.commands import refusal
from api.idempotency import once
from api.placement import dispose, update_id
from api.problems import not_found, unavailable
from api.services import Services
from ordersaga.domain.after_sales.case import Case
from ordersaga.domain.after_sales.commands import DECISIONS, Command, action_of
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.messages import ACT, BEGUN, DECIDE, ActedBy, CaseCommand, CaseDecision, case_workflow_id
from ordersaga.gateways.after_sales import run_of
from ordersaga.gateways.beginning import beginning
from ordersaga.persistence import after_sales, orders, transitions

log = structlog.get_logger()

_QUESTIONS: Mapping[Command, str] = {
    Command.REJECT: Command.APPROVE,
    Command.REFUSE_TO_STOP: Command.STOP,
    Command.REFUSE: Command.ACCEPT,
}
"""Two answers to one question: a key is good for one of them."""
_MOMENT = 5.0
"""Seconds for which somebody waits for the run's own first step."""


async def own_case(connection: AsyncConnection, caller: Caller, case_no: str) -> Case:
    """The case. A 404 for one that is not there or somebody else's (P8)."""
    case = await after_sales.get(connection, case_no)
    order = await orders.standing(connection, case.order_no) if case else None
    if case is None or order is None or not may_see(case, caller, order.buyer):
        raise not_found()
    return case


async def say(
    services: Services,
    caller: Caller,
    case_no: str,
    command: Command,
    *,
    note: str = "",
    details: Mapping[str, Any] | None = None,
    key: str | None,
) -> None:
    """Say it, and wait until it is decided; a run that somebody terminated begins again for it.

    Raises `ActionNotAllowed` naming action and state, a 404 for what is not the caller's, 422 for another word with the
    same key, 503 when the answer is late.
    """
    async with services.database.transaction() as connection:
        case = await own_case(connection, caller, case_no)
        if key is None:
            case.machine.next(case.state, action_of(case, command), actor_of(caller))

        async def create(connection: AsyncConnection) -> dict[str, Any]:
            kept = await transitions.add_note(connection, case.order_no, note, datetime.now(UTC)) if note else None
            return {"note": kept}

        word = {"command": command, "note": note, "details": dict(details or {})}
        operation_name = f"{_QUESTIONS.get(command, command)}:{case_no}"
        said = await once(connection, caller, operation_name, key, word, create)
    by = replace(acted_by(caller), note=said["note"])
    update = update_id(command, caller.role, caller.subject, key or secrets.token_hex(8))
    operation = beginning(run_of(case_no), task_queue=services.settings.task_queue)
    try:
        await _send(services, operation, command, by, dict(details or {}), update)
    except WorkflowUpdateFailedError as error:
        raise refusal(error) from error
    except WorkflowAlreadyStartedError as error:
        await _answered_before(services, caller, case_no, command, update, error)
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
        raise unavailable("the case's run") from error
    finally:
        await dispose(operation)


async def begun(services: Services, case_no: str) -> None:
    """Have the run begin, and wait a moment for what it does by itself. It is begun by the worker otherwise."""
    operation = beginning(run_of(case_no), task_queue=services.settings.task_queue)
    try:
        async with asyncio.timeout(_MOMENT):
            await services.temporal.execute_update_with_start_workflow(
                BEGUN, start_workflow_operation=operation, rpc_timeout=timedelta(seconds=_MOMENT)
            )
    except (
        TimeoutError,
        WorkflowAlreadyStartedError,
        WorkflowUpdateFailedError,
        WorkflowUpdateRPCTimeoutOrCancelledError,
        RPCError,
        RuntimeError,
    ) as error:
        log.warning("a case's run is not seen beginning", case_no=case_no, error=type(error).__name__)
    finally:
        await dispose(operation)


async def _send(
    services: Services,
    operation: WithStartWorkflowOperation[object, object],
    command: Command,
    by: ActedBy,
    details: dict[str, Any],
    update: str,
) -> None:
    patience = services.settings.submit_deadline_seconds
    word: CaseDecision | CaseCommand = CaseCommand(command=command, by=by, details=details)
    if command in DECISIONS:
        word = CaseDecision(decision=command, by=by)
    async with asyncio.timeout(patience):
        await services.temporal.execute_update_with_start_workflow(
            DECIDE if command in DECISIONS else ACT,
            word,
            id=update,
            start_workflow_operation=operation,
            rpc_timeout=timedelta(seconds=patience),
        )


async def _answered_before(
    services: Services, caller: Caller, case_no: str, command: Command, update: str, over: WorkflowAlreadyStartedError
) -> None:
    """The case is over; whoever said this before, with the same key, gets the same answer."""
    patience = timedelta(seconds=services.settings.submit_deadline_seconds)
    handle = services.temporal.get_workflow_handle(case_workflow_id(case_no))
    try:
        await handle.get_update_handle(update).result(rpc_timeout=patience)
    except WorkflowUpdateFailedError as error:
        raise refusal(error) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        raise unavailable("the case's run") from error
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise unavailable("the case's run") from error
        async with services.database.transaction() as connection:
            case = await own_case(connection, caller, case_no)
        raise ActionNotAllowed(
            f"{command} is not possible while {case.state}", action=command, state=case.state
        ) from over
