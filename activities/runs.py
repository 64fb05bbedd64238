"""Runs in Temporal against what waits for them in the database (W3)."""

from collections.abc import AsyncIterator, Iterator, Sequence

from ordersaga.domain.reconciliation import Discrepancy, Horizon, Kind, Look
from ordersaga.gateways.runs import OpenRuns
from ordersaga.persistence.database import Database
from ordersaga.persistence.differences.runs import RUNS, Runs, Waiting, over, waiting

_BATCH = 1000
_PATIENCE = 300.0
_RUNNING = "running"


async def compare_runs(database: Database, open_runs: OpenRuns, check: str, horizon: Horizon) -> Look:
    """What waits for a run that is not there, and runs of what is over.

    Temporal's index is a moment late. So whatever looks wrong is asked about once more, first there and then here: a
    run that ends has written its end down before.
    """
    runs = RUNS[check]
    ids = {run async for run in open_runs.ids(runs.prefix)}
    differences = [found async for found in _missing(database, open_runs, runs, ids, horizon)]
    differences += [found async for found in _purposeless(database, open_runs, runs, sorted(ids), horizon)]
    return Look(
        check=check,
        kinds=frozenset({runs.kind, Kind.RUN_WITHOUT_PURPOSE}),
        at=horizon.at,
        differences=tuple(differences),
        complete=len(differences) < horizon.most,
        about=runs.prefix,
    )


async def _missing(
    database: Database, open_runs: OpenRuns, runs: Runs, ids: set[str], horizon: Horizon
) -> AsyncIterator[Discrepancy]:
    suspects: list[Waiting] = []
    async with database.snapshot(_PATIENCE) as connection:
        async for found in waiting(connection, runs, horizon):
            if found.run not in ids:
                suspects.append(found)
            if len(suspects) == horizon.most:
                break
    for suspect in suspects:
        status = await open_runs.status(suspect.run)
        if status != _RUNNING and await _still_waits(database, runs, suspect, horizon):
            yield Discrepancy(
                kind=runs.kind,
                subject=suspect.subject,
                order_no=suspect.order_no,
                expected={"run": suspect.run, "status": _RUNNING},
                found={"state": suspect.state, "status": status or "unknown"},
            )


async def _still_waits(database: Database, runs: Runs, suspect: Waiting, horizon: Horizon) -> bool:
    async with database.reading() as connection:
        return bool([row async for row in waiting(connection, runs, horizon, [_number(suspect.run, runs)])])


async def _purposeless(
    database: Database, open_runs: OpenRuns, runs: Runs, ids: Sequence[str], horizon: Horizon
) -> AsyncIterator[Discrepancy]:
    for batch in _batches(ids):
        async with database.reading() as connection:
            ended = [row async for row in over(connection, runs, horizon, [_number(run, runs) for run in batch])]
        for row in ended:
            if await open_runs.status(row.run) == _RUNNING:
                yield Discrepancy(
                    kind=Kind.RUN_WITHOUT_PURPOSE,
                    subject=row.run,
                    order_no=row.order_no,
                    expected={"status": "completed"},
                    found={"status": _RUNNING, "state": row.state},
                )


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(ids), _BATCH):
        yield ids[begin : begin + _BATCH]


def _number(run: str, runs: Runs) -> str:
    return run.removeprefix(runs.prefix)
