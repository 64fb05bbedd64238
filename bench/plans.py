"""Which statements PostgreSQL ran, by which plans: `auto_explain` writes every one to the server's log for a while."""

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.counters import connect
from devstack.stack import Stack

SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_level": "warning",
    "auto_explain.log_format": "json",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_nested_statements": "on",
}
"""What PostgreSQL has to be started with; nothing is written before it is asked for."""
_PLAN = re.compile(r"plan:\n(\t\{\n.*?\n\t\})\n", re.DOTALL)
_OWN = "/* bench */"
_FEW_PAGES = 10
"""A statement may always read so many: an index of a million rows has two levels more than one of a thousand."""


@dataclass(slots=True)
class Statement:
    """What was seen of one text: calls, pages read in all, and the tables that were read from end to end."""

    calls: int = 0
    pages: int = 0
    scanned: set[str] = field(default_factory=set)

    @property
    def pages_per_call(self) -> float:
        return self.pages / self.calls


Statements = Mapping[str, Statement]


@dataclass(frozen=True, slots=True)
class Plans:
    pool: Any
    log: Path

    @asynccontextmanager
    async def during(self) -> AsyncIterator[dict[str, Statement]]:
        """The statements that all processes run while the block does; filled when it ends."""
        found: dict[str, Statement] = defaultdict(Statement)
        await self._log("0")
        begin = self.log.stat().st_size
        try:
            yield found
        finally:
            await self._log("-1")
        with self.log.open(encoding="utf-8", errors="replace") as file:
            file.seek(begin)
            for text, plan in logged(file.read()):
                statement = found[text]
                statement.calls += 1
                statement.pages += plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
                statement.scanned |= set(scanned(plan))

    async def _log(self, duration: str) -> None:
        await self.pool.execute(f"ALTER SYSTEM SET auto_explain.log_min_duration = {duration}")
        await self.pool.execute("SELECT pg_reload_conf()")


@asynccontextmanager
async def explaining(stack: Stack) -> AsyncIterator[Plans]:
    """Of a stack whose PostgreSQL was started with `SETTINGS`."""
    pool = await connect(stack.addresses.database)
    try:
        yield Plans(pool, stack.folder.log_of("postgres"))
    finally:
        await pool.close()


def logged(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement in a server's log, in one line, with the top of its plan."""
    for found in _PLAN.finditer(text):
        try:
            document = json.loads(found[1].replace("\n\t", "\n"))
        except ValueError:
            continue  # two processes wrote at once
        query = " ".join(document["Query Text"].split())
        if _OWN not in query:
            yield query, document["Plan"]


def scanned(plan: Mapping[str, Any]) -> Iterator[str]:
    """The tables that a plan reads from end to end, where it was carried out at all."""
    if plan["Node Type"] == "Seq Scan" and plan.get("Actual Loops", 1):
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from scanned(part)


def reading_whole(statements: Statements, tables: Collection[str]) -> dict[str, list[str]]:
    """The statements that read one of these tables from end to end, with which."""
    found = {text: sorted(statement.scanned & set(tables)) for text, statement in statements.items()}
    return {text: names for text, names in found.items() if names}


def reading_more(small: Statements, large: Statements, times: float) -> dict[str, tuple[float, float]]:
    """The statements that read over so many times the pages, with how many they read on average in both."""
    both = {text: (small[text].pages_per_call, large[text].pages_per_call) for text in small.keys() & large.keys()}
    return {text: pages for text, pages in both.items() if pages[1] > times * max(pages[0], _FEW_PAGES)}
