"""Orders: submit, read, list, and how they came to be what they are."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, status

from api import paging
from api.access import AnyCaller, Buyer, IdempotencyKey, Language, actor_of, limited
from api.authentication import Caller, Role
from api.dossier import dossier
from api.hardening.rates import Limited
from api.problems import not_acceptable, not_found, responses
from api.schemas.orders import OrderSummary, OrderView, SubmitRequest
from api.schemas.values import STORABLE, Page, TimelineItem
from api.screening import FromVisitor
from api.services import UsesServices
from api.submitting import Submitting
from api.views import order_view, summaries
from ordersaga.domain.lifecycle.actions import ABOUT_MONEY
from ordersaga.domain.lifecycle.refund import DECISIONS
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import RISK_ACTIONS
from ordersaga.persistence import order_lists, transitions
from ordersaga.persistence.order_lists import OrderFilter
from ordersaga.persistence.transitions import Recorded

router = APIRouter(prefix="/v1/orders", tags=["orders"])

_DECIDED_BY_OPERATORS = DECISIONS | set(RISK_ACTIONS.values())
"""Why is for operators to read: nobody learns which rule to get around."""

OrderNo = Annotated[str, Path(min_length=1, max_length=64, pattern=STORABLE, examples=["261122-7K3M9QXF2T8B"])]


@router.post(
    "",
    dependencies=[Depends(limited(Limited.SUBMITS))],
    status_code=status.HTTP_201_CREATED,
    response_model=OrderView,
    responses=responses(
        "quote_invalid",
        "quote_expired",
        "quote_changed",
        "coupon_unavailable",
        "points_unavailable",
        "offer_exhausted",
        "duplicate_submission",
        "campaign_unavailable",
        "sold_out",
        "group_unavailable",
        "purchase_limit_exceeded",
        "risk_denied",
        "out_of_stock",
        "sku_unknown",
        "order_too_large",
        "placing_timed_out",
        "request_in_flight",
        "unauthenticated",
        "forbidden",
        "request_invalid",
        "payment_channel_unknown",
        "idempotency_key_reused",
        "body_malformed",
        "unavailable",
        "rate_limited",
    ),
)
async def submit_order(
    services: UsesServices,
    caller: Buyer,
    language: Language,
    visitor: FromVisitor,
    request: SubmitRequest,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Turn a quote into an order: stock is held, the payment timer runs. Safe to repeat with the same key."""
    return await Submitting(services, caller, request, key, language, visitor).answer()


@router.get("", responses=responses("unauthenticated", "request_invalid"))
async def list_orders(
    services: UsesServices,
    caller: AnyCaller,
    language: Language,
    wanted_status: Annotated[str | None, Query(alias="status", max_length=64)] = None,
    kind: Annotated[str | None, Query(alias="order_type", max_length=64, pattern=STORABLE)] = None,
    buyer: Annotated[str | None, Query(max_length=200, pattern=STORABLE, description="operators only")] = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
) -> Page[OrderSummary]:
    """The caller's orders, the newest first. `status` is a word of the caller's role; operators may use any."""
    position = paging.decode(cursor, datetime, str)
    narrowed = OrderFilter(
        buyer=caller.subject if caller.role is Role.BUYER else buyer if caller.role is Role.OPERATOR else None,
        merchant_id=caller.merchant_id or "" if caller.role is Role.MERCHANT else None,
        warehouse_id=caller.warehouse_id or "" if caller.role is Role.WAREHOUSE else None,
        order_type=kind,
        states=_states(wanted_status, caller),
    )
    async with services.database.statements() as connection:
        found = await order_lists.page(
            connection, narrowed, before=(position[0], position[1]) if position else None, limit=limit
        )
        listed = await summaries(connection, found, caller, language)
    last = found[-1] if len(found) == limit else None
    return Page(
        items=[OrderSummary.model_validate(item) for item in listed],
        next_cursor=paging.encode([last.placed_at, last.order_no]) if last else None,
    )


@router.get("/{order_no}", responses=responses("unauthenticated", "not_found", "request_invalid"))
async def get_order(services: UsesServices, caller: AnyCaller, language: Language, order_no: OrderNo) -> OrderView:
    async with services.database.statements() as connection:
        known = await dossier(connection, order_no, caller)
    if known is None:
        raise not_found()
    return order_view(known, caller, language, datetime.now(UTC))


@router.get("/{order_no}/timeline", responses=responses("unauthenticated", "not_found", "request_invalid"))
async def get_timeline(services: UsesServices, caller: AnyCaller, order_no: OrderNo) -> Page[TimelineItem]:
    """Every transition of the order, its parcels and its cases: who, when, from, action, to, why (R-STM-4)."""
    async with services.database.statements() as connection:
        known = await dossier(connection, order_no, caller)
        recorded = await transitions.timeline(connection, order_no) if known else []
    if known is None:
        raise not_found()
    mine = {parcel.parcel_no for parcel in known.parcels} | {case.case_no for case in known.cases} | {None}
    hidden = ABOUT_MONEY if caller.role in (Role.MERCHANT, Role.WAREHOUSE) else frozenset()
    shown = (item for item in recorded if {item.parcel_no, item.case_no} <= mine and item.action not in hidden)
    return Page(items=[_timeline_item(item, caller) for item in shown])


def _states(wanted: str | None, caller: Caller) -> frozenset[str] | None:
    """The system states that the caller's word stands for, over all versions of all types."""
    if wanted is None:
        return None
    machines = [machine for kind in ORDER_TYPES.values() for machine in kind.machines]
    words = [(state, _words(machine, state, caller)) for machine in machines for state in machine.states]
    states = frozenset(state for state, known in words if wanted in known)
    if not states:
        known = sorted(set().union(*(known for _, known in words)))
        raise not_acceptable("status", "enum", f"must be one of {', '.join(known)}")
    return states


def _words(machine: Any, state: str, caller: Caller) -> set[str]:
    statuses = machine.statuses[state]
    own = {statuses.read_by(actor_of(caller)).code}
    return own | {statuses.buyer.code, statuses.merchant.code} if caller.role is Role.OPERATOR else own


def _timeline_item(item: Recorded, caller: Caller) -> TimelineItem:
    among_operators = item.action in _DECIDED_BY_OPERATORS and caller.role is not Role.OPERATOR
    of_the_buyer = item.case_no is not None and item.actor_role == Actor.BUYER and caller.role is Role.WAREHOUSE
    return TimelineItem(
        at=item.at,
        subject=item.parcel_no or item.case_no or "order",
        actor_role=item.actor_role,
        actor=item.actor if caller.role is Role.OPERATOR else None,
        channel=item.channel,
        action=item.action,
        from_state=item.from_state,
        to_state=item.to_state,
        reason="" if among_operators or of_the_buyer else item.reason,
    )
