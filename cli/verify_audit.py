"""`ordersaga verify-audit`: every order and audit row against the seals that were made when the system wrote them."""

import asyncio
import json
from dataclasses import asdict
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

if TYPE_CHECKING:
    from ordersaga.persistence.verification import Anchor, Verification


def verify_audit(
    anchor: Annotated[
        str | None,
        typer.Option(metavar="NUMBER:SEAL", help="A checkpoint as the log tells of it: it must still be there."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")] = False,
    data_dir: DataDirOption = None,
) -> None:
    """Find what was changed, added or removed behind the system's back, and name it: order, field, audit row.

    Needs the database and the audit keys: those of the stack, or what the environment sets. Exits with 1 when something
    was found.
    """
    known = _read_anchor(anchor)
    console = Console(stderr=as_json, highlight=False)
    began = datetime.now(UTC)
    seen = asyncio.run(_verify(console, data_dir, known))
    if as_json:
        print(json.dumps(_document(seen)))
    else:
        _show(console, seen, (datetime.now(UTC) - began).total_seconds())
    raise typer.Exit(0 if seen.clean else 1)


def _read_anchor(text: str | None) -> "Anchor | None":
    from ordersaga.persistence.verification import Anchor

    if text is None:
        return None
    number, _, mac = text.partition(":")
    if not number.isdigit() or not mac:
        raise typer.BadParameter("must be NUMBER:SEAL, as in the log line `audit checkpoint`", param_hint="--anchor")
    return Anchor(int(number), mac)


async def _verify(console: Console, data_dir: Path | None, anchor: "Anchor | None") -> "Verification":
    from ordersaga.persistence.verification import verify_all

    database, keys = audited_database(data_dir)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("orders")
            return await verify_all(
                database,
                keys,
                at=datetime.now(UTC),
                anchor=anchor,
                started=lambda orders: progress.update(task, total=orders),
                progressed=lambda orders: progress.advance(task, orders),
            )
    finally:
        await database.close()


def _show(console: Console, seen: "Verification", seconds: float) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("order", "fault", "where", "what"):
        table.add_column(name, overflow="fold")
    for finding in seen.findings:
        table.add_row(finding.order_no or "–", Text(finding.fault, style="bold red"), finding.where, finding.message)
    if seen.findings:
        console.print(table)
    looked = (
        f"{seen.orders} orders, {seen.transitions} audit rows and {seen.checkpoints} checkpoints in {seconds:.1f} s"
    )
    newer = f"; {seen.uncovered} rows are newer than the last checkpoint" if seen.uncovered else ""
    if seen.clean:
        console.print(Text.assemble(("clean", "green"), f": {looked}{newer}"))
    else:
        console.print(Text.assemble((f"{len(seen.findings)} findings", "bold red"), f" in {looked}{newer}"))


def _document(seen: "Verification") -> dict[str, object]:
    latest = seen.latest
    return {
        "clean": seen.clean,
        "orders": seen.orders,
        "transitions": seen.transitions,
        "checkpoints": seen.checkpoints,
        "uncovered": seen.uncovered,
        "anchor": f"{latest.number}:{latest.mac}" if latest else None,
        "findings": [asdict(finding) for finding in seen.findings],
    }
