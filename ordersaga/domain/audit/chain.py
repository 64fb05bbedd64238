"""The audit chain of an order: rows that seal one another and what the order's records were (R-SUB-3, R-STM-4).

Each row carries keyed digests of every field that came or changed with it, and a seal over its own content and the
seal before it. Folding a chain gives what each field must be now. Who has the database but not the key can neither
make a row nor a digest.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ordersaga.domain.audit.coverage import AUDITED
from ordersaga.domain.keys import KeyRing

Records = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""The records of one order as they stand: table → row key → column → JSON value."""
Changes = dict[str, dict[str, dict[str, str] | None]]
"""Table → row key → column → digest; a row that went away is `None`."""

_DIGEST_CHARACTERS = 18

canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
"""The one text that stands for a value in digests and seals."""


class Place(NamedTuple):
    """One field of one row of an order."""

    table: str
    row: str
    column: str

    def __str__(self) -> str:
        return ".".join(part for part in self if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One transition: who took which action when, from where to where, and why. `sequence` counts from 1."""

    order_no: str
    sequence: int
    parcel_no: str | None
    step: int | None
    at: datetime
    actor_role: str
    actor: str
    channel: str
    action: str
    from_state: str | None
    to_state: str
    reason: str
    changes: Changes
    key_id: str
    mac: str
    case_no: str | None = None

    def seal(self, keys: KeyRing, previous: str) -> str | None:
        """What `mac` must be behind a row with the seal `previous`."""
        content = [
            self.order_no,
            self.sequence,
            self.parcel_no,
            self.step,
            self.at.astimezone(UTC).isoformat(),
            self.actor_role,
            self.actor,
            self.channel,
            self.action,
            self.from_state,
            self.to_state,
            self.reason,
            self.changes,
            *([] if self.case_no is None else [self.case_no]),
        ]
        return keys.digest(self.key_id, "audit", previous, canonical(content))


class Link(NamedTuple):
    """Of a row, what the rows behind it need of it."""

    sequence: int
    step: int | None
    action: str
    key_id: str
    mac: str
    changes: Changes


class Sealed(NamedTuple):
    key_id: str
    digest: str


Standing = dict[Place, Sealed]
"""What each field must be, by the chain so far."""


def fold(chain: Iterable[AuditRow | Link]) -> Standing:
    """What the whole chain says of each field."""
    standing: Standing = {}
    for row in chain:
        apply(standing, row)
    return standing


def apply(standing: Standing, row: AuditRow | Link) -> None:
    for table, rows in row.changes.items():
        for key, columns in rows.items():
            if columns is None:
                for place in [place for place in standing if place[:2] == (table, key)]:
                    del standing[place]
            else:
                for column, digest in columns.items():
                    standing[Place(table, key, column)] = Sealed(row.key_id, digest)


def changed(order_no: str, standing: Standing, records: Records, keys: KeyRing, action: str) -> Changes:
    """The fields of `records` that are new, or may have changed by `action` and have, digested with the current key.

    A field that never changes keeps its first digest, and so an edit of it is found whatever comes later.
    """
    found: Changes = {}
    present = set()
    for place, value in fields_of(records):
        present.add(place[:2])
        known = standing.get(place)
        if known is not None and not AUDITED[place.table].may_have_changed(place.column, action):
            continue
        if known is None or digest_of(keys, known.key_id, order_no, place, value) != known.digest:
            fresh = digest_of(keys, keys.current, order_no, place, value) or ""
            columns = found.setdefault(place.table, {}).setdefault(place.row, {})
            if columns is not None:
                columns[place.column] = fresh
    for table, key in {place[:2] for place in standing} - present:
        found.setdefault(table, {})[key] = None
    return found


def fields_of(records: Records) -> Iterator[tuple[Place, Any]]:
    for table, rows in records.items():
        left_out = AUDITED[table].left_out
        for key, columns in rows.items():
            for column, value in columns.items():
                if column not in left_out:
                    yield Place(table, key, column), value


def digest_of(keys: KeyRing, key_id: str, order_no: str, place: Place, value: Any) -> str | None:
    made = keys.digest(key_id, "field", order_no, *place, canonical(value))
    return made and made[:_DIGEST_CHARACTERS]
