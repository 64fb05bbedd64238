"""The sandbox provider's documents, read: what they say of payments and of refunds."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import httpx

from ordersaga.domain.errors import MoneyInvalid
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.money import Money
from ordersaga.domain.payment import PaymentReport, PaymentState
from ordersaga.domain.refund import RefundReport
from ordersaga.gateways import signing
from ordersaga.gateways.payment.provider import (
    Booking,
    PaymentUnknown,
    ProviderUnavailable,
    RefundOrder,
    RefundUnknown,
    StatementLine,
    StatementPage,
)

Data = Mapping[str, object]
Report = TypeVar("Report")

_REFUND_STATES = {
    "pending": RefundState.SENT,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
}
_REFUSALS = frozenset({"payment_unknown", "payment_not_taken", "refund_exceeds_payment", "refund_no_reused"})
"""With these codes the provider says that it will not pay back, and not that something went wrong."""


def payment_answer(payment_id: str, response: httpx.Response) -> PaymentReport:
    """Raises `PaymentUnknown`, `ProviderUnavailable`."""
    document = _document(response)
    # A bare 404 comes from a wrong address as well, and must not pass for the provider's word on a payment.
    if response.status_code == 404 and document.get("code") == "payment_unknown":
        raise PaymentUnknown(payment_id)
    report = _read(_answered_payment, document, response)
    if report.payment_id != payment_id:
        raise ProviderUnavailable("the sandbox answered for another payment")
    return report


def refund_answer(refund: RefundOrder, response: httpx.Response) -> RefundReport:
    """What came of asking for a refund. Raises `ProviderUnavailable`."""
    document = _document(response)
    code = document.get("code")
    if response.status_code in (404, 409) and code in _REFUSALS:
        return RefundReport(
            reference=refund.reference,
            payment_id=refund.payment_id,
            state=RefundState.FAILED,
            amount=refund.amount,
            failure=str(code),
        )
    return _answered_refund(refund.reference, document, response)


def refund_asked(reference: str, response: httpx.Response) -> RefundReport:
    """Raises `RefundUnknown`, `ProviderUnavailable`."""
    document = _document(response)
    if response.status_code == 404 and document.get("code") == "refund_unknown":
        raise RefundUnknown(reference)
    return _answered_refund(reference, document, response)


def statement_answer(response: httpx.Response) -> StatementPage:
    """Raises `ProviderUnavailable`."""
    return _read(_statement, _document(response), response)


def _answered_refund(reference: str, document: Data, response: httpx.Response) -> RefundReport:
    report = _read(lambda data: _refund(_REFUND_STATES[signing.text(data, "state")], data), document, response)
    if report.reference != reference:
        raise ProviderUnavailable("the sandbox answered for another refund")
    return report


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError as error:
        raise ProviderUnavailable(f"the sandbox answered {response.status_code} and made no sense") from error
    if not isinstance(document, dict):
        raise ProviderUnavailable(f"the sandbox answered {response.status_code} and made no sense")
    return document


def _read(read: Callable[[Data], Report], document: Data, response: httpx.Response) -> Report:
    if not response.is_success:
        raise ProviderUnavailable(f"the sandbox answered {response.status_code}")
    try:
        return read(document)
    except (MoneyInvalid, ValueError, KeyError, TypeError) as error:
        raise ProviderUnavailable(f"the sandbox answered {response.status_code} and made no sense") from error


def _answered_payment(data: Data) -> PaymentReport:
    return _payment(PaymentState(signing.text(data, "state")), data)


def _payment(state: PaymentState, data: Data) -> PaymentReport:
    paid = state is PaymentState.SUCCEEDED
    return PaymentReport(
        payment_id=signing.text(data, "payment_id"),
        state=state,
        amount=_money(data),
        transaction_id=signing.text(data, "provider_transaction_id") if paid else None,
        paid_at=signing.moment(data, "paid_at") if paid else None,
        failure=_failure(data),
    )


def _refund(state: RefundState, data: Data) -> RefundReport:
    return RefundReport(
        reference=signing.text(data, "refund_no"),
        payment_id=signing.text(data, "payment_id"),
        state=state,
        amount=_money(data),
        provider_refund_id=signing.text(data, "provider_refund_id"),
        failure=_failure(data),
    )


def _statement(data: Data) -> StatementPage:
    lines = data["lines"]
    if not isinstance(lines, list):
        raise ValueError("lines must be a list")
    return StatementPage(
        lines=tuple(_line(line) for line in lines),
        cursor=None if data.get("next_cursor") is None else signing.text(data, "next_cursor"),
    )


def _line(data: Data) -> StatementLine:
    return StatementLine(
        booking=Booking(signing.text(data, "booking")),
        payment_id=signing.text(data, "payment_id"),
        amount=_money(data),
        at=signing.moment(data, "at"),
        reference=None if data.get("refund_no") is None else signing.text(data, "refund_no"),
    )


_LARGEST = 10**15
"""More than anybody pays; what the database could not keep would be tried to be recorded for ever."""


def _money(data: Data) -> Money:
    amount = data.get("amount")
    if type(amount) is not int or not 0 <= amount <= _LARGEST:
        raise ValueError("amount must be a count of minor units")
    return Money(amount, signing.text(data, "currency"))


def _failure(data: Data) -> str | None:
    return None if data.get("failure") is None else signing.text(data, "failure")


READERS: Mapping[str, Callable[[Data], PaymentReport | RefundReport]] = {
    "payment.succeeded": partial(_payment, PaymentState.SUCCEEDED),
    "payment.failed": partial(_payment, PaymentState.FAILED),
    "payment.closed": partial(_payment, PaymentState.CLOSED),
    "refund.succeeded": partial(_refund, RefundState.SUCCEEDED),
    "refund.failed": partial(_refund, RefundState.FAILED),
}
"""How a callback of each type is read. They raise `MoneyInvalid` and `ValueError` for what is malformed."""
