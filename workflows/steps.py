"""How workflows run a step: as a short local activity first, and as a patient one when the neighbour is away (W1)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar, cast

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError
from temporalio.exceptions import TimeoutError as StepTimeout

Request = TypeVar("Request")
Result = TypeVar("Result")

# A local activity holds its workflow task's slot: one that keeps retrying would starve every other order.
_LOCAL_PATIENCE = timedelta(seconds=3)
# Attempts are counted because the time-out ends only what is under way: a step that fails at once never times out.
_LOCAL_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=1), maximum_attempts=4
)
_REGULAR_PATIENCE = timedelta(seconds=30)
_REGULAR_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10))


async def perform(
    step: Callable[[Any, Request], Awaitable[Result]],
    request: Request,
    *,
    summary: str,
    within: timedelta | None = None,
) -> Result:
    """Run one step of a contract until it is done or refused.

    A refusal arrives as `ApplicationError` whose type is the error's code. With `within` the step may also fail with
    `ActivityError` when that time is over; without, it is tried for ever.
    """
    method = cast(Any, step)
    try:
        done = await workflow.execute_local_activity_method(
            method,
            request,
            schedule_to_close_timeout=min(_LOCAL_PATIENCE, within) if within else _LOCAL_PATIENCE,
            local_retry_threshold=timedelta(seconds=1),
            retry_policy=_LOCAL_RETRY,
            summary=summary,
        )
        return cast(Result, done)
    except (ActivityError, ApplicationError, StepTimeout) as error:
        _raise_refusal(error)
    return await perform_regularly(step, request, summary=summary, within=within)


async def perform_regularly(
    step: Callable[[Any, Request], Awaitable[Result]],
    request: Request,
    *,
    summary: str,
    within: timedelta | None = None,
    patience: timedelta = _REGULAR_PATIENCE,
) -> Result:
    """`perform`, without the local try: what the run heard before lies in its history by the time the step begins.

    A task that fails takes with it an update that arrived in it, and leaves behind what its local steps did. So the
    first step that an update leads to, where nothing but that update leads there, is a regular one. A try may take
    `patience`.
    """
    try:
        done = await workflow.execute_activity_method(
            cast(Any, step),
            request,
            start_to_close_timeout=patience,
            schedule_to_close_timeout=within,
            retry_policy=_REGULAR_RETRY,
            summary=summary,
        )
        return cast(Result, done)
    except ActivityError as error:
        _raise_refusal(error)
        raise


def _raise_refusal(error: FailureError) -> None:
    """Raise the refusal behind a failure, if there is one.

    A local activity fails without the wrapping of a regular; its time-out is wrapped at first, and not in a replay.
    """
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError) and cause.non_retryable:
        raise cause
