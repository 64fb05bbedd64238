"""What downstream systems are told: one event per audit row, with the facts as they then stood (R-ORD-3).

Events carry no receiver and nothing that people wrote; whoever needs those asks the API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ordersaga.domain.audit.chain import AuditRow, Records
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.pricing.allocation import Kind

TYPES: Mapping[str, str] = {
    Action.SUBMIT: "order.placed",
    Action.HOLD_FOR_REVIEW: "order.held_for_review",
    Action.APPROVE_RISK: "order.approved",
    Action.REJECT_RISK: "order.refused_for_risk",
    Action.REACH_REVIEW_DEADLINE: "order.refused_for_risk",
    Action.PAY: "payment.opened",
    Action.FAIL_PAYMENT: "payment.failed",
    Action.FAIL_ATTEMPT: "payment.failed",
    Action.CLOSE_ATTEMPT: "payment.closed",
    Action.RECEIVE_UNEXPECTED_PAYMENT: "payment.unexpected",
    Action.CONFIRM_PAYMENT: "order.paid",
    Action.CONFIRM_DEPOSIT: "order.deposit_paid",
    Action.OPEN_BALANCE: "order.balance_due",
    Action.CONFIRM_BALANCE: "order.paid",
    Action.REACH_BALANCE_DEADLINE: "order.closing",
    Action.FORFEIT_DEPOSIT: "order.deposit_forfeited",
    Action.REFUND_DEPOSIT: "order.refunding",
    Action.FILL_GROUP: "order.group_filled",
    Action.EXPIRE_GROUP: "order.group_expired",
    Action.MISS_STOCK: "order.refunding",
    Action.FULFIL_DIGITALLY: "order.delivered",
    Action.REVEAL_CODE: "order.code_revealed",
    Action.RETURN_UNUSED: "order.refunding",
    Action.FINISH_REFUND: "order.refunded",
    Action.REACH_PAYMENT_DEADLINE: "order.closing",
    Action.CANCEL: "order.closing",
    Action.TIME_OUT: "order.timed_out",
    Action.CONFIRM_CANCELLATION: "order.cancelled",
    Action.CHANGE_RECEIVER: "order.receiver_changed",
    Action.SPLIT: "order.split",
    Action.SHIP_PARCEL: "order.partly_shipped",
    Action.SHIP_LAST_PARCEL: "order.shipped",
    Action.DELIVER_LAST_PARCEL: "order.delivered",
    Action.CONFIRM_RECEIPT: "order.received",
    Action.CONFIRM_RECEIPT_AUTOMATICALLY: "order.received",
    Action.REVIEW: "order.reviewed",
    Action.COMPLETE: "order.completed",
    Action.CHANGE_ORDER: "order.changed",
    Action.CHANGE_DELIVERY_NOTE: "order.delivery_note_changed",
    Action.LOSE_LAST_PARCEL: "order.refunding",
    Action.RETURN_EVERYTHING: "order.refunded",
    Action.REQUEST_REFUND: "refund.requested",
    Action.SEND_REFUND: "refund.sent",
    Action.COMPLETE_REFUND: "refund.succeeded",
    Action.FAIL_REFUND: "refund.failed",
    Action.RETRY_REFUND: "refund.requested",
    Action.SETTLE_REFUND: "refund.settled",
}

KNOWN_TYPES = frozenset(
    {
        *TYPES.values(),
        *(f"parcel.{state}" for state in ParcelState),
        *(f"after_sales.{state}" for state in CaseState),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A numbered event with its document. `position` grows without gaps over all orders, `sequence` within its own."""

    position: int
    type: str
    at: datetime
    order_no: str
    sequence: int
    data: Mapping[str, Any]

    @property
    def event_id(self) -> str:
        """What receivers tell repetitions by."""
        return f"evt_{self.position}"


