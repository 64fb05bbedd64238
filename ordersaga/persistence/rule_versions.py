"""Versions of rules, which never change: a process parses each of them once."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Table, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

Rule = TypeVar("Rule")
Version = tuple[str, int, str]
"""A rule's name, its version and the digest of its document."""

KEPT = 5_000


class RuleVersions(Generic[Rule]):
    """The versions in `table`, whose first column is the rule's name.

    What was parsed is found by the digest of its document. A version's number would not do: one that was rolled back
    is given out again, and another database counts for itself.
    """

    def __init__(
        self,
        table: Table,
        *,
        write: Callable[[Rule], Mapping[str, Any]],
        read: Callable[[Mapping[str, Any]], Rule],
        kept: int = KEPT,
    ) -> None:
        self._table = table
        self._name = next(iter(table.columns))
        self._write = write
        self._read = read
        self._kept = kept
        self._parsed: dict[str, Rule] = {}

    async def add(self, connection: AsyncConnection, name: str, version: int, rule: Rule, at: datetime) -> None:
        document = self._write(rule)
        content = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        await connection.execute(
            insert(self._table).values(
                {
                    self._name.name: name,
                    "version": version,
                    "document": document,
                    "digest": hashlib.sha256(content).hexdigest(),
                    "created_at": at,
                }
            )
        )

    async def rules(self, connection: AsyncConnection, wanted: Sequence[Version]) -> list[Rule]:
        """The rule of each version; no statement when all of them were parsed before."""
        parsed = self._parsed
        if missing := {version for version in wanted if version[2] not in parsed}:
            fetched = await self._fetch(connection, missing)
            known = {digest: parsed[digest] for _, _, digest in wanted if digest in parsed} | fetched
            self._keep(fetched)
            return [known[digest] for _, _, digest in wanted]
        return [parsed[digest] for _, _, digest in wanted]

    async def _fetch(self, connection: AsyncConnection, missing: Iterable[Version]) -> dict[str, Rule]:
        keys = sorted((name, version) for name, version, _ in missing)
        rows = await connection.execute(
            select(self._table.c.digest, self._table.c.document).where(
                tuple_(self._name, self._table.c.version).in_(keys)
            )
        )
        return {row.digest: self._read(row.document) for row in rows}

    def _keep(self, fetched: Mapping[str, Rule]) -> None:
        """Make room for them by forgetting the oldest."""
        self._parsed.update(fetched)
        for digest in list(self._parsed)[: max(0, len(self._parsed) - self._kept)]:
            del self._parsed[digest]
