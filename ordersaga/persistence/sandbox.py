"""The sandbox provider's payments and the callbacks that it still owes. The first decision on a payment is final."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, Update, and_, bindparam, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import TypedReturnsRows

from ordersaga.domain.money import Money
from ordersaga.persistence.tables.sandbox import sandbox_callbacks, sandbox_payments


class SandboxState(StrEnum):
    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxAttempt:
    """What a merchant asks a buyer to pay, as the cashier link tells it."""

    payment_id: str
    order_no: str
    channel: str
    amount: Money
    callback_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxDecision:
    """How an attempt ends. The payment's fields belong to some states only, and a constraint says to which.

    `refund_wish` is how its refunds are to go, as the cashier wants it; nothing in particular if `None`.
    """

    state: SandboxState
    event_id: str
    decided_at: datetime
    provider_transaction_id: str | None = None
    paid_amount: int | None = None
    failure: str | None = None
    refund_wish: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPayment:
    """A payment as the provider knows it; `decision` is None as long as it is open."""

    attempt: SandboxAttempt
    created_at: datetime
    decision: SandboxDecision | None

    @property
    def state(self) -> SandboxState:
        return self.decision.state if self.decision else SandboxState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCallback:
    """One delivery that a sender has claimed. `tries` counts this one and is the proof of the claim."""

    callback_id: int
    event_id: str
    url: str
    body: str
    tries: int


_DECISION = (
    "state", "event_id", "decided_at", "provider_transaction_id", "paid_amount", "paid_at", "failure", "refund_wish",
)  # fmt: skip


def _decide(*undecided: SandboxState) -> Insert:
    statement = insert(sandbox_payments)
    return statement.on_conflict_do_update(
        index_elements=[sandbox_payments.c.payment_id],
        set_={name: statement.excluded[name] for name in _DECISION},
        where=sandbox_payments.c.state.in_(undecided),
    )


def _claim() -> TypedReturnsRows[Any]:
    table = sandbox_callbacks
    # A CTE, because a plain subquery may run more than once and then locks more rows than its limit.
    due = (
        select(table.c.callback_id)
        .where(table.c.delivered_at.is_(None), table.c.given_up_at.is_(None), table.c.due_at <= bindparam("now"))
        .order_by(table.c.due_at, table.c.callback_id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        update(table)
        .where(table.c.callback_id == due.c.callback_id)
        .values(due_at=bindparam("lease_ends"), tries=table.c.tries + 1)
        .returning(table.c.callback_id, table.c.event_id, table.c.url, table.c.body, table.c.tries)
    )


# Built once: building costs as much as sending, and the claim is asked for every second.
_ANNOUNCE = insert(sandbox_payments).on_conflict_do_nothing()
_DECIDE = _decide(SandboxState.OPEN).returning(sandbox_payments)
_DECIDE_LATE = _decide(SandboxState.OPEN, SandboxState.CLOSED).returning(sandbox_payments)
_OWE = insert(sandbox_callbacks)
_CLAIM = _claim()
_NAMED = select(sandbox_payments).where(sandbox_payments.c.payment_id == bindparam("payment_id"))
_DELIVERED = (
    update(sandbox_callbacks)
    .where(
        (sandbox_callbacks.c.callback_id == bindparam("number"))
        & (sandbox_callbacks.c.tries == bindparam("proof"))
        & sandbox_callbacks.c.delivered_at.is_(None)
    )
    .values(delivered_at=bindparam("now"))
)


async def announce(connection: AsyncConnection, attempt: SandboxAttempt, now: datetime) -> None:
    """Record an attempt as open unless it is known."""
    row = _attempt_values(attempt) | {"created_at": now, "state": SandboxState.OPEN}
    await connection.execute(_ANNOUNCE, row)


async def decide(
    connection: AsyncConnection, attempt: SandboxAttempt, decision: SandboxDecision, *, late: bool = False
) -> SandboxPayment | None:
    """Settle an attempt that is open or not yet known, or with `late` one that was closed.

    None: it was settled before, by somebody else.
    """
    row = _attempt_values(attempt) | {"created_at": decision.decided_at} | _decision_values(decision)
    found = (await connection.execute(_DECIDE_LATE if late else _DECIDE, row)).mappings().one_or_none()
    return None if found is None else _payment(found)


async def find(connection: AsyncConnection, payment_id: str) -> SandboxPayment | None:
    """A payment by its id, as last committed."""
    found = (await connection.execute(_NAMED, {"payment_id": payment_id})).mappings().one_or_none()
    return None if found is None else _payment(found)


async def latest(connection: AsyncConnection, limit: int) -> list[SandboxPayment]:
    """The newest payments first."""
    statement = select(sandbox_payments).order_by(sandbox_payments.c.created_at.desc()).limit(limit)
    return [_payment(row) for row in (await connection.execute(statement)).mappings()]


async def owe_callback(
    connection: AsyncConnection, payment: SandboxPayment, *, body: str, due_at: datetime, times: int
) -> None:
    """Note `times` deliveries of a payment's event. Raises `ValueError` for a payment that is open."""
    if payment.decision is None:
        raise ValueError("an open payment has nothing to report")
    await owe(connection, payment.attempt, payment.decision.event_id, body=body, due_at=due_at, times=times)


