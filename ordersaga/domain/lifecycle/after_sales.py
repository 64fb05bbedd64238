"""The states of after-sales cases (R-REV-3 … R-REV-7): one literal table for every kind of case."""

from collections.abc import Mapping
from enum import StrEnum

from ordersaga.domain.lifecycle.table import Actor, Machine, Statuses, Word, rows


class CaseState(StrEnum):
    """`STOPPING`: a warehouse is asked to keep back what it has picked. `CLOSED`: refused for good."""

    REQUESTED = "requested"
    STOPPING = "stopping"
    AWAITING_RETURN = "awaiting_return"
    RETURNING = "returning"
    INSPECTING = "inspecting"
    REJECTED = "rejected"
    ESCALATED = "escalated"
    AWAITING_CONSENT = "awaiting_consent"
    REFUNDING = "refunding"
    REPLACING = "replacing"
    REFUNDED = "refunded"
    EXCHANGED = "exchanged"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class CaseAction(StrEnum):
    """`OPEN_CASE` is how a case begins; every other one is a row of the table.

    `PROLONG_RETURN`: what is to be sent back is not with the buyer yet.
    """

    OPEN_CASE = "open_case"
    APPROVE_REFUND = "approve_refund"
    APPROVE_RETURN = "approve_return"
    REJECT_CLAIM = "reject_claim"
    ASK_TO_STOP = "ask_to_stop"
    STOP_PARCELS = "stop_parcels"
    REFUSE_TO_STOP = "refuse_to_stop"
    SHIP_BACK = "ship_back"
    MISS_RETURN = "miss_return"
    PROLONG_RETURN = "prolong_return"
    RECEIVE_GOODS = "receive_goods"
    ACCEPT_FOR_REFUND = "accept_for_refund"
    ACCEPT_FOR_EXCHANGE = "accept_for_exchange"
    REFUSE_GOODS = "refuse_goods"
    WITHDRAW = "withdraw"
    ESCALATE = "escalate"
    LET_REST = "let_rest"
    RESOLVE_REFUND = "resolve_refund"
    RESOLVE_RETURN = "resolve_return"
    RESOLVE_EXCHANGE = "resolve_exchange"
    RESOLVE_REJECTION = "resolve_rejection"
    RUN_SHORT = "run_short"
    CONSENT_TO_RETURN = "consent_to_return"
    CONSENT_TO_REFUND = "consent_to_refund"
    MISS_CONSENT = "miss_consent"
    PLACE_REPLACEMENT = "place_replacement"
    FINISH_CASE_REFUND = "finish_case_refund"


_WITH_BUYER = (CaseState.AWAITING_RETURN, CaseState.REJECTED, CaseState.AWAITING_CONSENT)
_GOODS_BACK = (CaseState.RETURNING, CaseState.INSPECTING)
_REVIEWERS = (Actor.MERCHANT, Actor.OPERATOR)
_HANDLERS = (Actor.WAREHOUSE, Actor.MERCHANT)


def _statuses(state: CaseState, buyer: tuple[str, str], merchant: tuple[str, str] | None = None) -> Statuses:
    """What the buyer reads, and what the others do where that is not the same."""
    others = Word(state.value, *(merchant or buyer))
    return Statuses(Word(state.value, *buyer), others, others)


INITIAL = CaseState.REQUESTED

_STATUSES: Mapping[str, Statuses] = {
    CaseState.REQUESTED: _statuses(CaseState.REQUESTED, ("Awaiting review", "待賣家審核"), ("To review", "待審核")),
    CaseState.STOPPING: _statuses(CaseState.STOPPING, ("Asking the warehouse to stop", "攔截出貨中")),
    CaseState.AWAITING_RETURN: _statuses(
        CaseState.AWAITING_RETURN, ("Send it back", "請寄回商品"), ("Awaiting the goods", "待買家寄回")
    ),
    CaseState.RETURNING: _statuses(CaseState.RETURNING, ("On its way back", "退貨運送中")),
    CaseState.INSPECTING: _statuses(CaseState.INSPECTING, ("Being inspected", "驗收中"), ("To inspect", "待驗收")),
    CaseState.REJECTED: _statuses(CaseState.REJECTED, ("Refused by the seller", "賣家已拒絕")),
    CaseState.ESCALATED: _statuses(
        CaseState.ESCALATED, ("With the platform", "平台介入中"), ("Escalated", "平台介入中")
    ),
    CaseState.AWAITING_CONSENT: _statuses(
        CaseState.AWAITING_CONSENT,
        ("Out of stock: refund instead?", "缺貨，是否改為退款"),
        ("Awaiting the buyer", "待買家同意"),
    ),
    CaseState.REFUNDING: _statuses(CaseState.REFUNDING, ("Refunding", "退款中")),
    CaseState.REPLACING: _statuses(CaseState.REPLACING, ("Replacing", "換貨處理中")),
    CaseState.REFUNDED: _statuses(CaseState.REFUNDED, ("Refunded", "已退款")),
    CaseState.EXCHANGED: _statuses(CaseState.EXCHANGED, ("Exchanged", "已換貨")),
    CaseState.WITHDRAWN: _statuses(CaseState.WITHDRAWN, ("Withdrawn", "已撤銷")),
    CaseState.CLOSED: _statuses(CaseState.CLOSED, ("Closed", "已關閉")),
}

