"""Payment attempts: stored under the order's state first, announced to the provider second (R-PAY-1, R-PAY-4)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import acted_by
from api.authentication import Caller
from api.idempotency import once
from api.problems import not_found
from api.services import Services
from api.warnings import Told, not_guaranteed
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Instalment, Payment, PaymentState, awaited
from ordersaga.gateways.payment.provider import PaymentAttempt
from ordersaga.persistence import deductions, orders, payments, transitions


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the buyer gets: where to pay, until when, and what is not promised until it is paid."""

    payment: Payment
    due_at: datetime
    warnings: Sequence[Told]


async def open_attempt(services: Services, caller: Caller, order_no: str, channel: str, key: str | None) -> Attempt:
    """A new attempt with its cashier page, or the one that this key opened.

    Raises `OutOfStock` when units that are deducted at payment have gone, but not of a balance (S5).
    """
    provider = services.providers.for_channel(channel)
    made: tuple[Payment, datetime] | None = None

    async def create(connection: AsyncConnection) -> dict[str, Any]:
        nonlocal made
        order, instalment, unheld = await _payable(connection, caller, order_no)
        payment = Payment(
            payment_id=f"pay_{secrets.token_hex(12)}",
            order_no=order_no,
            channel=channel,
            provider=provider.name,
            amount=Money(instalment.amount(order.payable, order.due_now), order.currency),
            instalment=instalment,
            state=PaymentState.OPEN,
            created_at=datetime.now(UTC),
        )
        ask_at = payment.created_at + services.settings.inquiry_pace.pause_after(0)
        await payments.add(connection, payment, ask_at=ask_at)
        await transitions.record(
            connection,
            order_no,
            action=Action.PAY,
            from_state=order.state,
            to_state=order.state,
            at=payment.created_at,
            by=acted_by(caller, channel),
        )
        made = payment, order.payment_due_at
        return {"payment_id": payment.payment_id, "warnings": unheld}

    async with services.database.transaction() as connection:
        opened = await once(connection, caller, f"pay:{order_no}", key, {"channel": channel}, create)
        payment, due_at = made or await _opened_before(connection, opened["payment_id"])
    if payment.cashier_url is None:
        cashier_url = await provider.open(
            PaymentAttempt(
                payment_id=payment.payment_id,
                order_no=order_no,
                channel=channel,
                amount=payment.amount,
                expires_at=due_at,
            )
        )
        async with services.database.statements() as connection:
            payment = await payments.set_cashier(connection, payment, cashier_url)
    return Attempt(payment, due_at, opened.get("warnings", ()))


async def _opened_before(connection: AsyncConnection, payment_id: str) -> tuple[Payment, datetime]:
    """The attempt that an idempotency key names, and until when its order may be paid."""
    payment = await payments.get(connection, payment_id)
    order = await orders.standing(connection, payment.order_no) if payment else None
    if payment is None or order is None:
        raise not_found()
    return payment, order.payment_due_at


async def _payable(
    connection: AsyncConnection, caller: Caller, order_no: str
) -> tuple[orders.Standing, Instalment, list[Told]]:
    """The order, locked in a state in which its buyer may pay, what for, and what to warn of."""
    found = await orders.standing_to_pay(connection, order_no)
    if found is None or found[0].buyer != caller.subject:
        raise not_found()
    order, waits_for_stock = found
    machine = order_type(order.order_type).version(order.table_version)
    machine.next(order.state, Action.PAY, Actor.BUYER)
    if order.payment_due_at <= datetime.now(UTC):
        raise ActionNotAllowed(Guard.BEFORE_PAYMENT_DEADLINE.reason, action=Action.PAY, state=order.state)
    instalment = awaited(machine, order.state) or Instalment.FULL
    # Who cannot pay the balance loses the deposit, and not for want of goods: paid, all of it goes back.
    look = deductions.missing if instalment is Instalment.BALANCE else deductions.require
    unheld = await look(connection, order_no) if waits_for_stock else ()
    return order, instalment, [not_guaranteed(demand.line_no, demand.sku) for demand in unheld]