_ORDER = (
    "order_type", "buyer", "currency", "goods", "discount", "points", "shipping", "shipping_discount", "payable",
    "due_now", "shipping_option", "campaign", "replaces", "placed_at",
)  # fmt: skip
_LINE = (
    "line_no", "sku", "name", "category", "merchant_id", "quantity", "gift", "unit_price", "amount", "points",
    "payable", "shipping", "replaces",
)  # fmt: skip
_DISCOUNT = ("source", "code", "name", "funded_by", "amount")
_PARCEL = (
    "parcel_no", "merchant_id", "warehouse_id", "transport_class", "weight_g", "volume_mm3", "replaces", "state",
)  # fmt: skip
_PARCEL_LINE = ("line_no", "sku", "quantity", "payable", "shipping")
_PAYMENT = (
    "payment_id", "instalment", "channel", "provider", "amount", "currency", "state", "provider_transaction_id",
    "paid_at",
)  # fmt: skip
_REFUND = ("refund_no", "case_no", "payment_id", "amount", "currency", "reason", "state")


_CASE = (
    "case_no", "kind", "reason", "fault", "state", "merchant_id", "warehouse_id", "due_at", "settlement",
    "replacement_order_no", "opened_at",
)  # fmt: skip
_CASE_LINE = ("line_no", "units", "accepted", "restock", "replacement_sku")


def event_type(row: AuditRow) -> str:
    """`order.paid`, `parcel.delivered` and so on. An action of one order type alone is told by its own name."""
    if row.case_no is not None:
        return f"after_sales.{row.to_state}"
    return f"parcel.{row.to_state}" if row.parcel_no is not None else TYPES.get(row.action, f"order.{row.action}")


def event_document(row: AuditRow, records: Records) -> dict[str, Any]:
    """The event's data. Amounts are minor units of the order's `currency`, states are system states.

    `order` is always there; `lines`, with what each offer took off them and who bears it, come with the placing and
    with a change of it; `parcels`, `payments`, `refunds` and an after-sales `case` with what concerns them.
    """
    document: dict[str, Any] = {
        "order_no": row.order_no,
        "sequence": row.sequence,
        "at": row.at.isoformat(),
        "action": row.action,
        "from_state": row.from_state,
        "to_state": row.to_state,
        "actor_role": row.actor_role,
        "order": _chosen(records["orders"][""], _ORDER),
    }
    if row.action in (Action.SUBMIT, Action.CHANGE_ORDER):
        document["lines"] = [_line(line) for line in records["order_lines"].values()]
    if row.parcel_no is not None or row.action == Action.SPLIT:
        wanted = [row.parcel_no] if row.parcel_no is not None else list(records["parcels"])
        document["parcels"] = [_parcel(records, parcel_no) for parcel_no in wanted]
    if row.case_no is not None:
        document["case"] = _case(records, row.case_no)
    for table, columns in (("payments", _PAYMENT), ("refunds", _REFUND)):
        changed = row.changes.get(table, {})
        if changed:
            document[table] = [_chosen(found, columns) for key, found in records[table].items() if key in changed]
    return document


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_chosen(line, _LINE),
        "discounts": _discounts(line, Kind.DISCOUNT),
        "shipping_discounts": _discounts(line, Kind.SHIPPING_DISCOUNT),
    }


def _discounts(line: Mapping[str, Any], kind: Kind) -> list[dict[str, Any]]:
    return [_chosen(item, _DISCOUNT) for item in line["allocations"] if item["kind"] == kind]


def _parcel(records: Records, parcel_no: str) -> dict[str, Any]:
    lines = [line for line in records["parcel_lines"].values() if line["parcel_no"] == parcel_no]
    return {**_chosen(records["parcels"][parcel_no], _PARCEL), "lines": [_chosen(line, _PARCEL_LINE) for line in lines]}


def _case(records: Records, case_no: str) -> dict[str, Any]:
    lines = [line for line in records["after_sales_lines"].values() if line["case_no"] == case_no]
    case = _chosen(records["after_sales_cases"][case_no], _CASE)
    return {**case, "lines": [_chosen(line, _CASE_LINE) for line in lines]}


def _chosen(row: Mapping[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    return {column: row[column] for column in columns}
