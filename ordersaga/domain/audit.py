"""The audit chain of an order: rows that seal one another and what the order's records were (R-SUB-3, R-STM-4).

Each row carries keyed digests of every field that changed with it, and a seal over its own content and the seal before
it. Folding a chain gives what each field must be now. Who has the database but not the key can neither make a row nor
a digest; who cuts rows off, or removes a whole order, contradicts the checkpoints.
"""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.parcel import ParcelState

Records = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""The records of one order as they stand: table → row key → column → JSON value."""
Changes = dict[str, dict[str, dict[str, str] | None]]
"""Table → row key → column → digest; a row that went away is `None`."""

_DIGEST_CHARACTERS = 18


class Place(NamedTuple):
    """One field of one row of an order."""

    table: str
    row: str
    column: str

    def __str__(self) -> str:
        return ".".join(part for part in self if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How a table belongs to an order's audit.

    `key` tells its rows apart. `added_by` are the actions with which rows come; `changes` says which fields may change
    later and with which actions (`None`: with any). All others never change. `left_out` are fields without meaning.
    """

    key: tuple[str, ...] = ()
    added_by: frozenset[str]
    changes: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()


_PAYMENT_ACTIONS: frozenset[str] = frozenset(
    {
        Action.CONFIRM_PAYMENT,
        Action.FAIL_PAYMENT,
        Action.FAIL_ATTEMPT,
        Action.CLOSE_ATTEMPT,
        Action.RECEIVE_UNEXPECTED_PAYMENT,
    }
)
_REFUND_ACTIONS: frozenset[str] = frozenset(
    {Action.SEND_REFUND, Action.COMPLETE_REFUND, Action.FAIL_REFUND, Action.RETRY_REFUND, Action.SETTLE_REFUND}
)
_PARCEL_ACTIONS: frozenset[str] = frozenset(ParcelState)

AUDITED: Mapping[str, Coverage] = {
    "orders": Coverage(
        added_by=frozenset({Action.SUBMIT}),
        changes={"state": None, "updated_at": None, "receiver": frozenset({Action.CHANGE_RECEIVER})},
    ),
    "order_lines": Coverage(key=("line_no",), added_by=frozenset({Action.SUBMIT})),
    "payments": Coverage(
        key=("payment_id",),
        added_by=frozenset({Action.PAY}),
        changes={
            **dict.fromkeys(
                ("state", "provider_transaction_id", "received_amount", "received_currency", "paid_at", "failure"),
                _PAYMENT_ACTIONS,
            ),
            "refunded": frozenset({Action.REQUEST_REFUND}),
        },
        left_out=frozenset({"cashier_url", "next_inquiry_at", "inquiries"}),
    ),
    "parcels": Coverage(
        key=("parcel_no",),
        added_by=frozenset({Action.SPLIT}),
        changes=dict.fromkeys(("state", "updated_at"), _PARCEL_ACTIONS),
    ),
    "parcel_lines": Coverage(key=("parcel_no", "line_no"), added_by=frozenset({Action.SPLIT})),
    "refunds": Coverage(
        key=("refund_no",),
        added_by=frozenset({Action.REQUEST_REFUND}),
        changes={
            **dict.fromkeys(("state", "provider_refund_id", "failure", "updated_at"), _REFUND_ACTIONS),
            "tries": frozenset({Action.RETRY_REFUND}),
        },
    ),
    "reviews": Coverage(key=("line_no",), added_by=frozenset({Action.REVIEW})),
}


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Secret keys by id. `current` makes new seals; the others stay as long as what they sealed is to be verified."""

    keys: Mapping[str, bytes] = field(repr=False)
    current: str

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError(f"there is no key {self.current!r}")

    def digest(self, key_id: str, *parts: str) -> str | None:
        """A keyed digest in hexadecimal; `None` when the key is not ours."""
        key = self.keys.get(key_id)
        return None if key is None else hmac.digest(key, "\x1f".join(parts).encode(), "sha256").hex()


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
        ]
        return keys.digest(self.key_id, "audit", previous, _canonical(content))


class Sealed(NamedTuple):
    key_id: str
    digest: str


Standing = dict[Place, Sealed]
"""What each field must be, by the chain so far."""


def fold(chain: Iterable[AuditRow]) -> Standing:
    """What the whole chain says of each field."""
    standing: Standing = {}
    for row in chain:
        apply(standing, row)
    return standing


def apply(standing: Standing, row: AuditRow) -> None:
    for table, rows in row.changes.items():
        for key, columns in rows.items():
            if columns is None:
                for place in [place for place in standing if place[:2] == (table, key)]:
                    del standing[place]
            else:
                for column, digest in columns.items():
                    standing[Place(table, key, column)] = Sealed(row.key_id, digest)


def changed(order_no: str, standing: Standing, records: Records, keys: KeyRing) -> Changes:
    """The fields of `records` that are new, or may change and have, digested with the current key.

    A field that never changes keeps its first digest, and so an edit of it is found whatever comes later.
    """
    found: Changes = {}
    present = set()
    for place, value in _fields(records):
        present.add(place[:2])
        known = standing.get(place)
        if known is not None and place.column not in AUDITED[place.table].changes:
            continue
        if known is None or _digest(keys, known.key_id, order_no, place, value) != known.digest:
            fresh = _digest(keys, keys.current, order_no, place, value) or ""
            columns = found.setdefault(place.table, {}).setdefault(place.row, {})
            if columns is not None:
                columns[place.column] = fresh
    for table, key in {place[:2] for place in standing} - present:
        found.setdefault(table, {})[key] = None
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that was not done by the system. `fault` is a stable word; `where` names a field, row or sequence."""

    order_no: str
    fault: str
    where: str
    message: str