async def owe(
    connection: AsyncConnection, attempt: SandboxAttempt, event_id: str, *, body: str, due_at: datetime, times: int
) -> None:
    """Note `times` deliveries of an event to where the attempt is reported."""
    row = {
        "event_id": event_id,
        "payment_id": attempt.payment_id,
        "url": attempt.callback_url,
        "body": body,
        "due_at": due_at,
    }
    if times:
        await connection.execute(_OWE, [row] * times)


async def claim_callbacks(
    connection: AsyncConnection, *, now: datetime, lease: timedelta, limit: int
) -> list[DueCallback]:
    """Take due deliveries. Nobody else gets them before the lease ends; a sender that dies thus loses none."""
    found = await connection.execute(_CLAIM, {"now": now, "lease_ends": now + lease, "most": limit})
    return [DueCallback(**row) for row in found.mappings()]


async def mark_delivered(connection: AsyncConnection, callback: DueCallback, now: datetime) -> None:
    """The receiver took it."""
    values = {"number": callback.callback_id, "proof": callback.tries, "now": now}
    await connection.execute(_DELIVERED, values)


async def postpone(connection: AsyncConnection, callback: DueCallback, due_at: datetime) -> None:
    """The receiver did not take it: again at `due_at`."""
    await connection.execute(_claimed(callback).values(due_at=due_at))


async def give_up(connection: AsyncConnection, callback: DueCallback, now: datetime) -> None:
    """It was tried often enough; the merchant has to ask."""
    await connection.execute(_claimed(callback).values(given_up_at=now))


async def hand_back(connection: AsyncConnection, callbacks: Sequence[DueCallback], now: datetime) -> None:
    """A sender that stops leaves what it has not finished to the next one, at once."""
    for callback in callbacks:
        await connection.execute(_claimed(callback).values(due_at=now, tries=callback.tries - 1))


def _claimed(callback: DueCallback) -> Update:
    table = sandbox_callbacks
    held = and_(table.c.callback_id == callback.callback_id, table.c.tries == callback.tries)
    return update(table).where(held, table.c.delivered_at.is_(None))


def _attempt_values(attempt: SandboxAttempt) -> dict[str, object]:
    return {
        "payment_id": attempt.payment_id,
        "order_no": attempt.order_no,
        "channel": attempt.channel,
        "amount": attempt.amount.amount,
        "currency": attempt.amount.currency,
        "callback_url": attempt.callback_url,
        "expires_at": attempt.expires_at,
    }


def _decision_values(decision: SandboxDecision) -> dict[str, object]:
    return {
        "state": decision.state,
        "event_id": decision.event_id,
        "decided_at": decision.decided_at,
        "provider_transaction_id": decision.provider_transaction_id,
        "paid_amount": decision.paid_amount,
        "paid_at": decision.decided_at if decision.state is SandboxState.SUCCEEDED else None,
        "failure": decision.failure,
        "refund_wish": decision.refund_wish,
    }


def _payment(row: RowMapping) -> SandboxPayment:
    return SandboxPayment(
        attempt=SandboxAttempt(
            payment_id=row["payment_id"],
            order_no=row["order_no"],
            channel=row["channel"],
            amount=Money(row["amount"], row["currency"]),
            callback_url=row["callback_url"],
            expires_at=row["expires_at"],
        ),
        created_at=row["created_at"],
        decision=None if row["state"] == SandboxState.OPEN else _decision(row),
    )


def _decision(row: RowMapping) -> SandboxDecision:
    return SandboxDecision(
        state=SandboxState(row["state"]),
        event_id=row["event_id"],
        decided_at=row["decided_at"],
        provider_transaction_id=row["provider_transaction_id"],
        paid_amount=row["paid_amount"],
        failure=row["failure"],
        refund_wish=row["refund_wish"],
    )
