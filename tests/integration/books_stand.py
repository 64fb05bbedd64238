"""What comparing the books is tried on: a shop and a database of its own, in which tests make things wrong."""

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from activities.reconciliation import Reconciliation
from activities.repair import Repairs
from cli.neighbours import Neighbours
from devstack.stack import Stack
from ordersaga.contracts.reconciliation import ListChecks, LookAt
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Payment
from ordersaga.domain.reconciliation import Decision, Item, ItemState, Kind, Patience, decide
from ordersaga.domain.refund import Refund
from ordersaga.gateways.payment.provider import Booking, StatementLine
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.gateways.runs import OpenRuns
from ordersaga.persistence import reconciliation, refunds
from ordersaga.persistence.database import Database
from tests.integration.offers_stand import OffersStand
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import OrderStand
from tests.integration.order_worker import own_database, standing
from tests.shop import until
from worker.delivery import Delivery
from worker.main import beside

_LATER = timedelta(hours=1)
"""Everything that tests do has settled by then."""


@dataclass
class BooksStand:
    """`orders` is the shop; `offers` is what its buyers hold."""

    orders: OrderStand
    offers: OffersStand
    providers: PaymentProviders
    _looks: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def database(self) -> Database:
        return self.orders.database

    @property
    def _open_runs(self) -> OpenRuns:
        return OpenRuns(self.orders.client, self.orders.queue)

    @property
    def neighbours(self) -> Neighbours:
        """What the command talks to."""
        return Neighbours(self.database, self._open_runs, self.providers, Patience())

    async def look(self, patience: Patience | None = None) -> dict[str, set[str]]:
        """Kind → subjects of what is open after a look at everything, each a second later than the one before."""
        looks = Reconciliation(self.database, self._open_runs, self.providers, patience or Patience())
        at = datetime.now(UTC) + _LATER + timedelta(seconds=next(self._looks))
        for check in (await looks.checks(ListChecks(at=at))).names:
            await looks.look(LookAt(check=check, at=at))
        found: dict[str, set[str]] = {}
        for item in await self.items():
            found.setdefault(item.kind, set()).add(item.subject)
        return found

    async def terminates(self, *runs: str) -> None:
        """Somebody ends these runs, and the index of open runs, which is a moment late, knows of it."""
        for run in runs:
            await self.orders.client.get_workflow_handle(run).terminate()
        await until(lambda: self._listed(runs), lambda found: not found, PATIENCE)

    async def are_listed(self, *runs: str) -> None:
        """Wait until the index of open runs knows these."""
        await until(lambda: self._listed(runs), lambda found: found == set(runs), PATIENCE)

    async def _listed(self, runs: Sequence[str]) -> set[str]:
        return {found for run in runs async for found in self._open_runs.ids(run) if found == run}

    async def items(self, kind: Kind | None = None, state: ItemState = ItemState.OPEN) -> Sequence[Item]:
        async with self.database.transaction() as connection:
            return await reconciliation.page(connection, state=state, kind=kind, limit=1000)

    async def item(self, kind: Kind, subject: str) -> Item:
        async with self.database.transaction() as connection:
            items = await reconciliation.page(connection, kind=kind, limit=1000)
        return next(item for item in items if item.subject == subject)

    async def repair(self, kind: Kind, subject: str) -> None:
        """Repair it twice: the second time does nothing more."""
        item = await self.item(kind, subject)
        repairs = Repairs(self.database, self._open_runs, self.providers)
        for _ in range(2):
            await repairs.repair(item, datetime.now(UTC))
        await self.decides(item, Decision.FIX)

    async def decides(self, item: Item, decision: Decision) -> None:
        decided = decide(item, decision, datetime.now(UTC), by="olga", note="looked at it")
        async with self.database.transaction() as connection:
            await reconciliation.save_decision(connection, decided, decision, channel="api")

    async def behind(self, statement: str, **values: Any) -> None:
        """Change something behind the system's back."""
        async with self.database.transaction() as connection:
            await connection.execute(text(statement), values)

    def states(self, payment: Payment, amount: Money | None = None) -> None:
        """The provider's statement tells that it took the payment."""
        self.orders.provider.lines.append(
            StatementLine(
                booking=Booking.CAPTURE,
                payment_id=payment.payment_id,
                amount=amount or payment.amount,
                at=payment.created_at,
            )
        )

    def states_refund(self, payment: Payment, reference: str, amount: Money) -> None:
        self.orders.provider.lines.append(
            StatementLine(
                booking=Booking.REFUND,
                payment_id=payment.payment_id,
                amount=amount,
                at=datetime.now(UTC),
                reference=reference,
            )
        )

    async def refund(self, refund_no: str) -> Refund | None:
        async with self.database.transaction() as connection:
            return await refunds.get(connection, refund_no)

    async def pays(self, order_no: str) -> Payment:
        """The order is paid, and its provider says so too."""
        payment = await self.orders.attempt(order_no)
        await self.orders.reports(payment)
        await self.orders.until(order_no, "in_production")
        self.states(payment)
        return payment


@asynccontextmanager
async def books(stack: Stack, name: str) -> AsyncIterator[BooksStand]:
    """The shop with a worker and its deliveries. Its numbers are nobody else's: all runs lie in one namespace."""
    settings = (await own_database(stack.addresses, name)).model_copy(update={"task_queue": name})
    database = Database(settings.database_driver_url, audit_keys=settings.audit.ring(), pool_size=10)
    try:
        async with standing(stack.addresses, settings, database) as orders:
            orders._numbers = itertools.count(700_000)
            delivery = Delivery(database, orders.client, task_queue=name, interval=0.1)
            async with beside(delivery.run(), ended=lambda: None):
                yield BooksStand(orders, OffersStand.empty(orders), PaymentProviders([orders.provider]))
    finally:
        await database.close()


def kinds(found: Mapping[str, set[str]]) -> set[tuple[str, str]]:
    return {(kind, subject) for kind, subjects in found.items() for subject in subjects}
