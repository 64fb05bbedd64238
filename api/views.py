"""Orders in the words, and with the parts, that each role may see (R-STM-2, P8)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import actor_of
from api.authentication import Caller, Role
from api.case_views import heading as case_heading
from api.dossier import Dossier
from api.groups import group_document
from api.instalments import instalment_documents
from api.lines import line_document, totals
from api.refunds import refund_document
from api.schemas.orders import OrderView
from api.schemas.values import money
from api.warnings import Told, of_lines
from ordersaga.domain.after_sales.case import CLAIMS, Kind
from ordersaga.domain.after_sales.units import count_open_to, window_is_open
from ordersaga.domain.lifecycle.guards import Facts
from ordersaga.domain.lifecycle.parcel import is_labelled
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.payment import Payment, PaymentState
from ordersaga.domain.pricing.quote import Totals
from ordersaga.persistence import stock
from ordersaga.persistence.orders import Order
from ordersaga.persistence.parcels import StoredParcel

_MAY_SEE_BEARERS = frozenset({Role.MERCHANT, Role.OPERATOR, Role.DOWNSTREAM})
"""Who bears a discount is between the platform and its merchants; those who settle it read it too."""
_APART_FROM_MONEY = frozenset({Role.MERCHANT, Role.WAREHOUSE})
"""What the buyer pays, and when, is not for them."""


async def summaries(
    connection: AsyncConnection, found: Sequence[Order], caller: Caller, language: str
) -> list[dict[str, Any]]:
    """Orders for a list, as `OrderSummary` describes them, with the part of their lines that `caller` may see."""
    served: Mapping[str, frozenset[int]] = {}
    if caller.role is Role.WAREHOUSE:
        served = await stock.lines_served(connection, [order.order_no for order in found], caller.warehouse_id or "")
    return [_summary(_with_own_lines(order, caller, served), caller, language) for order in found]


def _with_own_lines(order: Order, caller: Caller, served: Mapping[str, frozenset[int]]) -> Order:
    if caller.role is Role.MERCHANT:
        lines = tuple(line for line in order.lines if line.merchant_id == caller.merchant_id)
    elif caller.role is Role.WAREHOUSE:
        mine = served.get(order.order_no, frozenset())
        lines = tuple(line for line in order.lines if line.line_no in mine)
    else:
        return order
    return replace(order, lines=lines, totals=Totals.of(lines))


def _summary(order: Order, caller: Caller, language: str) -> dict[str, Any]:
    return {
        **heading(order, caller, language),
        "totals": totals(order.totals, order.currency),
        "line_count": len(order.lines),
        "merchant_ids": sorted({line.merchant_id for line in order.lines}),
    }


def order_document(known: Dossier, caller: Caller, language: str, at: datetime) -> dict[str, Any]:
    """The order as JSON-ready data, to be kept."""
    return order_view(known, caller, language, at).model_dump(mode="json")


def order_view(known: Dossier, caller: Caller, language: str, at: datetime) -> OrderView:
    """The order as `caller` sees it at a moment."""
    order = known.order
    document = {
        **heading(order, caller, language),
        "totals": totals(order.totals, order.currency),
        "shipping_option": order.shipping_option,
        "receiver": asdict(order.receiver) if order.receiver else None,
        "delivery_note": None if caller.role is Role.DOWNSTREAM else order.delivery_note,
        "replaces": order.replaces,
        "campaign": order.campaign,
        "sale": order.sale,
        "group": group_document(known.group) if known.group else None,
        "lines": [
            {
                **line_document(line, order.currency, known.sources, with_bearers=caller.role in _MAY_SEE_BEARERS),
                "attributes": dict(line.attributes),
                "category": line.category,
            }
            for line in order.lines
        ],
        "instalments": [] if caller.role in _APART_FROM_MONEY else instalment_documents(order, known.payments),
        "payments": [
            payment_document(payment, order.payment_due_at, _unheld(known, payment)) for payment in known.payments
        ],
        "parcels": [_parcel(parcel, order.currency) for parcel in known.parcels],
        "after_sales": [case_heading(case, caller, language) for case in known.cases],
        "refunds": [refund_document(refund) for refund in known.refunds],
        "reviews": [asdict(review) for review in known.reviews],
        "available_actions": _actions(known, caller, at),
        "screening": asdict(known.screening.assessment) if known.screening else None,
    }
    return OrderView.model_validate(document)


def heading(order: Order, caller: Caller, language: str) -> dict[str, Any]:
    """What lists and single orders begin with."""
    machine = order_type(order.order_type).version(order.table_version)
    status = machine.statuses[order.state].read_by(actor_of(caller))
    is_operator = caller.role is Role.OPERATOR
    return {
        "order_no": order.order_no,
        "order_type": order.order_type,
        "status": status.code,
        "status_label": status.read_in(language),
        "system_status": order.state if is_operator else None,
        "buyer": order.buyer if caller.role not in (Role.MERCHANT, Role.WAREHOUSE) else None,
        "placed_at": order.placed_at,
        "updated_at": order.updated_at,
        "payment_due_at": order.payment_due_at,
    }


def _unheld(known: Dossier, payment: Payment) -> list[Told]:
    """What somebody who goes to the cashier now should know."""
    held = {item.line_no for item in known.sources}
    return of_lines(known.order.lines, held) if payment.state is PaymentState.OPEN else []


def payment_document(payment: Payment, due_at: datetime, warnings: Sequence[Told] = ()) -> dict[str, Any]:
    received = payment.received
    return {
        "payment_id": payment.payment_id,
        "instalment": payment.instalment,
        "channel": payment.channel,
        "amount": money(payment.amount.amount, payment.amount.currency),
        "state": payment.state,
        "cashier_url": payment.cashier_url,
        "payment_due_at": due_at,
        "provider_transaction_id": payment.provider_transaction_id,
        "paid_at": payment.paid_at,
        "failure": payment.failure,
        "created_at": payment.created_at,
        "received": received and money(received.amount, received.currency),
        "refunded": received and money(payment.refunded, received.currency),
        "warnings": list(warnings),
    }


def _parcel(parcel: StoredParcel, currency: str) -> dict[str, Any]:
    return {
        "parcel_no": parcel.parcel_no,
        "merchant_id": parcel.merchant_id,
        "warehouse_id": parcel.warehouse_id,
        "transport_class": parcel.transport_class,
        "weight_g": parcel.weight_g,
        "state": parcel.state,
        "replaces": parcel.replaces,
        "updated_at": parcel.updated_at,
        "lines": [
            {
                "line_no": line.line_no,
                "sku": line.sku,
                "quantity": line.quantity,
                "payable": money(line.payable, currency),
                "shipping": money(line.shipping, currency),
            }
            for line in parcel.lines
        ],
    }


def _actions(known: Dossier, caller: Caller, at: datetime) -> list[dict[str, Any]]:
    """Every action of the role's, and why each disabled one is."""
    order, actor = known.order, actor_of(caller)
    machine = order_type(order.order_type).version(order.table_version)
    if caller.role is Role.DOWNSTREAM:
        return []
    facts, found = _facts(known, at), []
    for action in machine.actions_of(actor):
        reason = "" if machine.allows(order.state, action, actor) else f"not possible while {order.state}"
        guard = machine.guard_of(order.state, action)
        reason = reason or (guard.why_not(facts) if guard else "")
        found.append({"action": action, "enabled": not reason, "reason": reason})
    return found


def _facts(known: Dossier, at: datetime) -> Facts:
    is_open = window_is_open(known.order.after_sales_until, at)
    return Facts(
        at=at,
        payment_due_at=known.order.payment_due_at,
        label_printed=any(is_labelled(parcel.state) for parcel in known.parcels),
        lines_to_review=len(known.order.lines) - len(known.reviews),
        codes_revealed=known.codes_revealed,
        units_to_cancel=count_open_to(known.units, Kind.CANCELLATION),
        units_to_claim=count_open_to(known.units, *CLAIMS) if is_open else 0,
    )
