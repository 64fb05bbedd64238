"""Reconciliation: the books compared with their ledgers, with the runs and with the providers, by a schedule (P9)."""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from ordersaga.contracts.reconciliation import ListChecks, LookAt, Looked, ReconciliationActivities
from ordersaga.domain.messages import RECONCILIATION_WORKFLOW, ReconciliationOutcome, ReconciliationStart

_LISTING = timedelta(seconds=30)
_LOOKING = timedelta(minutes=30)
_SILENCE = timedelta(minutes=1)
_TRIES = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_attempts=3)


@workflow.defn(name=RECONCILIATION_WORKFLOW)
class Reconciliation:
    """One look at everything, a check after the other.

    Guarantees: a check that cannot be done, because a provider is away, keeps none of the others back; the result is
    counts alone. What was found lies in the database, as items for operators.
    """

    @workflow.run
    async def run(self, start: ReconciliationStart) -> ReconciliationOutcome:
        at = workflow.now()
        checks = await workflow.execute_activity_method(
            ReconciliationActivities.checks,
            ListChecks(at=at),
            start_to_close_timeout=_LISTING,
            summary="See which checks there are",
        )
        found: dict[str, int] = {}
        failed: list[str] = []
        for check in checks.names:
            looked = await self._look(check, workflow.now(), start.since)
            if looked is None:
                failed.append(check)
            else:
                for kind, count in looked.found.items():
                    found[kind] = found.get(kind, 0) + count
            workflow.set_current_details(_story(found, failed))
        return ReconciliationOutcome(found=found, failed=failed)

    async def _look(self, check: str, at: datetime, since: datetime | None) -> Looked | None:
        try:
            return await workflow.execute_activity_method(
                ReconciliationActivities.look,
                LookAt(check=check, at=at, since=since),
                start_to_close_timeout=_LOOKING,
                heartbeat_timeout=_SILENCE,
                retry_policy=_TRIES,
                summary=f"Compare: {check}",
            )
        except ActivityError:
            workflow.logger.warning("a check could not be done")
            return None


def _story(found: dict[str, int], failed: list[str]) -> str:
    rows = [f"| `{kind}` | {count} |" for kind, count in sorted(found.items())]
    rows += [f"| {check} | could not be done |" for check in failed]
    return "\n".join(("| what | found |", "|---|---|", *rows)) if rows else "Nothing differs."