# Refunds and cancellations end in money, returns too once the goods are accepted, exchanges in a replacement. Which
# of an action's variants is meant follows from the case's kind: see `domain/after_sales/commands.py`.
MACHINE = Machine(
    name="after_sales",
    version=1,
    initial=INITIAL,
    final=frozenset({CaseState.REFUNDED, CaseState.EXCHANGED, CaseState.WITHDRAWN, CaseState.CLOSED}),
    rows=(
        *rows(CaseState.REQUESTED, CaseAction.APPROVE_REFUND, CaseState.REFUNDING, *_REVIEWERS, Actor.SYSTEM),
        *rows(CaseState.REQUESTED, CaseAction.APPROVE_RETURN, CaseState.AWAITING_RETURN, *_REVIEWERS, Actor.SYSTEM),
        *rows(CaseState.REQUESTED, CaseAction.REJECT_CLAIM, CaseState.REJECTED, *_REVIEWERS),
        *rows(CaseState.REQUESTED, CaseAction.RUN_SHORT, CaseState.AWAITING_CONSENT, *_REVIEWERS, Actor.SYSTEM),
        *rows(CaseState.REQUESTED, CaseAction.STOP_PARCELS, CaseState.REFUNDING, Actor.SYSTEM),
        *rows(CaseState.REQUESTED, CaseAction.ASK_TO_STOP, CaseState.STOPPING, Actor.SYSTEM),
        *rows(CaseState.STOPPING, CaseAction.STOP_PARCELS, CaseState.REFUNDING, *_HANDLERS),
        *rows(CaseState.REQUESTED, CaseAction.REFUSE_TO_STOP, CaseState.AWAITING_RETURN, Actor.SYSTEM),
        *rows(CaseState.STOPPING, CaseAction.REFUSE_TO_STOP, CaseState.AWAITING_RETURN, *_HANDLERS, Actor.SYSTEM),
        *rows(CaseState.AWAITING_RETURN, CaseAction.SHIP_BACK, CaseState.RETURNING, Actor.BUYER),
        *rows(CaseState.AWAITING_RETURN, CaseAction.MISS_RETURN, CaseState.WITHDRAWN, Actor.SYSTEM),
        *rows(CaseState.AWAITING_RETURN, CaseAction.PROLONG_RETURN, None, Actor.SYSTEM),
        *rows(
            (CaseState.AWAITING_RETURN, CaseState.RETURNING),
            CaseAction.RECEIVE_GOODS,
            CaseState.INSPECTING,
            *_HANDLERS,
        ),
        *rows(_GOODS_BACK, CaseAction.ACCEPT_FOR_REFUND, CaseState.REFUNDING, *_HANDLERS),
        *rows(_GOODS_BACK, CaseAction.ACCEPT_FOR_EXCHANGE, CaseState.REPLACING, *_HANDLERS),
        *rows(_GOODS_BACK, CaseAction.REFUSE_GOODS, CaseState.REJECTED, *_HANDLERS),
        *rows((CaseState.REQUESTED, *_WITH_BUYER), CaseAction.WITHDRAW, CaseState.WITHDRAWN, Actor.BUYER),
        *rows(CaseState.REJECTED, CaseAction.ESCALATE, CaseState.ESCALATED, Actor.BUYER),
        *rows(_GOODS_BACK, CaseAction.ESCALATE, CaseState.ESCALATED, Actor.BUYER, Actor.SYSTEM),
        *rows(CaseState.REJECTED, CaseAction.LET_REST, CaseState.CLOSED, Actor.SYSTEM),
        *rows(CaseState.ESCALATED, CaseAction.RESOLVE_REFUND, CaseState.REFUNDING, Actor.OPERATOR),
        *rows(CaseState.ESCALATED, CaseAction.RESOLVE_RETURN, CaseState.AWAITING_RETURN, Actor.OPERATOR),
        *rows(CaseState.ESCALATED, CaseAction.RESOLVE_EXCHANGE, CaseState.REPLACING, Actor.OPERATOR),
        *rows(CaseState.ESCALATED, CaseAction.RESOLVE_REJECTION, CaseState.CLOSED, Actor.OPERATOR),
        *rows(CaseState.REPLACING, CaseAction.PLACE_REPLACEMENT, CaseState.EXCHANGED, Actor.SYSTEM),
        *rows(CaseState.REPLACING, CaseAction.RUN_SHORT, CaseState.AWAITING_CONSENT, Actor.SYSTEM),
        *rows(CaseState.ESCALATED, CaseAction.RUN_SHORT, CaseState.AWAITING_CONSENT, Actor.OPERATOR),
        *rows(CaseState.AWAITING_CONSENT, CaseAction.CONSENT_TO_RETURN, CaseState.AWAITING_RETURN, Actor.BUYER),
        *rows(CaseState.AWAITING_CONSENT, CaseAction.CONSENT_TO_REFUND, CaseState.REFUNDING, Actor.BUYER, Actor.SYSTEM),
        *rows(CaseState.AWAITING_CONSENT, CaseAction.MISS_CONSENT, CaseState.WITHDRAWN, Actor.SYSTEM),
        *rows(CaseState.REFUNDING, CaseAction.FINISH_CASE_REFUND, CaseState.REFUNDED, Actor.SYSTEM),
    ),
    statuses=_STATUSES,
)
