"""What is to become of parcels that were lost or refused, sent to the parcel's run as an update (W3)."""

import asyncio
import secrets
from datetime import timedelta

from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api.authentication import Caller, Role
from api.commands import refusal, with_note
from api.placement import dispose, update_id
from api.problems import not_found, unavailable
from api.services import Services
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.parcel import ASTRAY, Resolution
from ordersaga.domain.messages import RESOLVE_PARCEL, ParcelResolution, parcel_workflow_id
from ordersaga.gateways.beginning import beginning
from ordersaga.gateways.parcel import run_of
from ordersaga.persistence import parcels
from ordersaga.persistence.parcels import Whereabouts


async def resolve_parcel(
    services: Services, caller: Caller, parcel_no: str, decision: Resolution, *, note: str, key: str | None
) -> None:
    """Take the decision and wait until it is recorded.

    Raises `ActionNotAllowed` naming action and state, a 404 for what is not the caller's, 503 when the answer is late.
    """
    parcel = await _own_parcel(services, caller, parcel_no)
    if key is None and parcel.state not in ASTRAY:
        raise _not_astray(parcel, decision)
    word = ParcelResolution(decision=decision, by=await with_note(services, caller, parcel.order_no, note))
    update = update_id(RESOLVE_PARCEL, decision, caller.role, caller.subject, key or secrets.token_hex(8))
    operation = beginning(run_of(parcel_no), task_queue=services.settings.task_queue)
    patience = _patience(services)
    try:
        async with asyncio.timeout(patience.total_seconds()):
            await services.temporal.execute_update_with_start_workflow(
                RESOLVE_PARCEL, word, id=update, start_workflow_operation=operation, rpc_timeout=patience
            )
    except WorkflowUpdateFailedError as error:
        raise refusal(error) from error
    except WorkflowAlreadyStartedError:
        await _answered_before(services, caller, parcel_no, decision, update)
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
        raise unavailable("the parcel's run") from error
    finally:
        await dispose(operation)


async def _answered_before(
    services: Services, caller: Caller, parcel_no: str, decision: Resolution, update: str
) -> None:
    """The run is over; whoever decided this before, with the same key, gets the same answer."""
    run = services.temporal.get_workflow_handle(parcel_workflow_id(parcel_no))
    try:
        await run.get_update_handle(update).result(rpc_timeout=_patience(services))
    except WorkflowUpdateFailedError as error:
        raise refusal(error) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        raise unavailable("the parcel's run") from error
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise unavailable("the parcel's run") from error
        raise _not_astray(await _own_parcel(services, caller, parcel_no), decision) from error


async def _own_parcel(services: Services, caller: Caller, parcel_no: str) -> Whereabouts:
    async with services.database.transaction() as connection:
        parcel = await parcels.whereabouts(connection, parcel_no)
    if parcel is None or (caller.role is Role.MERCHANT and parcel.merchant_id != caller.merchant_id):
        raise not_found()
    return parcel


def _not_astray(parcel: Whereabouts, decision: Resolution) -> ActionNotAllowed:
    return ActionNotAllowed(
        f"{decision} is not possible while a parcel is {parcel.state}", action=decision, state=parcel.state
    )


def _patience(services: Services) -> timedelta:
    return timedelta(seconds=services.settings.submit_deadline_seconds)
