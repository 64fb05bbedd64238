"""What in a chain, and in the records that it speaks of, the system did not do itself (R-SUB-3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ordersaga.domain.audit.chain import AuditRow, Place, Records, Standing, apply, digest_of, fields_of
from ordersaga.domain.audit.coverage import AUDITED
from ordersaga.domain.keys import KeyRing


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
                if coverage is None or row.action not in coverage.removed_by:
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
    for place, value in fields_of(records):
        present.add(place[:2])
        sealed = standing.get(place)
        if place[:2] not in known:
            where = str(Place(place.table, place.row, ""))
            yield Finding(order_no=order_no, fault="added", where=where, message=f"{where} was added")
            known.add(place[:2])
        elif sealed is not None and digest_of(keys, sealed.key_id, order_no, place, value) != sealed.digest:
            yield Finding(order_no=order_no, fault="changed", where=str(place), message=f"{place} was changed")
    for table, key in sorted({place[:2] for place in standing} - present):
        where = str(Place(table, key, ""))
        yield Finding(order_no=order_no, fault="removed", where=where, message=f"{where} was removed")
