"""How a step's errors reach its workflow.

A business refusal is final: a failure that nobody retries, typed by its code. Any other error is tried again.
"""

from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from ordersaga.domain.errors import OrderError

log = structlog.get_logger()


class Refusals(Interceptor):
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _Translate(next)


class _Translate(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        try:
            return await super().execute_activity(input)
        except OrderError as error:
            raise ApplicationError(
                error.message,
                error.details,
                type=error.code,
                non_retryable=True,
                category=ApplicationErrorCategory.BENIGN,
            ) from error
        except DBAPIError as error:
            log.warning("the database refused a step", exc_info=error)
            raise _without_the_row(error) from None


def _without_the_row(error: DBAPIError) -> ApplicationError:
    """A failure goes into the run's history, and what PostgreSQL says may quote a row with a name and an address."""
    kind, state = type(error.orig).__name__, getattr(error.orig, "sqlstate", None)
    return ApplicationError(f"PostgreSQL: {kind}, SQLSTATE {state}", type=type(error).__name__)
