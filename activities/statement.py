"""Our books against a provider's: what it took and paid back, and what we know of that (R-PAY-2 … R-PAY-4, P9)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Payment, PaymentState
from ordersaga.domain.reconciliation import Discrepancy, Horizon, Kind, Look
from ordersaga.domain.refund import Refund, refund_no_of
from ordersaga.gateways.payment.provider import (
    Booking,
    PaymentProvider,
    PaymentUnknown,
    RefundUnknown,
    StatementLine,
)
from ordersaga.persistence import captures
from ordersaga.persistence.database import Database

_SLICE = timedelta(days=1)
_PATIENCE = 300.0
KINDS = frozenset(
    {
        Kind.CAPTURE_UNKNOWN_HERE,
        Kind.CAPTURE_UNKNOWN_THERE,
        Kind.CAPTURE_DIFFERS,
        Kind.REFUND_UNKNOWN_HERE,
        Kind.REFUND_UNKNOWN_THERE,
        Kind.REFUND_DIFFERS,
        Kind.REFUND_NOT_TAKEN_NOTE_OF,
        Kind.REFUND_PAID_TWICE,
    }
)


async def compare_statement(database: Database, provider: PaymentProvider, check: str, horizon: Horizon) -> Look:
    """A day at a time, so that no more than a day's numbers are in mind at once.

    Clocks differ, and so do the moments at which both sides booked. What is missing on a day is asked about by itself.
    """
    comparison = _Comparison(database, provider)
    differences: dict[str, Discrepancy] = {}
    since = horizon.since
    while since < horizon.settled and len(differences) < horizon.most:
        until = min(since + _SLICE, horizon.settled)
        async for found in comparison.of(since, until):
            differences[found.item_id] = found
        since = until
    return Look(
        check=check,
        kinds=KINDS,
        at=horizon.at,
        differences=tuple(differences.values()),
        complete=len(differences) < horizon.most,
        since=horizon.since,
    )


class _Comparison:
    def __init__(self, database: Database, provider: PaymentProvider) -> None:
        self._database = database
        self._provider = provider
        self._tries: dict[str, str] = {}
        """By refunds that were tried more than once: the try that was paid."""

    async def of(self, since: datetime, until: datetime) -> AsyncIterator[Discrepancy]:
        there: set[str] = set()
        cursor = None
        while True:
            page = await self._provider.statement(since, until, cursor)
            there.update(refund_no_of(line.reference) if line.reference else line.payment_id for line in page.lines)
            for found in await self._of_lines(page.lines):
                yield found
            cursor = page.cursor
            if cursor is None:
                break
        async for found in self._of_ours(since, until, there):
            yield found

    async def _of_lines(self, lines: tuple[StatementLine, ...]) -> list[Discrepancy]:
        references = [refund_no_of(line.reference) for line in lines if line.reference]
        async with self._database.reading() as connection:
            payments = await captures.payments_named(connection, [line.payment_id for line in lines])
            refunds = await captures.refunds_named(connection, references)
        found = [
            _capture(line, payments.get(line.payment_id))
            if line.booking is Booking.CAPTURE
            else self._refund(line, refunds.get(refund_no_of(line.reference or "")))
            for line in lines
        ]
        return [difference for difference in found if difference is not None]

    def _refund(self, line: StatementLine, ours: Refund | None) -> Discrepancy | None:
        told = {**_sum(line.amount), "reference": line.reference}
        if ours is None:
            return _difference(Kind.REFUND_UNKNOWN_HERE, line.reference or line.payment_id, {}, told, at=line.at)
        subject, known = ours.refund_no, {**_sum(ours.amount), "state": ours.state.value}
        earlier = self._tries.get(ours.refund_no) if ours.tries > 1 else None
        if ours.tries > 1:
            self._tries.setdefault(ours.refund_no, line.reference or "")
        if ours.state is RefundState.SETTLED or (earlier is not None and earlier != line.reference):
            kind = Kind.REFUND_PAID_TWICE
        elif ours.amount != line.amount:
            kind = Kind.REFUND_DIFFERS
        elif ours.state is not RefundState.SUCCEEDED:
            kind = Kind.REFUND_NOT_TAKEN_NOTE_OF
        else:
            return None
        return _difference(kind, subject, known, told, order_no=ours.order_no, at=line.at)

    async def _of_ours(self, since: datetime, until: datetime, there: set[str]) -> AsyncIterator[Discrepancy]:
        """What we think that the provider did in this time, and its statement does not tell of."""
        name = self._provider.name
        async with self._database.snapshot(_PATIENCE) as connection:
            payment_ids = [
                number async for number in captures.captured(connection, name, since, until) if number not in there
            ]
            refund_nos = [
                number async for number in captures.given_back(connection, name, since, until) if number not in there
            ]
            payments = await captures.payments_named(connection, payment_ids)
            refunds = await captures.refunds_named(connection, refund_nos)
        for payment in payments.values():
            if not await self._took(payment):
                yield _difference(
                    Kind.CAPTURE_UNKNOWN_THERE,
                    payment.payment_id,
                    {},
                    _sum(payment.received),
                    order_no=payment.order_no,
                    at=payment.paid_at or payment.created_at,
                )
        for refund in refunds.values():
            if not await self._paid_back(refund):
                yield _difference(
                    Kind.REFUND_UNKNOWN_THERE,
                    refund.refund_no,
                    {},
                    _sum(refund.amount),
                    order_no=refund.order_no,
                    at=refund.updated_at,
                )

    async def _took(self, payment: Payment) -> bool:
        try:
            return (await self._provider.ask(payment.payment_id)).state is PaymentState.SUCCEEDED
        except PaymentUnknown:
            return False

    async def _paid_back(self, refund: Refund) -> bool:
        for number in range(refund.tries, 0, -1):
            try:
                told = await self._provider.ask_refund(f"{refund.refund_no}.{number}")
            except RefundUnknown:
                continue
            if told.state is RefundState.SUCCEEDED:
                return True
        return False


def _capture(line: StatementLine, ours: Payment | None) -> Discrepancy | None:
    if ours is None:
        return _difference(Kind.CAPTURE_UNKNOWN_HERE, line.payment_id, {}, _sum(line.amount), at=line.at)
    if ours.received == line.amount:
        return None
    kind = Kind.CAPTURE_UNKNOWN_HERE if ours.received is None else Kind.CAPTURE_DIFFERS
    known = {**_sum(ours.received), "state": ours.state.value}
    return _difference(kind, line.payment_id, known, _sum(line.amount), order_no=ours.order_no, at=line.at)


def _difference(
    kind: Kind,
    subject: str,
    ours: dict[str, Any],
    theirs: dict[str, Any],
    *,
    order_no: str | None = None,
    at: datetime,
) -> Discrepancy:
    """Of a statement, what is here is expected and what is there is found; where they have nothing, the other way."""
    return Discrepancy(kind=kind, subject=subject, expected=ours, found=theirs, order_no=order_no, concerns_at=at)


def _sum(amount: Money | None) -> dict[str, Any]:
    return {} if amount is None else {"amount": amount.amount, "currency": amount.currency}