def verify(order_no: str, chain: Sequence[AuditRow], records: Records, keys: KeyRing) -> list[Finding]:
    """Everything in a chain, and in the records that it speaks of, that the system did not do itself."""
    if not chain:
        return [Finding(order_no=order_no, fault="audit_missing", where="transitions", message="no audit row is left")]
    findings: list[Finding] = []
    standing: Standing = {}
    previous, expected = "", 1
    for row in chain:
        where = f"transitions.{row.sequence}"
        if row.sequence != expected:
            message = f"audit rows {expected} to {row.sequence - 1} are missing"
            findings.append(Finding(order_no=order_no, fault="audit_removed", where=where, message=message))
        elif row.seal(keys, previous) != row.mac:
            reason = "its key is unknown" if row.key_id not in keys.keys else "its seal does not fit"
            message = f"audit row {row.sequence} ({row.action}) was changed or made by somebody else: {reason}"
            findings.append(Finding(order_no=order_no, fault="audit_changed", where=where, message=message))
        findings.extend(_unlawful(order_no, row, standing))
        apply(standing, row)
        previous, expected = row.mac, row.sequence + 1
    findings.extend(_differences(order_no, standing, records, keys))
    return findings


def _unlawful(order_no: str, row: AuditRow, standing: Standing) -> Iterator[Finding]:
    """Fields that changed with an action that never changes them: edits that a later row has taken over."""
    known = {place[:2] for place in standing}
    for table, rows in row.changes.items():
        coverage = AUDITED.get(table)
        for key, columns in rows.items():
            if columns is None:
                yield _finding(order_no, "removed", Place(table, key, ""), row)
            elif coverage is None or (table, key) not in known:
                if coverage is not None and row.action not in coverage.added_by:
                    yield _finding(order_no, "added", Place(table, key, ""), row)
            else:
                for column in columns:
                    lawful = coverage.changes.get(column, frozenset())
                    place = Place(table, key, column)
                    if place in standing and lawful is not None and row.action not in lawful:
                        yield _finding(order_no, "changed", place, row)


def _finding(order_no: str, fault: str, place: Place, row: AuditRow) -> Finding:
    message = f"{place} was {fault} before audit row {row.sequence} ({row.action}), which does no such thing"
    return Finding(order_no=order_no, fault=fault, where=str(place), message=message)


def _differences(order_no: str, standing: Standing, records: Records, keys: KeyRing) -> Iterator[Finding]:
    known = {place[:2] for place in standing}
    present = set()
    for place, value in _fields(records):
        present.add(place[:2])
        sealed = standing.get(place)
        if place[:2] not in known:
            where = str(Place(place.table, place.row, ""))
            yield Finding(order_no=order_no, fault="added", where=where, message=f"{where} was added")
            known.add(place[:2])
        elif sealed is not None and _digest(keys, sealed.key_id, order_no, place, value) != sealed.digest:
            yield Finding(order_no=order_no, fault="changed", where=str(place), message=f"{place} was changed")
    for table, key in sorted({place[:2] for place in standing} - present):
        where = str(Place(table, key, ""))
        yield Finding(order_no=order_no, fault="removed", where=where, message=f"{where} was removed")


def _fields(records: Records) -> Iterator[tuple[Place, Any]]:
    for table, rows in records.items():
        left_out = AUDITED[table].left_out
        for key, columns in rows.items():
            for column, value in columns.items():
                if column not in left_out:
                    yield Place(table, key, column), value


def _digest(keys: KeyRing, key_id: str, order_no: str, place: Place, value: Any) -> str | None:
    made = keys.digest(key_id, "field", order_no, *place, _canonical(value))
    return made and made[:_DIGEST_CHARACTERS]


_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


Heads = Mapping[str, tuple[int, str]]
"""Order number → the last sequence of its chain, and the seal of that row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A seal over the heads of the chains that moved since the checkpoint before it.

    `position` is that of the last event covered; `orders` and `transitions` count from the beginning.
    """

    number: int
    at: datetime
    position: int
    orders: int
    transitions: int
    heads: Heads = field(repr=False)
    key_id: str
    mac: str

    def seal(self, keys: KeyRing, previous: str) -> str | None:
        """What `mac` must be behind a checkpoint with the seal `previous`."""
        content = [
            self.number,
            self.at.astimezone(UTC).isoformat(),
            self.position,
            self.orders,
            self.transitions,
            {order_no: list(head) for order_no, head in self.heads.items()},
        ]
        return keys.digest(self.key_id, "checkpoint", previous, _canonical(content))


def verify_checkpoint(checkpoint: Checkpoint, previous: Checkpoint | None, keys: KeyRing) -> Finding | None:
    """What is wrong with a checkpoint itself, if anything."""
    where = f"audit_checkpoints.{checkpoint.number}"
    expected = previous.number + 1 if previous else 1
    if checkpoint.number != expected:
        message = f"checkpoints {expected} to {checkpoint.number - 1} are missing"
        return Finding(order_no="", fault="checkpoint_removed", where=where, message=message)
    if checkpoint.seal(keys, previous.mac if previous else "") != checkpoint.mac:
        message = f"checkpoint {checkpoint.number} was changed or made by somebody else"
        return Finding(order_no="", fault="checkpoint_changed", where=where, message=message)
    return None
