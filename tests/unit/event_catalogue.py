"""Writes `docs/event-types.md`: every type of event, what it means, and a document as the code makes it.

python -m tests.unit.event_catalogue
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ordersaga.domain.audit.chain import AuditRow, Changes, Records
from ordersaga.domain.events import TYPES, event_document, event_type
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.parcel import EVENTS, ParcelState
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.domain.lifecycle.table import Actor

PAGE = Path(__file__).parents[2] / "docs" / "event-types.md"
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ORDER_NO, PAYMENT_ID = "261122-7K3M9QXF2T8B", "pay_07535591cfc1b1510e6d359e"
PARCEL_NO, REFUND_NO = f"{ORDER_NO}-1", "ref_5f0c1d2e3a4b5c6d7e8f9a0b"

MEANING = {
    "order.placed": "An order was placed; its stock is held. `lines` are what was bought or given, and for what price.",
    "order.held_for_review": "Risk control holds the order until an operator has decided; what it holds is kept.",
    "order.approved": "An operator let the order go on; the time to pay begins.",
    "order.refused_for_risk": "An operator refused the order, or nobody decided in time; everything was given back.",
    "order.deposit_paid": "The deposit of a presale is paid.",
    "order.balance_due": "The balance of a presale may be paid from now on.",
    "order.deposit_forfeited": "The balance was not paid, or the buyer stepped back; by the terms the deposit is kept.",
    "order.group_filled": "The group is full and paid; its orders go on.",
    "order.group_expired": "The group did not fill in time.",
    "order.refunding": "The order comes to nothing after it was paid; its money is on its way back.",
    "order.refunded": "All money of the order is back with its buyer.",
    "order.code_revealed": "The buyer looked at a code: it counts as used. The event does not carry it.",
    "payment.opened": "The buyer began to pay.",
    "payment.failed": "An attempt to pay failed; the buyer may try again.",
    "payment.closed": "An attempt to pay was closed without money.",
    "payment.unexpected": "Money came that the order does not take: too late, twice, or a wrong amount. It goes back.",
    "order.paid": "The order is paid. A group buy still waits for its group: it goes on with `order.group_filled`.",
    "order.closing": "The deadline passed, or somebody cancelled: open attempts are being closed.",
    "order.timed_out": "The order was not paid in time; everything was given back.",
    "order.cancelled": "The order was cancelled before payment; everything was given back.",
    "order.receiver_changed": "Name, phone or address changed. The event does not carry them: ask the API.",
    "order.split": "The order was split into parcels, of one merchant and one warehouse each.",
    "order.partly_shipped": "Some of the parcels were handed over.",
    "order.shipped": "All parcels were handed over.",
    "order.delivered": "All parcels were delivered.",
    "order.received": "The buyer confirmed receipt, or time did.",
    "order.reviewed": "The buyer reviewed goods. The event does not carry the text.",
    "order.completed": "The time for after-sales is over: nothing more is expected.",
    "refund.requested": "Money is to go back to the buyer.",
    "refund.sent": "The provider has taken the refund.",
    "refund.succeeded": "The buyer has the money.",
    "refund.failed": "The provider refused the refund; somebody has to decide.",
    "refund.settled": "An operator paid the buyer in another way, or decided that it is done.",
    "parcel.created": "Never sent on its own: parcels are made with `order.split`.",
    "parcel.label_printed": "The label was printed; from now on the address stays.",
    "parcel.picked": "The goods were taken from the shelf.",
    "parcel.packed": "The goods were packed.",
    "parcel.handed_over": "The carrier has the parcel; its goods have left the stock.",
    "parcel.in_transit": "The parcel is on its way.",
    "parcel.delivered": "The parcel was delivered.",
    "parcel.lost": "The carrier lost the parcel.",
    "parcel.refused": "The receiver refused the parcel.",
}

_ORDER = {
    "order_type": "standard",
    "buyer": "alice",
    "currency": "TWD",
    "goods": 20_000,
    "discount": 2_000,
    "points": 500,
    "shipping": 3_000,
    "shipping_discount": 3_000,
    "payable": 20_500,
    "due_now": 20_500,
    "shipping_option": "standard",
    "campaign": None,
    "placed_at": AT.isoformat(),
}
_WEEK = {"source": "promotion", "code": "TEA-WEEK", "name": "Tea week", "version": 1, "funded_by": "merchant"}
_HALF = {"source": "member_benefit", "code": "HALF-DELIVERY", "name": "", "version": 1, "funded_by": "platform"}
_POINTS = {"source": "points", "code": "points", "name": "", "version": 1, "funded_by": "platform"}
_LINE = {
    "line_no": 1,
    "sku": "TEA-OOLONG-150",
    "name": "Oolong tea, 150 g",
    "category": "tea/oolong",
    "merchant_id": "teahouse",
    "quantity": 2,
    "gift": False,
    "unit_price": 10_000,
    "amount": 20_000,
    "points": 500,
    "payable": 17_500,
    "shipping": 3_000,
    "allocations": [
        {"kind": "discount", **_WEEK, "amount": 2_000, "units": [[2, 1_000]]},
        {"kind": "points", **_POINTS, "amount": 500, "units": [[2, 250]]},
        {"kind": "shipping_discount", **_HALF, "amount": 3_000, "units": [[2, 1_500]]},
    ],
}
_PAYMENT_STATES = {
    Action.PAY: "open",
    Action.FAIL_PAYMENT: "failed",
    Action.FAIL_ATTEMPT: "failed",
    Action.CLOSE_ATTEMPT: "closed",
    Action.RECEIVE_UNEXPECTED_PAYMENT: "unexpected",
    Action.CONFIRM_PAYMENT: "succeeded",
}
_REFUND_STATES = {
    Action.REQUEST_REFUND: "requested",
    Action.SEND_REFUND: "sent",
    Action.COMPLETE_REFUND: "succeeded",
    Action.FAIL_REFUND: "failed",
    Action.RETRY_REFUND: "requested",
    Action.SETTLE_REFUND: "settled",
}


def document_of(action: str, parcel: ParcelState | None = None) -> tuple[str, dict[str, Any]]:
    """The type and the document of an event, made by the code that makes them all."""
    changes: Changes = {}
    if action in _PAYMENT_STATES:
        changes["payments"] = {PAYMENT_ID: {"state": ""}}
    if action in _REFUND_STATES:
        changes["refunds"] = {REFUND_NO: {"state": ""}}
    before, after, actor = ("created", parcel, Actor.WAREHOUSE) if parcel else _states(action)
    row = AuditRow(
        order_no=ORDER_NO,
        sequence=1 if action == Action.SUBMIT else 5,
        parcel_no=PARCEL_NO if parcel else None,
        step=None,
        at=AT,
        actor_role=actor,
        actor="",
        channel="api",
        action=action,
        from_state=before,
        to_state=after,
        reason="",
        changes=changes,
        key_id="",
        mac="",
    )
    return event_type(row), event_document(row, _records(action, parcel or ParcelState.CREATED))


def page() -> str:
    """The whole page."""
    made = [document_of(action) for action in TYPES] + [document_of(state, state) for state in EVENTS]
    examples: dict[str, dict[str, Any]] = {}
    for kind, document in made:
        examples.setdefault(kind, document)
    parts = [
        "# Types of events\n\nWritten by `python -m tests.unit.event_catalogue`; a test compares it with the code. "
        "What all events share, and how to receive them, stands in [events.md](events.md).\n"
    ]
    for kind in (*dict.fromkeys(TYPES.values()), *(f"parcel.{state}" for state in EVENTS)):
        shown = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in examples[kind].items())
        parts.append(f"## {kind}\n{MEANING[kind]}\n\n```json\n{{\n{shown}\n}}\n```\n")
    return "\n".join(parts)


def _states(action: str) -> tuple[str | None, str, Actor]:
    machines = [kind.machine for kind in ORDER_TYPES.values()]
    if action == Action.SUBMIT:
        return None, machines[0].initial, Actor.BUYER
    for row in (row for machine in machines for row in machine.rows):
        if row.action == action:
            return row.current, row.next, min(row.by, key=list(Actor).index)
    return "paid", "paid", Actor.SYSTEM


def _records(action: str, parcel: ParcelState) -> Records:
    payment = {
        "payment_id": PAYMENT_ID,
        "instalment": "full",
        "channel": "card",
        "provider": "sandbox",
        "amount": 20_500,
        "currency": "TWD",
        "state": next((state for name, state in _PAYMENT_STATES.items() if name == action), "succeeded"),
        "provider_transaction_id": None,
        "paid_at": None,
    }
    if payment["state"] in ("succeeded", "unexpected"):
        payment |= {"provider_transaction_id": "sbx_4fbbac6725aa48e1", "paid_at": AT.isoformat()}
    refund = {
        "refund_no": REFUND_NO,
        "payment_id": PAYMENT_ID,
        "amount": 20_500,
        "currency": "TWD",
        "reason": "unexpected_payment",
        "state": next((state for name, state in _REFUND_STATES.items() if name == action), "requested"),
    }
    box = {
        "parcel_no": PARCEL_NO,
        "merchant_id": "teahouse",
        "warehouse_id": "tpe-1",
        "transport_class": "ordinary",
        "weight_g": 1_000,
        "volume_mm3": 2_000_000,
        "state": parcel,
    }
    inside = {**_LINE, "parcel_no": PARCEL_NO}
    return {
        "orders": {"": _ORDER},
        "order_lines": {"1": _LINE},
        "parcels": {PARCEL_NO: box},
        "parcel_lines": {f"{PARCEL_NO}/1": inside},
        "payments": {PAYMENT_ID: payment},
        "refunds": {REFUND_NO: refund},
    }


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
