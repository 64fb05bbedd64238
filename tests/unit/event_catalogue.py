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
from ordersaga.domain.lifecycle.after_sales import MACHINE as AFTER_SALES
from ordersaga.domain.lifecycle.after_sales import CaseAction, CaseState
from ordersaga.domain.lifecycle.parcel import EVENTS, ParcelState
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.domain.lifecycle.table import Actor

PAGE = Path(__file__).parents[2] / "docs" / "event-types.md"
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ORDER_NO, PAYMENT_ID = "261122-7K3M9QXF2T8B", "pay_07535591cfc1b1510e6d359e"
PARCEL_NO, REFUND_NO, CASE_NO = f"{ORDER_NO}-1", "ref_5f0c1d2e3a4b5c6d7e8f9a0b", f"{ORDER_NO}-A1"
PARCELS = (*EVENTS, ParcelState.CREATED, ParcelState.CANCELLED, ParcelState.WRITTEN_OFF)

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
    "order.changed": "The buyer took less, or another delivery, before paying. `lines` are what is bought now.",
    "order.delivery_note_changed": "The note for the delivery changed. The event does not carry it: ask the API.",
    "order.completed": "The time for after-sales is over: nothing more is expected.",
    "refund.requested": "Money is to go back to the buyer.",
    "refund.sent": "The provider has taken the refund.",
    "refund.succeeded": "The buyer has the money.",
    "refund.failed": "The provider refused the refund; somebody has to decide.",
    "refund.settled": "An operator paid the buyer in another way, or decided that it is done.",
    "parcel.created": "A parcel was made in place of another: of what was not stopped, or of what is sent again.",
    "parcel.label_printed": "The label was printed; from now on the address stays.",
    "parcel.picked": "The goods were taken from the shelf.",
    "parcel.packed": "The goods were packed.",
    "parcel.handed_over": "The carrier has the parcel; its goods have left the stock.",
    "parcel.in_transit": "The parcel is on its way.",
    "parcel.delivered": "The parcel was delivered.",
    "parcel.lost": "The carrier lost the parcel.",
    "parcel.refused": "The receiver refused the parcel.",
    "parcel.cancelled": "The parcel was stopped before it left: do not hand it over.",
    "parcel.written_off": "The lost or refused parcel is dealt with: sent again in another, or paid back.",
    "after_sales.requested": "A case was opened: the buyer claims `units` of `lines`, or somebody cancels them.",
    "after_sales.stopping": "A warehouse is asked to keep back what it has picked.",
    "after_sales.awaiting_return": "The buyer is to send the goods back until `due_at`.",
    "after_sales.returning": "The goods are on their way back.",
    "after_sales.inspecting": "The goods have arrived and are inspected.",
    "after_sales.rejected": "The claim was refused; the buyer may escalate it until `due_at`.",
    "after_sales.escalated": "An operator has to decide.",
    "after_sales.awaiting_consent": "The replacement is out of stock: the buyer may take the money instead.",
    "after_sales.refunding": "It is decided what is given back: `settlement` says what and why; the refunds follow.",
    "after_sales.replacing": "The goods are back; the replacement's order is being placed.",
    "after_sales.refunded": "All that the case gives back is with the buyer.",
    "after_sales.exchanged": "The replacement's order is placed: `replacement_order_no`.",
    "after_sales.withdrawn": "The buyer gave the claim up, or let its time pass; its units may be claimed again.",
    "after_sales.closed": "The claim was refused for good.",
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
    "replaces": None,
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
    "replaces": None,
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


def document_of(
    action: str, parcel: ParcelState | None = None, case: CaseState | None = None
) -> tuple[str, dict[str, Any]]:
    """The type and the document of an event, made by the code that makes them all."""
    changes: Changes = {}
    if action in _PAYMENT_STATES:
        changes["payments"] = {PAYMENT_ID: {"state": ""}}
    if action in _REFUND_STATES:
        changes["refunds"] = {REFUND_NO: {"state": ""}}
    before, after, actor = ("created", parcel, Actor.WAREHOUSE) if parcel else _states(action, case)
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
        case_no=CASE_NO if case else None,
    )
    return event_type(row), event_document(
        row, _records(action, parcel or ParcelState.CREATED, case or CaseState.REQUESTED)
    )


def page() -> str:
    """The whole page."""
    made = [document_of(action) for action in TYPES] + [document_of(state, state) for state in PARCELS]
    made += [document_of(_action_to(state), case=state) for state in CaseState]
    examples: dict[str, dict[str, Any]] = {}
    for kind, document in made:
        examples.setdefault(kind, document)
    parts = [
        "# Types of events\n\nWritten by `python -m tests.unit.event_catalogue`; a test compares it with the code. "
        "What all events share, and how to receive them, stands in [events.md](events.md).\n"
    ]
    kinds = (*dict.fromkeys(TYPES.values()), *(f"parcel.{state}" for state in PARCELS))
    for kind in (*kinds, *(f"after_sales.{state}" for state in CaseState)):
        shown = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in examples[kind].items())
        parts.append(f"## {kind}\n{MEANING[kind]}\n\n```json\n{{\n{shown}\n}}\n```\n")
    return "\n".join(parts)


def _action_to(state: CaseState) -> str:
    """How a case comes to be in a state."""
    return next((row.action for row in AFTER_SALES.rows if row.next == state), CaseAction.OPEN_CASE)


def _states(action: str, case: CaseState | None = None) -> tuple[str | None, str, Actor]:
    if case is not None:
        row = next((row for row in AFTER_SALES.rows if row.next == case), None)
        return (row.current, case, min(row.by, key=list(Actor).index)) if row else (None, case, Actor.BUYER)
    machines = [kind.machine for kind in ORDER_TYPES.values()]
    if action == Action.SUBMIT:
        return None, machines[0].initial, Actor.BUYER
    for row in (row for machine in machines for row in machine.rows):
        if row.action == action:
            return row.current, row.next, min(row.by, key=list(Actor).index)
    return "paid", "paid", Actor.SYSTEM


def _records(action: str, parcel: ParcelState, state: CaseState) -> Records:
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
        "case_no": None,
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
        "replaces": None,
        "state": parcel,
    }
    inside = {**_LINE, "parcel_no": PARCEL_NO}
    case = {
        "case_no": CASE_NO,
        "kind": "exchange" if state in (CaseState.REPLACING, CaseState.EXCHANGED) else "return",
        "reason": "defective",
        "fault": "seller",
        "state": state,
        "merchant_id": "teahouse",
        "warehouse_id": "tpe-1",
        "due_at": None,
        "settlement": None,
        "replacement_order_no": None,
        "opened_at": AT.isoformat(),
    }
    claimed = {
        "case_no": CASE_NO, "line_no": 1, "units": [1], "accepted": None, "restock": None, "replacement_sku": None
    }  # fmt: skip
    return {
        "orders": {"": _ORDER},
        "order_lines": {"1": _LINE},
        "parcels": {PARCEL_NO: box},
        "parcel_lines": {f"{PARCEL_NO}/1": inside},
        "payments": {PAYMENT_ID: payment},
        "refunds": {REFUND_NO: refund},
        "after_sales_cases": {CASE_NO: case},
        "after_sales_lines": {f"{CASE_NO}/1": claimed},
    }


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
