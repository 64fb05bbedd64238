"""What crosses Temporal: workflow inputs and outcomes, names and ids. Never personal data, only order numbers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ordersaga.domain.lifecycle.actions import Action

TASK_QUEUE = "orders"

PLACE = "place"
CANCEL = "cancel"
CHANGE = "change"
CONFIRM_RECEIPT = "confirm_receipt"
PAYMENT_REPORTED = "payment_reported"
PARCEL_REPORTED = "parcel_reported"
PARCEL_SHIPPED = "parcel_shipped"
PARCEL_ENDED = "parcel_ended"
RESOLVE_PARCEL = "resolve"
DECIDE_RISK = "decide_risk"
RETURN_UNUSED = "return_unused"
REFUND_FINISHED = "refund_finished"
REFUND_DUE = "refund_due"
REFUND_REPORTED = "refund_reported"
RETRY_REFUND = "retry"
SETTLE_REFUND = "settle"
RISK_ACTIONS = {"approve": Action.APPROVE_RISK, "reject": Action.REJECT_RISK}
FULFILMENT_WORKFLOW = "Fulfilment"
REFUND_WORKFLOW = "Refund"
CASE_CHANGED = "case_changed"
CASES_CHANGED = "cases_changed"
ACT = "act"
BEGUN = "begun"
DECIDE = "decide"
DECIDED = "decided"
AFTER_SALES_WORKFLOW = "AfterSales"
GROUP_CHANGED = "group_changed"
GROUP_DECIDED = "group_decided"
GROUP_WORKFLOW = "Group"
RECONCILIATION_WORKFLOW = "Reconciliation"


def order_workflow_id(order_no: str) -> str:
    return f"order/{order_no}"


def parcel_workflow_id(parcel_no: str) -> str:
    return f"parcel/{parcel_no}"


def refund_workflow_id(subject: str) -> str:
    """`subject` is a payment that goes back as a whole, or a refund of a part (`Refund.run`)."""
    return f"refund/{subject}"


def case_workflow_id(case_no: str) -> str:
    return f"after-sales/{case_no}"


def group_workflow_id(group_code: str) -> str:
    return f"group/{group_code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStart:
    """The input of every order type's workflow. The versions pin the run to the rules that it began with.

    The other fields say which steps the order needs: its price rests on coupons, points, budgets or quotas; purchase
    limits count it; units are held for it at once, or taken when it is paid; an operator has to allow it first.

    `revision` is what the run may do otherwise than runs that began before. From 2 on, parcels' runs are none of its
    children: the first report of a parcel begins it, and at its end it says so. Operators find the run by the state in
    which it waits; it does not say through which states it got there.
    """

    order_no: str
    order_type: str
    table_version: int
    policy_version: int
    placing_seconds: float
    holds_offers: bool = False
    holds_limits: bool = False
    holds_stock: bool = True
    deducts_at_payment: bool = False
    under_review: bool = False
    revision: int = 1


REVISION = 3
"""Of runs that begin now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfilmentStart:
    """The input of a parcel's run. A `resumed` one looks first how far the parcel has come.

    From `revision` 3 on the run tells its order's by a step of its own, and does not wait for Temporal to say so.
    """

    order_no: str
    parcel_no: str
    order_workflow_id: str
    resumed: bool = False
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundStart:
    """The input of the run that pays money back: a whole payment, or the refund `payment_id` names (`rf_…`)."""

    payment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStart:
    """The input of an after-sales case's run."""

    case_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStart:
    """The input of the run that keeps a group's time."""

    group_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationStart:
    """The input of a look at all books. `since` is how far back providers' statements are read, if not as usual."""

    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationOutcome:
    """How many differences were found, by kind, and which checks could not be done."""

    found: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How placing ended: placed, or refused with an error's `code`, `message` and `details`."""

    placed: bool
    code: str = ""
    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActedBy:
    """Who asked for an action, and through which channel (`api`, `temporal_ui`).

    What buyers write may be personal: it lies in the database, and `note` is its number there. `reason` is for codes
    and for what operators write.
    """

    role: str
    subject: str
    channel: str = "api"
    reason: str = ""
    note: int | None = None


BY_THE_RUN = ActedBy(role="system", subject="workflow", channel="workflow")


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskDecision:
    """An operator's word on an order that risk control holds: `approve` or `reject`."""

    decision: str
    by: ActedBy

    @property
    def action(self) -> Action | None:
        return RISK_ACTIONS.get(self.decision)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedChange:
    """A change of an unpaid order that its buyer accepted; what it is lies in the database under `proposal_id`."""

    proposal_id: str
    by: ActedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class StateReached:
    """The answer of an action: the system state in which the order is now."""

    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelEnd:
    """How a parcel's run ended, for the order's run."""

    parcel_no: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelResolution:
    """What is to become of a parcel that was lost or refused: `reship` or `refund`."""

    decision: str
    by: ActedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCommand:
    """What somebody says of a case: a `Command` with what belongs to it, such as what an inspection accepted."""

    command: str
    by: ActedBy
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDecision:
    """A reviewer's word on a case: `approve` or `reject`."""

    decision: str
    by: ActedBy
