"""What a provider's report means for a payment attempt (R-PAY-2, R-PAY-3, P1, P3, P6)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.table import Actor, Machine
from ordersaga.domain.money import Money


class PaymentState(StrEnum):
    """`UNEXPECTED` is money that the order does not take: too late, a second time, or a wrong amount."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CLOSED = "closed"
    UNEXPECTED = "unexpected"


class Instalment(StrEnum):
    """What an attempt pays: the whole, or one of the two parts of a presale."""

    FULL = "full"
    DEPOSIT = "deposit"
    BALANCE = "balance"

    def amount(self, payable: int, due_now: int) -> int:
        """What is to be paid, in minor units, of an order that costs `payable`, of it `due_now` at first."""
        return payable - due_now if self is Instalment.BALANCE else due_now


CONFIRMED_BY = {
    Instalment.FULL: Action.CONFIRM_PAYMENT,
    Instalment.DEPOSIT: Action.CONFIRM_DEPOSIT,
    Instalment.BALANCE: Action.CONFIRM_BALANCE,
}
"""The action of a table that an instalment's success is."""


def awaited(machine: Machine, state: str) -> Instalment | None:
    """What an order in this state takes money for."""
    return next((part for part, action in CONFIRMED_BY.items() if machine.allows(state, action, Actor.SYSTEM)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """An attempt to pay an order. `received` is what the provider says it took.

    `refunded` is what is on its way back of it or has come back, in minor units of its currency.
    """

    payment_id: str
    order_no: str
    channel: str
    provider: str
    amount: Money
    state: PaymentState
    created_at: datetime
    instalment: Instalment = Instalment.FULL
    cashier_url: str | None = None
    provider_transaction_id: str | None = None
    received: Money | None = None
    paid_at: datetime | None = None
    failure: str | None = None
    refunded: int = 0

    @property
    def is_unexpected(self) -> bool:
        return self.state is PaymentState.UNEXPECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReport:
    payment_id: str
    state: PaymentState
    amount: Money
    transaction_id: str | None = None
    paid_at: datetime | None = None
    failure: str | None = None

    def to_document(self) -> dict[str, Any]:
        return {
            "payment_id": self.payment_id,
            "state": self.state.value,
            "amount": self.amount.amount,
            "currency": self.amount.currency,
            "transaction_id": self.transaction_id,
            "paid_at": self.paid_at and self.paid_at.isoformat(),
            "failure": self.failure,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "PaymentReport":
        return cls(
            payment_id=document["payment_id"],
            state=PaymentState(document["state"]),
            amount=Money(document["amount"], document["currency"]),
            transaction_id=document["transaction_id"],
            paid_at=document["paid_at"] and datetime.fromisoformat(document["paid_at"]),
            failure=document["failure"],
        )


def judge(payment: Payment, report: PaymentReport, *, order_takes_money: bool) -> Payment:
    """The attempt after `report`; the same one when the report changes nothing.

    Money that a provider took is never ignored: a success counts whatever was reported before it, and a failure or a
    closing never takes a success back.
    """
    if report.state is PaymentState.SUCCEEDED:
        if payment.state in (PaymentState.SUCCEEDED, PaymentState.UNEXPECTED):
            return payment
        failure = _why_unexpected(payment, report, order_takes_money)
        return replace(
            payment,
            state=PaymentState.UNEXPECTED if failure else PaymentState.SUCCEEDED,
            provider_transaction_id=report.transaction_id,
            received=report.amount,
            paid_at=report.paid_at,
            failure=failure,
        )
    if payment.state is PaymentState.OPEN and report.state in (PaymentState.FAILED, PaymentState.CLOSED):
        return replace(payment, state=report.state, failure=report.failure)
    return payment


def _why_unexpected(payment: Payment, report: PaymentReport, order_takes_money: bool) -> str | None:
    if report.amount != payment.amount:
        return "amount_mismatch"
    return None if order_takes_money else "not_awaited"
