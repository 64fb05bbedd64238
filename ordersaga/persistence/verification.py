"""The whole database against its audit: every chain, every record, every checkpoint (R-SUB-3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.audit.checkpoint import Checkpoint, verify_checkpoint
from ordersaga.domain.audit.verification import Finding, verify
from ordersaga.domain.keys import KeyRing
from ordersaga.persistence import audit, checkpoints
from ordersaga.persistence.database import Database
from ordersaga.persistence.tables.orders import orders

_BATCH = 200
_PATIENCE = timedelta(minutes=15)
"""How old an audit row may be that no checkpoint covers yet."""


@dataclass(slots=True, kw_only=True)
class Verification:
    """What was looked at, and what was found. `uncovered` rows are too new for a checkpoint."""

    orders: int = 0
    transitions: int = 0
    checkpoints: int = 0
    uncovered: int = 0
    latest: Checkpoint | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class Anchor:
    """A checkpoint that was noted outside the database: it must be there, with the same seal."""

    number: int
    mac: str


async def verify_order(connection: AsyncConnection, order_no: str, keys: KeyRing) -> list[Finding]:
    """Everything in one order that the system did not do itself, checkpoints left aside."""
    found = await audit.read(connection, order_no)
    return verify(order_no, found.chain, found.records, keys)


async def verify_all(
    database: Database,
    keys: KeyRing,
    *,
    at: datetime,
    anchor: Anchor | None = None,
    started: Callable[[int], None] = lambda orders: None,
    progressed: Callable[[int], None] = lambda orders: None,
) -> Verification:
    """Look at everything. `started` is told how many orders there are, `progressed` how many more were looked at.

    The shop may go on meanwhile: each batch of orders is seen as one statement sees it.
    """
    seen = Verification()
    async with database.engine.connect() as connection:
        started(await connection.scalar(select(func.count()).select_from(orders)) or 0)
        await _verify_orders(connection, keys, seen, progressed)
        await _verify_checkpoints(connection, keys, seen, anchor)
        await _verify_coverage(connection, seen, at)
    return seen


async def _verify_orders(
    connection: AsyncConnection, keys: KeyRing, seen: Verification, progressed: Callable[[int], None]
) -> None:
    after = ""
    while batch := (
        await connection.scalars(
            select(orders.c.order_no).where(orders.c.order_no > after).order_by(orders.c.order_no).limit(_BATCH)
        )
    ).all():
        for order_no, (chain, records) in (await audit.read_many(connection, batch)).items():
            seen.orders += 1
            seen.transitions += len(chain)
            seen.findings.extend(verify(order_no, chain, records, keys))
        await connection.commit()
        after = batch[-1]
        progressed(len(batch))


async def _verify_checkpoints(
    connection: AsyncConnection, keys: KeyRing, seen: Verification, anchor: Anchor | None
) -> None:
    named = {finding.order_no for finding in seen.findings}
    anchored = anchor is None
    async for checkpoint in checkpoints.every(connection):
        wrong = verify_checkpoint(checkpoint, seen.latest, keys)
        seen.findings.extend([wrong] if wrong else [])
        for contradiction in await checkpoints.contradictions(connection, checkpoint):
            finding = _contradicted(contradiction, checkpoint)
            if finding.fault != "audit_changed" or finding.order_no not in named:
                seen.findings.append(finding)
        anchored = anchored or (
            anchor is not None and (checkpoint.number, checkpoint.mac) == (anchor.number, anchor.mac)
        )
        seen.checkpoints += 1
        seen.latest = checkpoint
    seen.findings = list(dict.fromkeys(seen.findings))
    if not anchored and anchor is not None:
        where = f"audit_checkpoints.{anchor.number}"
        message = f"checkpoint {anchor.number} is not there, or not the one that was noted"
        seen.findings.append(Finding(order_no="", fault="checkpoint_removed", where=where, message=message))


def _contradicted(contradiction: checkpoints.Contradiction, checkpoint: Checkpoint) -> Finding:
    order_no, sequence, order_exists, last = contradiction
    if not order_exists:
        message = f"the order was removed; it had {sequence} audit rows at checkpoint {checkpoint.number}"
        return Finding(order_no=order_no, fault="removed", where="orders", message=message)
    if last is None or last < sequence:
        message = f"audit rows {(last or 0) + 1} to {sequence} were cut off; checkpoint {checkpoint.number} saw them"
        return Finding(order_no=order_no, fault="audit_removed", where=f"transitions.{sequence}", message=message)
    message = f"audit row {sequence} is not the one that checkpoint {checkpoint.number} saw"
    return Finding(order_no=order_no, fault="audit_changed", where=f"transitions.{sequence}", message=message)


async def _verify_coverage(connection: AsyncConnection, seen: Verification, at: datetime) -> None:
    position = 0
    if seen.latest is not None:
        position = seen.latest.position
        there = await checkpoints.counted(connection, position)
        sealed = (seen.latest.orders, seen.latest.transitions)
        if there != sealed:
            message = (
                f"there are {there[0]} orders with {there[1]} audit rows; "
                f"checkpoint {seen.latest.number} counted {sealed[0]} with {sealed[1]}"
            )
            finding = Finding(order_no="", fault="counts_differ", where="audit_checkpoints", message=message)
            seen.findings.append(finding)
    newer = await checkpoints.uncovered(connection, position)
    seen.uncovered = newer.rows
    if newer.since is not None and newer.since < at - _PATIENCE:
        message = f"{newer.rows} audit rows, the oldest of {newer.since.isoformat()}, are covered by no checkpoint"
        seen.findings.append(Finding(order_no="", fault="uncovered", where="audit_checkpoints", message=message))
