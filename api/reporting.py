"""Reports from outside: stored, acknowledged, then delivered to the run that they concern (R-PAY-2)."""

import logging
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError, RPCStatusCode

from api.services import Services
from ordersaga.gateways.telling import tell
from ordersaga.persistence import inbox

log = structlog.get_logger()

_PATIENCE = timedelta(seconds=5)


async def deliver(services: Services, delivery: inbox.Delivery | None) -> None:
    """Tell the run. What does not come through lies in the inbox, and the worker delivers it later."""
    if delivery is None:
        return
    try:
        heard = await tell(
            services.temporal,
            delivery.workflow_id,
            delivery.signal,
            task_queue=services.settings.task_queue,
            patience=_PATIENCE,
        )
        if not heard:
            return
        async with services.database.statements() as connection:
            await inbox.mark_delivered(connection, delivery.report_id, datetime.now(UTC))
    except (RPCError, SQLAlchemyError, OSError, RuntimeError) as error:
        # A parcel is reported on before its run has begun: nothing out of the ordinary.
        early = isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND
        log.log(
            logging.DEBUG if early else logging.WARNING,
            "a report waits for its delivery",
            report_id=delivery.report_id,
            error=type(error).__name__,
        )
