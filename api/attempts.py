"""Payment attempts: stored under the order's state first, announced to the provider second (R-PAY-1, R-PAY-4)."""

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import acted_by
from api.authentication import Caller
from api.idempotency import once
from api.problems import not_found
from api.services import Services
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Instalment, Payment, PaymentState, awaited
from ordersaga.gateways.payment.provider import PaymentAttempt
from ordersaga.persistence import orders, payments, transitions


async def open_attempt(
    services: Services, caller: Caller, order_no: str, channel: str, key: str | None
) -> tuple[Payment, datetime]:
    """A new attempt with its cashier page, or the one that this key opened; and the order's payment deadline."""
    provider = services.providers.for_channel(channel)
    due_at: datetime

    async def create(connection: AsyncConnection) -> dict[str, Any]:
        order, instalment = await _payable(connection, caller, order_no)
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
        return {"payment_id": payment.payment_id}

    async with services.database.transaction() as connection:
        opened = await once(connection, caller, f"pay:{order_no}", key, {"channel": channel}, create)
        payment = await payments.get(connection, opened["payment_id"])
        order = await orders.standing(connection, order_no)
    if payment is None or order is None:
        raise not_found()
    due_at = order.payment_due_at
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
        async with services.database.transaction() as connection:
            payment = await payments.set_cashier(connection, payment, cashier_url)
    return payment, due_at


async def _payable(connection: AsyncConnection, caller: Caller, order_no: str) -> tuple[orders.Standing, Instalment]:
    """The order, locked in a state in which its buyer may pay, and what for."""
    order = await orders.standing(connection, order_no, lock=True)
    if order is None or order.buyer != caller.subject:
        raise not_found()
    machine = order_type(order.order_type).version(order.table_version)
    machine.next(order.state, Action.PAY, Actor.BUYER)
    if order.payment_due_at <= datetime.now(UTC):
        raise ActionNotAllowed("the time to pay is over", action=Action.PAY, state=order.state)
    return order, awaited(machine, order.state) or Instalment.FULL
