"""An order's transitions as a table, and those of each parcel and case in a line."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from cli.client import JsonObject


def timeline(items: Sequence[JsonObject]) -> Group:
    """`items` as the API gives them, oldest first; times are shown as seconds since the first."""
    began = datetime.fromisoformat(items[0]["at"]) if items else None
    table = Table("after", "who", "action", "state", "why", box=None, padding=(0, 2, 0, 0), header_style="dim")
    others: defaultdict[str, list[str]] = defaultdict(list)
    for item in items:
        seconds = (datetime.fromisoformat(item["at"]) - began).total_seconds() if began else 0.0
        if item["subject"] == "order":
            cells = (f"{seconds:.2f} s", item["actor_role"], item["action"], item["to"], item["reason"] or "")
            table.add_row(*map(Text, cells))
        else:
            others[item["subject"]].append(f"{item['action']} {seconds:.2f} s")
    lines = (Text(f"{_what(number)}: {', '.join(steps)}", style="dim") for number, steps in sorted(others.items()))
    return Group(table, *lines)


def _what(number: str) -> str:
    kind = "case" if number.rpartition("-")[2].startswith("A") else "parcel"
    return f"{kind} {number}"
