"""What belongs to an order's audit, and which action may change which field: one literal table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.after_sales import CaseAction
from ordersaga.domain.lifecycle.parcel import ParcelState


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How a table belongs to an order's audit.

    `key` tells its rows apart. `added_by` are the actions with which rows come; `changes` says which fields may change
    later and with which actions (`None`: with any). All others never change. `removed_by` are the actions with which
    rows go. `left_out` are fields without meaning.
    A table that does not name the order is joined to it `through` another. Rows that are many and change seldom are
    `looked_at_when_changing`: their fields are digested again only with the actions that change them.
    """

    key: tuple[str, ...] = ()
    through: str | None = None
    added_by: frozenset[str]
    changes: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    removed_by: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    looked_at_when_changing: bool = False

    def may_have_changed(self, column: str, action: str) -> bool:
        """Whether a field that was sealed before is looked at again with this action."""
        if column not in self.changes:
            return False
        lawful = self.changes[column]
        return lawful is None or action in lawful or not self.looked_at_when_changing


_PAYMENT_ACTIONS: frozenset[str] = frozenset(
    {
        Action.CONFIRM_PAYMENT,
        Action.CONFIRM_DEPOSIT,
        Action.CONFIRM_BALANCE,
        Action.FAIL_PAYMENT,
        Action.FAIL_ATTEMPT,
        Action.CLOSE_ATTEMPT,
        Action.RECEIVE_UNEXPECTED_PAYMENT,
    }
)
_REFUND_ACTIONS: frozenset[str] = frozenset(
    {Action.SEND_REFUND, Action.COMPLETE_REFUND, Action.FAIL_REFUND, Action.RETRY_REFUND, Action.SETTLE_REFUND}
)
_PARCEL_ACTIONS: frozenset[str] = frozenset(ParcelState)
_CASE_ACTIONS: frozenset[str] = frozenset(CaseAction) - {CaseAction.OPEN_CASE}
_TOTALS = ("goods", "discount", "points", "shipping", "shipping_discount", "tax", "payable", "due_now")
# What the catalogue says of the goods comes anew with the price.
_LINE_FIELDS = (
    "name", "attributes", "category", "merchant_id", "quantity", "unit_price", "amount", "allocations", "points",
    "payable", "shipping", "weight_g", "volume_mm3", "transport_class",
)  # fmt: skip

AUDITED: Mapping[str, Coverage] = {
    "orders": Coverage(
        added_by=frozenset({Action.SUBMIT}),
        changes={
            "state": None,
            "updated_at": None,
            "receiver": frozenset({Action.CHANGE_RECEIVER}),
            "delivery_note": frozenset({Action.CHANGE_DELIVERY_NOTE}),
            "after_sales_until": frozenset({Action.CONFIRM_RECEIPT, Action.CONFIRM_RECEIPT_AUTOMATICALLY}),
            **dict.fromkeys(("shipping_option", *_TOTALS), frozenset({Action.CHANGE_ORDER})),
            "payment_due_at": frozenset({Action.APPROVE_RISK, Action.CONFIRM_DEPOSIT, Action.OPEN_BALANCE}),
        },
    ),
    "order_lines": Coverage(
        key=("line_no",),
        added_by=frozenset({Action.SUBMIT, Action.CHANGE_ORDER}),
        changes=dict.fromkeys(_LINE_FIELDS, frozenset({Action.CHANGE_ORDER})),
        removed_by=frozenset({Action.CHANGE_ORDER}),
        looked_at_when_changing=True,
    ),
    "payments": Coverage(
        key=("payment_id",),
        added_by=frozenset({Action.PAY}),
        changes={
            **dict.fromkeys(
                ("state", "provider_transaction_id", "received_amount", "received_currency", "paid_at", "failure"),
                _PAYMENT_ACTIONS,
            ),
            "refunded": frozenset({Action.REQUEST_REFUND}),
        },
        left_out=frozenset({"cashier_url", "next_inquiry_at", "inquiries"}),
    ),
    "parcels": Coverage(
        key=("parcel_no",),
        added_by=frozenset({Action.SPLIT, ParcelState.CREATED}),
        changes=dict.fromkeys(("state", "updated_at"), _PARCEL_ACTIONS),
    ),
    "parcel_lines": Coverage(
        key=("parcel_no", "line_no"), through="parcels", added_by=frozenset({Action.SPLIT, ParcelState.CREATED})
    ),
    "after_sales_cases": Coverage(
        key=("case_no",),
        added_by=frozenset({CaseAction.OPEN_CASE}),
        changes={
            **dict.fromkeys(("state", "due_at", "updated_at"), _CASE_ACTIONS),
            **dict.fromkeys(("return_shipment", "settlement", "warehouse_id", "replacement_order_no"), _CASE_ACTIONS),
            "kind": frozenset({CaseAction.REFUSE_TO_STOP, CaseAction.CONSENT_TO_RETURN, CaseAction.CONSENT_TO_REFUND}),
        },
        left_out=frozenset({"command"}),
    ),
    "after_sales_lines": Coverage(
        key=("case_no", "line_no"),
        through="after_sales_cases",
        added_by=frozenset({CaseAction.OPEN_CASE}),
        changes=dict.fromkeys(("accepted", "restock"), _CASE_ACTIONS),
    ),
    "attachments": Coverage(
        key=("case_no", "attachment_id"),
        through="after_sales_cases",
        added_by=frozenset({CaseAction.OPEN_CASE}),
    ),
    "order_changes": Coverage(
        key=("sequence",),
        added_by=frozenset({Action.CHANGE_ORDER, Action.CHANGE_RECEIVER, Action.CHANGE_DELIVERY_NOTE}),
    ),
    "refunds": Coverage(
        key=("refund_no",),
        added_by=frozenset({Action.REQUEST_REFUND}),
        changes={
            **dict.fromkeys(("state", "provider_refund_id", "failure", "updated_at"), _REFUND_ACTIONS),
            "tries": frozenset({Action.RETRY_REFUND}),
        },
    ),
    "reviews": Coverage(key=("line_no",), added_by=frozenset({Action.REVIEW})),
}
