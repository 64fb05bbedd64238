"""What is told of a case, to whom, by the action that was taken (R-REV-7)."""

from collections.abc import Mapping
from dataclasses import dataclass

from ordersaga.domain.after_sales.case import Case, Kind
from ordersaga.domain.lifecycle.after_sales import CaseAction
from ordersaga.domain.notifications import Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A word for the buyer, and one for the merchant of the case. Each is told once in a case's life."""

    buyer: Notification | None = None
    merchant: Notification | None = None


def notice_of(case: Case, action: CaseAction) -> Notice:
    """What to tell once `action` was taken."""
    if action is CaseAction.OPEN_CASE:
        return _of_opening(case)
    return _NOTICES.get(action, Notice())


def _of_opening(case: Case) -> Notice:
    """Nobody is told of what they did themselves; a buyer whose goods run out learns that with the approval.

    What the system opens it approves at once: there is nothing to review.
    """
    if case.opened_by_role in ("merchant", "system"):
        return Notice()
    is_cancellation = case.kind is Kind.CANCELLATION
    return Notice(merchant=Notification.CANCELLATION_REQUESTED if is_cancellation else Notification.CLAIM_TO_REVIEW)


_UPHELD = Notice(buyer=Notification.CLAIM_UPHELD, merchant=Notification.CLAIM_RESOLVED)
_CLOSED = Notice(buyer=Notification.CLAIM_CLOSED)

_NOTICES: Mapping[CaseAction, Notice] = {
    CaseAction.APPROVE_REFUND: Notice(buyer=Notification.CLAIM_APPROVED),
    CaseAction.APPROVE_RETURN: Notice(buyer=Notification.SEND_GOODS_BACK),
    CaseAction.REJECT_CLAIM: Notice(buyer=Notification.CLAIM_REJECTED),
    CaseAction.ASK_TO_STOP: Notice(merchant=Notification.STOP_REQUESTED),
    CaseAction.STOP_PARCELS: Notice(buyer=Notification.CANCELLATION_APPROVED),
    CaseAction.REFUSE_TO_STOP: Notice(buyer=Notification.CANCELLATION_BECAME_RETURN),
    CaseAction.SHIP_BACK: Notice(merchant=Notification.GOODS_ON_THEIR_WAY_BACK),
    CaseAction.MISS_RETURN: _CLOSED,
    CaseAction.ACCEPT_FOR_REFUND: Notice(buyer=Notification.RETURNED_GOODS_ACCEPTED),
    CaseAction.ACCEPT_FOR_EXCHANGE: Notice(buyer=Notification.RETURNED_GOODS_ACCEPTED),
    CaseAction.REFUSE_GOODS: Notice(buyer=Notification.RETURNED_GOODS_REFUSED),
    CaseAction.WITHDRAW: Notice(merchant=Notification.CLAIM_WITHDRAWN),
    CaseAction.ESCALATE: Notice(merchant=Notification.CLAIM_ESCALATED),
    CaseAction.LET_REST: _CLOSED,
    CaseAction.RESOLVE_REFUND: _UPHELD,
    CaseAction.RESOLVE_RETURN: _UPHELD,
    CaseAction.RESOLVE_EXCHANGE: _UPHELD,
    CaseAction.RESOLVE_REJECTION: Notice(buyer=Notification.CLAIM_CLOSED, merchant=Notification.CLAIM_RESOLVED),
    CaseAction.RUN_SHORT: Notice(buyer=Notification.REPLACEMENT_OUT_OF_STOCK),
    CaseAction.MISS_CONSENT: _CLOSED,
    CaseAction.PLACE_REPLACEMENT: Notice(buyer=Notification.CLAIM_EXCHANGED),
    CaseAction.FINISH_CASE_REFUND: Notice(buyer=Notification.CLAIM_REFUNDED),
}
