"""Reconciliation: the books, the runs and the providers' statements compared, and each difference kept as an item."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from temporalio import activity

from activities.contract import implements
from activities.runs import compare_runs
from activities.statement import compare_statement
from ordersaga.contracts.reconciliation import Checks, ListChecks, LookAt, Looked, ReconciliationActivities
from ordersaga.domain.reconciliation import Look, Patience
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.gateways.runs import OpenRuns
from ordersaga.persistence import comparing, reconciliation
from ordersaga.persistence.database import Database
from ordersaga.persistence.differences.runs import RUNS

_BEAT = 5.0
_STATEMENT = "statement of "


class Reconciliation(ReconciliationActivities):
    def __init__(
        self, database: Database, open_runs: OpenRuns, providers: PaymentProviders, patience: Patience
    ) -> None:
        self._database = database
        self._open_runs = open_runs
        self._providers = providers
        self._patience = patience

    @implements(ReconciliationActivities.checks)
    async def checks(self, request: ListChecks) -> Checks:
        statements = (f"{_STATEMENT}{name}" for name in sorted(self._providers.names))
        return Checks(names=(*comparing.CHECKS, *RUNS, *statements))

    @implements(ReconciliationActivities.look)
    async def look(self, request: LookAt) -> Looked:
        began = time.monotonic()
        async with _beating():
            look = await self._compare(request)
        async with self._database.transaction() as connection:
            taken = await reconciliation.take(connection, look, time.monotonic() - began)
        return Looked(
            found={kind.value: count for kind, count in taken.found.items()},
            fresh=taken.fresh,
            gone=taken.gone,
            complete=look.complete,
        )

    async def _compare(self, request: LookAt) -> Look:
        horizon = self._patience.at(request.at, since=request.since)
        if request.check in comparing.CHECKS:
            return await comparing.compare(self._database, request.check, horizon)
        if request.check in RUNS:
            return await compare_runs(self._database, self._open_runs, request.check, horizon)
        provider = self._providers.named(request.check.removeprefix(_STATEMENT))
        return await compare_statement(self._database, provider, request.check, horizon)


@contextlib.asynccontextmanager
async def _beating() -> AsyncIterator[None]:
    """Let Temporal know that it goes on; a command that looks by itself has nobody to tell."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(_BEAT)

    task = asyncio.create_task(beat()) if activity.in_activity() else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
