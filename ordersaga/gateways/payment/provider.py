"""The port to payment providers (R-PAY-1): what the order system asks of any of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ordersaga.domain.money import Money
from ordersaga.domain.payment import PaymentReport
from ordersaga.domain.refund import RefundReport


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAttempt:
    """What a buyer is asked to pay. `expires_at` is the order's payment deadline."""

    payment_id: str
    order_no: str
    channel: str
    amount: Money
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """What a provider is to pay back of a payment. `reference` is ours, and the same each time that it is sent."""

    reference: str
    payment_id: str
    transaction_id: str | None
    amount: Money


class Booking(StrEnum):
    CAPTURE = "capture"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """Money that the provider moved: a capture of a payment, or a refund of some of it by our `reference`."""

    booking: Booking
    payment_id: str
    amount: Money
    at: datetime
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPage:
    """Some lines of a statement, the oldest first; without a `cursor` they are the last."""

    lines: tuple[StatementLine, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCallback:
    """A verified callback. `event_id` is the provider's own and the same for each delivery of one event."""

    event_id: str
    report: PaymentReport | RefundReport


class PaymentUnknown(Exception):
    """The provider has never heard of this attempt."""


class RefundUnknown(Exception):
    """The provider has never heard of this refund."""


class ProviderUnavailable(Exception):
    """The provider did not answer, or answered with an error of its own; asking again may help."""


class PaymentProvider(Protocol):
    name: str
    channels: frozenset[str]

    async def open(self, attempt: PaymentAttempt) -> str:
        """Announce the attempt and give the address of the cashier page. Idempotent by `payment_id`."""
        ...

    async def ask(self, payment_id: str) -> PaymentReport:
        """The attempt's present state. Raises `PaymentUnknown`, `ProviderUnavailable`."""
        ...

    async def close(self, attempt: PaymentAttempt) -> PaymentReport:
        """Make sure that the attempt cannot be paid any more; the answer says if it was paid before. Idempotent."""
        ...

    async def refund(self, refund: RefundOrder) -> RefundReport:
        """Pay back. Idempotent by `reference`; a definite refusal is a report of failure. Raises `ProviderUnavailable`.

        What is not decided at once is reported as `sent`, and its end by a callback.
        """
        ...

    async def ask_refund(self, reference: str) -> RefundReport:
        """The refund's present state. Raises `RefundUnknown`, `ProviderUnavailable`."""
        ...

    async def statement(self, since: datetime, until: datetime, cursor: str | None = None) -> StatementPage:
        """What was captured and refunded from `since` until before `until`, a page at a time.

        `cursor` is that of the page before. Raises `ProviderUnavailable`.
        """
        ...

    def verify(self, headers: Mapping[str, str], body: bytes) -> ProviderCallback:
        """Read a callback. Raises `SignatureInvalid`."""
        ...
