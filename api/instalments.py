"""What of an order is to be paid when, as the documents that `InstalmentView` describes."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from api.schemas.values import money
from ordersaga.domain.instalments import plan
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.payment import Payment
from ordersaga.persistence.orders import Order


def instalment_documents(order: Order, payments: Sequence[Payment]) -> list[dict[str, Any]]:
    kind = order_type(order.order_type)
    parts = plan(
        kind.version(order.table_version),
        order.state,
        payments,
        payable=order.totals.payable,
        due_now=order.totals.due_now,
        due_at=order.payment_due_at,
        terms=kind.terms.of(order.sale) if kind.terms and order.sale else None,
    )
    return [{**asdict(part), "amount": money(part.amount, order.currency)} for part in parts]
