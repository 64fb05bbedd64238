"""What is seen of an activity: whatever it logs or asks the database names its run and its order."""

from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from ordersaga.gateways import correlation


class Observation(Interceptor):
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _Named(next)


class _Named(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        run = activity.info()
        facts = {
            **correlation.subject_of(run.workflow_id or ""),
            **_subject(input.args),
            "workflow_id": run.workflow_id or "",
            "run_id": run.workflow_run_id or "",
            "activity": run.activity_type,
        }
        trace_id = correlation.trace_id()
        # For the rest of the activity's task: the SDK tells of its failure when this call is over.
        correlation.begin({**facts, "trace_id": trace_id} if trace_id else facts)
        return await super().execute_activity(input)


def _subject(args: Any) -> dict[str, str]:
    """Requests of steps say themselves which order they are about, where the run's id does not."""
    order_no = getattr(args[0], "order_no", None) if args else None
    return {"order_no": order_no} if isinstance(order_no, str) else {}
