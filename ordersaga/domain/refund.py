"""Money on its way back: the refund document, and what a provider's report means for it (R-PAY-3, P1, P6, M8)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.refund import INITIAL, RefundState, after, allows
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund document. `source_document` is why there is one: each is refunded once.

    `tries` counts how often an operator or the system has set it going; `reference` names the present try at the
    provider, where a failed refund is final and another try is another refund.
    """

    refund_no: str
    source_document: str
    order_no: str
    payment_id: str
    provider: str
    amount: Money
    reason: str
    state: RefundState
    requested_at: datetime
    updated_at: datetime
    case_no: str | None = None
    tries: int = 1
    provider_refund_id: str | None = None
    failure: str | None = None

    @property
    def run(self) -> str:
        """What names its run: the payment that goes back as a whole, or the refund itself."""
        return self.payment_id if self.source_document == source_of(self.payment_id) else self.refund_no

    @property
    def reference(self) -> str:
        return f"{self.refund_no}.{self.tries}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundReport:
    """What a provider says of the refund that it knows as `reference`: `SENT`, `SUCCEEDED` or `FAILED`."""

    reference: str
    payment_id: str
    state: RefundState
    amount: Money
    provider_refund_id: str | None = None
    failure: str | None = None

    def to_document(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "payment_id": self.payment_id,
            "state": self.state.value,
            "amount": self.amount.amount,
            "currency": self.amount.currency,
            "provider_refund_id": self.provider_refund_id,
            "failure": self.failure,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "RefundReport":
        return cls(
            reference=document["reference"],
            payment_id=document["payment_id"],
            state=RefundState(document["state"]),
            amount=Money(document["amount"], document["currency"]),
            provider_refund_id=document["provider_refund_id"],
            failure=document["failure"],
        )


def source_of(payment_id: str) -> str:
    """The source document of a payment that goes back as a whole."""
    return f"payment/{payment_id}"


def refund_for_case(case_no: str, payment: Payment, amount: Money, at: datetime, *, reason: str) -> Refund:
    """The refund of what a case gives back of a payment."""
    source = f"{case_no}/{payment.payment_id}"
    return Refund(
        refund_no=number_of(source),
        source_document=source,
        order_no=payment.order_no,
        case_no=case_no,
        payment_id=payment.payment_id,
        provider=payment.provider,
        amount=amount,
        reason=reason,
        state=INITIAL,
        requested_at=at,
        updated_at=at,
    )


def number_of(source_document: str) -> str:
    """The refund number that a source document leads to, always the same."""
    return f"rf_{hashlib.sha256(source_document.encode()).hexdigest()[:24]}"


def refund_no_of(reference: str) -> str:
    """The refund that a provider's reference belongs to."""
    return reference.rpartition(".")[0]


def refund_of(payment: Payment, at: datetime, *, reason: str | None = None) -> Refund | None:
    """The refund of all that is left of what was received, in its own currency; `None` where nothing is to go back.

    Without a `reason` only money that the order did not take goes back, and the payment says why.
    """
    left = 0 if payment.received is None else payment.received.amount - payment.refunded
    if payment.received is None or left <= 0 or not (reason or payment.is_unexpected):
        return None
    source = source_of(payment.payment_id)
    return Refund(
        refund_no=number_of(source),
        source_document=source,
        order_no=payment.order_no,
        payment_id=payment.payment_id,
        provider=payment.provider,
        amount=Money(left, payment.received.currency),
        reason=reason or payment.failure or "",
        state=INITIAL,
        requested_at=at,
        updated_at=at,
    )


_ACTIONS = {
    RefundState.SENT: Action.SEND_REFUND,
    RefundState.SUCCEEDED: Action.COMPLETE_REFUND,
    RefundState.FAILED: Action.FAIL_REFUND,
}


def judge(refund: Refund, report: RefundReport, at: datetime) -> tuple[Action, Refund] | None:
    """What `report` does to the refund, and the refund after it; `None` when it changes nothing.

    A success of any try counts; every other word counts for the present try only, so that the failure of an earlier
    one, told late, does not stop the next. A success over another sum is no success, and an operator's business.
    """
    state, failure = report.state, report.failure
    if state is RefundState.SUCCEEDED and report.amount != refund.amount:
        state, failure = RefundState.FAILED, "amount_mismatch"
    action = _ACTIONS.get(state)
    if action is None or (report.reference != refund.reference and state is not RefundState.SUCCEEDED):
        return None
    if not allows(refund.state, action, Actor.SYSTEM):
        return None
    return action, replace(
        refund,
        state=after(refund.state, action),
        provider_refund_id=report.provider_refund_id or refund.provider_refund_id,
        failure=failure if state is RefundState.FAILED else None,
        updated_at=at,
    )


def decide(refund: Refund, action: Action, at: datetime) -> Refund:
    """The refund after an operator's `RETRY_REFUND` or `SETTLE_REFUND`. Raises `ActionNotAllowed`."""
    reached = after(refund.state, action, Actor.OPERATOR)
    again = action is Action.RETRY_REFUND
    return replace(
        refund,
        state=reached,
        tries=refund.tries + 1 if again else refund.tries,
        failure=None if again else refund.failure,
        updated_at=at,
    )
