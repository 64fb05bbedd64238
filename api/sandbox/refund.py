"""The provider's rules for paying back: each refund once, and never more than was taken."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.sandbox.refund_schemas import RefundView, RefundWish, refund_callback_body
from ordersaga.domain.money import Money
from ordersaga.persistence import sandbox, sandbox_refunds
from ordersaga.persistence.database import Database
from ordersaga.persistence.sandbox import SandboxPayment
from ordersaga.persistence.sandbox_refunds import SandboxRefund

REFUSED = "refund_rejected"


class RefundImpossible(Exception):
    """A definite no. `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Refunding:
    """The refunds of the sandbox provider. `wake` is told the delay after which a callback falls due."""

    def __init__(self, database: Database, wake: Callable[[timedelta], None]) -> None:
        self._database = database
        self._wake = wake

    async def refund(self, payment_id: str, refund_no: str, amount: Money, now: datetime) -> RefundView:
        """Pay back, once for each `refund_no`. Raises `RefundImpossible`."""
        async with self._database.transaction() as connection:
            payment = await sandbox_refunds.locked_payment(connection, payment_id)
            known = await sandbox_refunds.find(connection, refund_no)
            if known is not None:
                return _again(known, payment_id, amount, now)
            if payment is None:
                raise RefundImpossible("payment_unknown", "nobody has come to the cashier with this payment")
            wish = _wish_of(payment)
            refund = await _decided(connection, payment, refund_no, amount, wish, now)
            await sandbox_refunds.add(connection, refund)
            body = refund_callback_body(refund)
            due_at = refund.settles_at
            await sandbox.owe(connection, payment.attempt, refund.event_id, body=body, due_at=due_at, times=wish.times)
        if wish.times:
            self._wake(refund.settles_at - now)
        return RefundView.of(refund, now)

    async def ask(self, refund_no: str, now: datetime) -> RefundView | None:
        """The refund as it stands, or None if nobody ever asked for it."""
        async with self._database.transaction() as connection:
            known = await sandbox_refunds.find(connection, refund_no)
        return None if known is None else RefundView.of(known, now)


def _again(known: SandboxRefund, payment_id: str, amount: Money, now: datetime) -> RefundView:
    if (known.payment_id, known.amount) != (payment_id, amount):
        raise RefundImpossible("refund_no_reused", "this number is another refund's")
    return RefundView.of(known, now)


async def _decided(
    connection: AsyncConnection,
    payment: SandboxPayment,
    refund_no: str,
    amount: Money,
    wish: RefundWish,
    now: datetime,
) -> SandboxRefund:
    payment_id = payment.attempt.payment_id
    paid = payment.decision.paid_amount if payment.decision else None
    if paid is None or amount.currency != payment.attempt.amount.currency:
        raise RefundImpossible("payment_not_taken", "nothing was taken in this currency")
    if await sandbox_refunds.refunded(connection, payment_id) + amount.amount > paid:
        raise RefundImpossible("refund_exceeds_payment", "this is more than is left of what was taken")
    earlier = len(await sandbox_refunds.of_payment(connection, payment_id))
    return SandboxRefund(
        refund_no=refund_no,
        payment_id=payment_id,
        amount=amount,
        created_at=now,
        settles_at=now + timedelta(seconds=wish.delay_s),
        event_id=f"evt_{uuid.uuid4().hex}",
        provider_refund_id=f"sbr_{uuid.uuid4().hex}",
        failure=REFUSED if earlier < wish.failures else None,
    )


def _wish_of(payment: SandboxPayment) -> RefundWish:
    wished: dict[str, Any] = (payment.decision.refund_wish if payment.decision else None) or {}
    return RefundWish.model_validate(wished)
