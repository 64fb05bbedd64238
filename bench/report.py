"""What was measured, as a table for people and as JSON for programs."""

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Result


def show(console: Console, result: Result) -> None:
    table = Table("", "", "median", "floor", "ratio", "goal", "", title=f"{result.name}: {result.about}")
    for column in table.columns[2:5]:
        column.justify = "right"
    for figure in result.figures:
        table.add_row(*_row(figure))
    console.print(table)


def _row(figure: Figure) -> list[str]:
    floor, ratio = figure.floor_median, figure.ratio
    return [
        figure.name,
        figure.unit,
        _number(figure.median),
        "" if floor is None else _number(floor),
        "" if ratio is None else f"{ratio:.2f}",
        str(figure.goal or ""),
        {None: "", True: "met", False: "[bold]missed[/bold]"}[figure.is_met],
    ]


def write(path: Path, machine: dict[str, Any], results: Sequence[Result]) -> None:
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": machine,
        "benchmarks": [result.to_document() for result in results],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 1 else f"{value:.1f}"


def _commit() -> str | None:
    """The commit of the sources, marked when they were changed since; `None` outside a repository."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty"],  # noqa: S607 - whichever git is there
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
