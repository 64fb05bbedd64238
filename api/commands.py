"""Actions that steer a running order: checked by the table, then sent to its run as an update (R-REV-2, R-CNF-1)."""

import asyncio
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api.access import acted_by, actor_of
from api.authentication import Caller
from api.placement import update_id
from api.problems import STATUS, Problem, unavailable
from api.services import Services
from api.standing import owned
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.messages import ActedBy, order_workflow_id
from ordersaga.persistence import transitions
from ordersaga.persistence.orders import Standing


async def command(
    services: Services, caller: Caller, order_no: str, action: Action, *, key: str | None, reason: str = ""
) -> None:
    """Take `action` and wait until it is decided. The update's name is the action's.

    Raises `ActionNotAllowed` naming action and state, a 404 for what is not the caller's, 503 when the answer is late.
    """
    standing = await own_order(services, caller, order_no)
    machine = order_type(standing.order_type).version(standing.table_version)
    if key is None:
        machine.next(standing.state, action, actor_of(caller))
    by = await with_note(services, caller, order_no, reason)
    update = update_id(action, caller.role, caller.subject, key or secrets.token_hex(8))
    await steer(services, caller, order_no, action, by, name=action, update=update)


async def steer(
    services: Services, caller: Caller, order_no: str, action: Action, word: object, *, name: str, update: str
) -> None:
    """Send the order's run the update `name`, whose id is `update`, and wait until it is decided."""
    patience = services.settings.submit_deadline_seconds
    try:
        async with asyncio.timeout(patience):
            await services.temporal.get_workflow_handle(order_workflow_id(order_no)).execute_update(
                name, word, id=update, rpc_timeout=timedelta(seconds=patience)
            )
    except WorkflowUpdateFailedError as error:
        raise refusal(error) from error
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise unavailable("the order's run") from error
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise unavailable("the order's run") from error
        standing = await own_order(services, caller, order_no)
        raise ActionNotAllowed(
            f"{action} is not possible while {standing.state}", action=action, state=standing.state
        ) from error


async def own_order(services: Services, caller: Caller, order_no: str) -> Standing:
    """Where the caller's order stands. A 404 for what is not there or somebody else's (P8)."""
    async with services.database.transaction() as connection:
        return await owned(connection, caller, order_no)


async def with_note(services: Services, caller: Caller, order_no: str, reason: str) -> ActedBy:
    """Who acts, with what they wrote left in the database: it does not belong into a run's history."""
    if not reason:
        return acted_by(caller)
    async with services.database.transaction() as connection:
        note = await transitions.add_note(connection, order_no, reason, datetime.now(UTC))
    return replace(acted_by(caller), note=note)


def refusal(error: WorkflowUpdateFailedError) -> Problem:
    """What a run's refusal of an update is over HTTP."""
    cause: Any = error.cause
    if isinstance(cause, ApplicationError) and cause.type in STATUS:
        details = cause.details[0] if cause.details else {}
        return Problem(cause.type, cause.message, **details)
    return unavailable("the order's run")
