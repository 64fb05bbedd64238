"""The provider's own rules: one attempt is settled once, in time or not at all, and its merchant is told."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.sandbox.schemas import callback_body
from ordersaga.gateways.payment.sandbox_keys import CashierTicket
from ordersaga.persistence import sandbox
from ordersaga.persistence.database import Database
from ordersaga.persistence.sandbox import SandboxAttempt, SandboxDecision, SandboxPayment, SandboxState

GRACE = timedelta(seconds=3)
EXPIRED = "expired"
_FAILURES = {
    "card": "card_declined",
    "wallet": "insufficient_balance",
    "bank_transfer": "transfer_rejected",
}


class Outcome(StrEnum):
    SUCCEED = "succeed"
    FAIL = "fail"
    CLOSE = "close"


_STATES = {
    Outcome.SUCCEED: SandboxState.SUCCEEDED,
    Outcome.FAIL: SandboxState.FAILED,
    Outcome.CLOSE: SandboxState.CLOSED,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a buyer does at the cashier, and how often and when the merchant hears of it.

    `late` is money that comes in spite of a closing; `refunds` is how refunds of it are to go, as JSON.
    """

    outcome: Outcome
    amount: int | None = None
    times: int = 1
    delay: timedelta = timedelta()
    late: bool = False
    refunds: dict[str, Any] | None = None


class OutcomeRefused(Exception):
    """The attempt ended in another way before. `payment` tells how."""

    def __init__(self, payment: SandboxPayment) -> None:
        super().__init__(f"the payment is {payment.state.value}")
        self.payment = payment


class Cashier:
    """The payments of the sandbox provider. `wake` is told the delay after which a callback falls due."""

    def __init__(self, database: Database, wake: Callable[[timedelta], None]) -> None:
        self._database = database
        self._wake = wake

    async def visit(self, ticket: CashierTicket, now: datetime) -> SandboxPayment:
        """The attempt as its page shows it; the first visit records it."""
        attempt = _attempt(ticket)
        async with self._database.transaction() as connection:
            await sandbox.announce(connection, attempt, now)
            return await _current(connection, attempt.payment_id, now) or _missing(attempt.payment_id)

    async def ask(self, payment_id: str, now: datetime) -> SandboxPayment | None:
        """The payment, or None if nobody ever came with it."""
        async with self._database.transaction() as connection:
            return await _current(connection, payment_id, now)

    async def close(self, ticket: CashierTicket, now: datetime) -> SandboxPayment:
        """Settle the attempt as closed unless it is settled. The answer is all that the merchant hears of it."""
        async with self._database.transaction() as connection:
            return await _settle(connection, _attempt(ticket), _decision(Wish(Outcome.CLOSE), ticket, now))

    async def act(self, ticket: CashierTicket, wish: Wish, now: datetime) -> SandboxPayment:
        """Do what the buyer wishes, and owe the merchant the callbacks. Doing the same again reports it again.

        Raises `OutcomeRefused` if the attempt is settled differently, or expired.
        """
        too_late = _overdue(ticket.attempt.expires_at, now) and not wish.late
        decision = _expiry(now) if too_late else _decision(wish, ticket, now)
        async with self._database.transaction() as connection:
            payment = await _settle(connection, _attempt(ticket), decision, late=wish.late)
            granted = _grants(payment, wish)
            if granted and wish.times:
                await sandbox.owe_callback(
                    connection, payment, body=callback_body(payment), due_at=now + wish.delay, times=wish.times
                )
        if not granted:
            raise OutcomeRefused(payment)
        if wish.times:
            self._wake(wish.delay)
        return payment

    async def latest(self, limit: int) -> list[SandboxPayment]:
        """The newest attempts."""
        async with self._database.transaction() as connection:
            return await sandbox.latest(connection, limit)


async def _settle(
    connection: AsyncConnection, attempt: SandboxAttempt, decision: SandboxDecision, *, late: bool = False
) -> SandboxPayment:
    settled = await sandbox.decide(connection, attempt, decision, late=late)
    return settled or await sandbox.find(connection, attempt.payment_id) or _missing(attempt.payment_id)


async def _current(connection: AsyncConnection, payment_id: str, now: datetime) -> SandboxPayment | None:
    payment = await sandbox.find(connection, payment_id)
    if payment is None or payment.decision or not _overdue(payment.attempt.expires_at, now):
        return payment
    # The expiry is written down and not only said, so that a payment under way cannot prove the answer wrong.
    return await _settle(connection, payment.attempt, _expiry(now))


def _overdue(expires_at: datetime, now: datetime) -> bool:
    return now > expires_at + GRACE


def _grants(payment: SandboxPayment, wish: Wish) -> bool:
    if payment.state is not _STATES[wish.outcome]:
        return False
    paid = payment.decision.paid_amount if payment.decision else None
    return wish.amount is None or paid is None or wish.amount == paid


def _decision(wish: Wish, ticket: CashierTicket, now: datetime) -> SandboxDecision:
    paid = wish.outcome is Outcome.SUCCEED
    return SandboxDecision(
        state=_STATES[wish.outcome],
        event_id=_new_event_id(),
        decided_at=now,
        provider_transaction_id=f"sbx_{uuid.uuid4().hex}" if paid else None,
        paid_amount=(wish.amount or ticket.attempt.amount.amount) if paid else None,
        failure=_FAILURES.get(ticket.attempt.channel, "declined") if wish.outcome is Outcome.FAIL else None,
        refund_wish=wish.refunds if paid else None,
    )


def _expiry(now: datetime) -> SandboxDecision:
    return SandboxDecision(state=SandboxState.CLOSED, event_id=_new_event_id(), decided_at=now, failure=EXPIRED)


def _new_event_id() -> str:
    return f"evt_{uuid.uuid4().hex}"


def _attempt(ticket: CashierTicket) -> SandboxAttempt:
    attempt = ticket.attempt
    return SandboxAttempt(
        payment_id=attempt.payment_id,
        order_no=attempt.order_no,
        channel=attempt.channel,
        amount=attempt.amount,
        callback_url=ticket.callback_url,
        expires_at=attempt.expires_at,
    )


def _missing(payment_id: str) -> SandboxPayment:
    raise RuntimeError(f"the payment {payment_id} is neither written nor there")
