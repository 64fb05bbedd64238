"""The schedule by which the books are compared: made or brought up to date whenever a worker starts."""

from datetime import timedelta

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from ordersaga.domain.messages import RECONCILIATION_WORKFLOW, ReconciliationStart

log = structlog.get_logger()

SCHEDULE = "reconcile"
_PATIENCE = timedelta(seconds=10)


async def keep_schedule(client: Client, *, task_queue: str, interval: float | None) -> None:
    """Have the books compared every so many seconds; without an `interval`, never.

    A schedule that operators paused stays paused. Temporal may refuse, and orders go on all the same.
    """
    try:
        if interval is None:
            await _remove(client)
        else:
            await _keep(client, _wanted(task_queue, timedelta(seconds=interval)))
    except RPCError as refusal:
        log.warning("the books are not compared by themselves", status=refusal.status.name)


def _wanted(task_queue: str, interval: timedelta) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            RECONCILIATION_WORKFLOW,
            ReconciliationStart(),
            id="reconciliation",
            task_queue=task_queue,
            static_summary="Compare the books",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=interval)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=interval),
    )


async def _keep(client: Client, wanted: Schedule) -> None:
    try:
        await client.create_schedule(SCHEDULE, wanted, rpc_timeout=_PATIENCE)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(SCHEDULE).update(lambda known: _as(wanted, known), rpc_timeout=_PATIENCE)


def _as(wanted: Schedule, known: ScheduleUpdateInput) -> ScheduleUpdate:
    wanted.state = known.description.schedule.state
    return ScheduleUpdate(schedule=wanted)


async def _remove(client: Client) -> None:
    try:
        await client.get_schedule_handle(SCHEDULE).delete(rpc_timeout=_PATIENCE)
    except RPCError as refusal:
        if refusal.status is not RPCStatusCode.NOT_FOUND:
            raise
