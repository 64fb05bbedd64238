"""`ordersaga reconcile`: the books compared with their ledgers, with Temporal's runs and with the providers."""

import asyncio
import getpass
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cli.connection import DataDirOption
from cli.keys import audited_database
from ordersaga.domain.reconciliation import Kind

if TYPE_CHECKING:
    from cli.neighbours import Neighbours
    from ordersaga.domain.reconciliation import Item

_MOST = 10_000


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What is open after a look at everything, what could not be looked at, and what was repaired or could not be."""

    items: "list[Item]" = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    repaired: dict[str, str] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not self.items and not self.failed


def reconcile(
    since: Annotated[
        datetime | None, typer.Option(help="Read the providers' statements since then (UTC), not for a week.")
    ] = None,
    fix: Annotated[
        list[Kind] | None, typer.Option(metavar="KIND", help="Repair what is found of this kind; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")] = False,
    data_dir: DataDirOption = None,
) -> None:
    """Compare orders, payments, refunds, stock, coupons and points with their ledgers, runs and providers.

    Each difference is kept as an item, for `GET /v1/admin/reconciliation` too. Nothing is locked, and the shop goes on.
    Exits with 1 when something differs.
    """
    console = Console(stderr=as_json, highlight=False)
    began = datetime.now(UTC)
    outcome = asyncio.run(compared(console, data_dir, since and since.replace(tzinfo=UTC), tuple(fix or ())))
    if as_json:
        print(json.dumps(_document(outcome), default=str))
    else:
        show(console, outcome, (datetime.now(UTC) - began).total_seconds())
    raise typer.Exit(0 if outcome.clean else 1)


async def compared(
    console: Console,
    data_dir: Path | None,
    since: datetime | None = None,
    fix: tuple[Kind, ...] = (),
    *,
    settle_seconds: float | None = None,
) -> Outcome:
    """Look at everything, repair what is asked for, and say what is open.

    What changed within `settle_seconds` is left alone; the shop's own setting says how long that is otherwise.
    """
    from cli.neighbours import neighbours
    from ordersaga.domain.reconciliation import ItemState
    from ordersaga.persistence import reconciliation

    outcome = Outcome()
    database, _ = audited_database(data_dir)
    try:
        async with neighbours(data_dir, database) as beside:
            if settle_seconds is not None:
                beside = replace(beside, patience=replace(beside.patience, settle_seconds=settle_seconds))
            await _look(console, beside, since, outcome)
            for kind in fix:
                await repair(beside, kind, outcome)
        async with database.transaction() as connection:
            outcome.items = list(await reconciliation.page(connection, state=ItemState.OPEN, limit=_MOST))
    finally:
        await database.close()
    return outcome


async def _look(console: Console, beside: "Neighbours", since: datetime | None, outcome: Outcome) -> None:
    from activities.reconciliation import Reconciliation
    from ordersaga.contracts.reconciliation import ListChecks, LookAt

    looks = Reconciliation(beside.database, beside.open_runs, beside.providers, beside.patience)
    names = (await looks.checks(ListChecks(at=datetime.now(UTC)))).names
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(names))
        for name in names:
            progress.update(task, description=name)
            try:
                await looks.look(LookAt(check=name, at=datetime.now(UTC), since=since))
            except Exception as error:
                # A neighbour that is away keeps back its own check alone, and the command says so.
                outcome.failed[name] = f"{type(error).__name__}: {error}"
            progress.advance(task)


async def repair(beside: "Neighbours", kind: Kind, outcome: Outcome) -> None:
    """Repair what is open of a kind; one that cannot be repaired now keeps none of the others back."""
    from activities.repair import Repairs
    from ordersaga.domain.errors import OrderError
    from ordersaga.domain.reconciliation import Decision, ItemState, decide
    from ordersaga.persistence import reconciliation

    repairs = Repairs(beside.database, beside.open_runs, beside.providers)
    async with beside.database.transaction() as connection:
        items = await reconciliation.page(connection, state=ItemState.OPEN, kind=kind, limit=_MOST)
    for item in items:
        at = datetime.now(UTC)
        try:
            await repairs.repair(item, at)
            decided = decide(item, Decision.FIX, at, by=getpass.getuser(), note="ordersaga reconcile --fix")
            async with beside.database.transaction() as connection:
                await reconciliation.save_decision(connection, decided, Decision.FIX, channel="command")
            outcome.repaired[item.item_id] = str(item.fix)
        except OrderError as error:
            outcome.repaired[item.item_id] = f"not done: {error.message}"
        except Exception as error:
            # Temporal or a provider is away.
            outcome.repaired[item.item_id] = f"not done: {type(error).__name__}: {error}"


def show(console: Console, outcome: Outcome, seconds: float) -> None:
    """Every difference, what could not be compared, and what was repaired."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("kind", "subject", "expected", "found", "since", "fix"):
        table.add_column(name, overflow="fold")
    for item in outcome.items:
        style = "bold red" if item.severity == "money" else "red"
        table.add_row(
            Text(item.kind, style=style),
            item.subject,
            _words(item.expected),
            _words(item.found),
            f"{item.first_seen:%Y-%m-%d %H:%M}",
            str(item.fix or "–"),
        )
    if outcome.items:
        console.print(table)
    for check, why in outcome.failed.items():
        console.print(Text.assemble((check, "bold red"), f" could not be compared: {why}"))
    for item_id, done in outcome.repaired.items():
        console.print(f"{item_id}: {done}")
    if outcome.clean:
        console.print(Text.assemble(("nothing differs", "green"), f", looked for {seconds:.1f} s"))
    else:
        console.print(Text.assemble((f"{len(outcome.items)} differences", "bold red"), f" in {seconds:.1f} s"))


def _words(facts: object) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items()) if isinstance(facts, dict) else str(facts)


def _document(outcome: Outcome) -> dict[str, object]:
    return {
        "clean": outcome.clean,
        "items": [{**asdict(item), "fix": item.fix} for item in outcome.items],
        "failed": outcome.failed,
        "repaired": outcome.repaired,
    }
