"""What operators decide of a difference between the books: taken, done where it is a repair, and written down."""

from datetime import UTC, datetime

from temporalio.service import RPCError

from activities.repair import Repairs
from api.authentication import Caller
from api.problems import unavailable
from api.services import Services
from ordersaga.domain.reconciliation import Decision, Item
from ordersaga.domain.reconciliation import decide as decided
from ordersaga.gateways.payment.provider import ProviderUnavailable
from ordersaga.gateways.runs import OpenRuns
from ordersaga.persistence import reconciliation


async def decide(services: Services, caller: Caller, item_id: str, decision: Decision, *, note: str) -> Item:
    """A repair comes first: what cannot be done is not decided. It may be repeated, so a lost answer does no harm.

    Raises `NotFound`, `ActionNotAllowed`; 503 when Temporal or the provider is away.
    """
    at = datetime.now(UTC)
    async with services.database.transaction() as connection:
        item = await reconciliation.known(connection, item_id)
    decided(item, decision, at, by=caller.subject, note=note)
    if decision is Decision.FIX:
        await _repair(services, item, at)
    async with services.database.transaction() as connection:
        item = await reconciliation.known(connection, item_id, lock=True)
        item = decided(item, decision, at, by=caller.subject, note=note)
        await reconciliation.save_decision(connection, item, decision, channel="api")
    return item


async def _repair(services: Services, item: Item, at: datetime) -> None:
    open_runs = OpenRuns(services.temporal, services.settings.task_queue)
    try:
        await Repairs(services.database, open_runs, services.providers).repair(item, at)
    except RPCError as error:
        raise unavailable("Temporal") from error
    except ProviderUnavailable as error:
        raise unavailable("the payment provider") from error
