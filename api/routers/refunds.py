"""Refunds, for operators: which there are, which wait for somebody, and what is decided of those."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api import paging
from api.access import IdempotencyKey, Operator
from api.decisions import decide_refund, known_refund
from api.problems import responses
from api.refunds import refund_document
from api.schemas.refunds import RefundDecision, RefundRecord
from api.schemas.values import STORABLE, Page
from api.services import UsesServices
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.refund import Refund
from ordersaga.persistence import refunds

router = APIRouter(
    prefix="/v1/admin/refunds", tags=["administration"], responses=responses("unauthenticated", "forbidden")
)

RefundNo = Annotated[str, Path(min_length=1, max_length=64, pattern=STORABLE, examples=["rf_5c1f0e9a77d24b3c8e61f2aa"])]


@router.get("", responses=responses("request_invalid"))
async def list_refunds(
    services: UsesServices,
    _: Operator,
    state: Annotated[RefundState | None, Query(description="`failed` ones wait for an operator")] = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
) -> Page[RefundRecord]:
    """Refunds, the newest first."""
    position = paging.decode(cursor, datetime, str)
    async with services.database.transaction() as connection:
        found = await refunds.page(
            connection, state, before=(position[0], position[1]) if position else None, limit=limit
        )
    last = found[-1] if len(found) == limit else None
    return Page(
        items=[_record(refund) for refund in found],
        next_cursor=paging.encode([last.requested_at, last.refund_no]) if last else None,
    )


@router.get("/{refund_no}", responses=responses("not_found", "request_invalid"))
async def get_refund(services: UsesServices, _: Operator, refund_no: RefundNo) -> RefundRecord:
    return _record(await known_refund(services, refund_no))


@router.post(
    "/{refund_no}/decision",
    responses=responses("not_found", "action_not_allowed", "request_invalid", "body_malformed", "unavailable"),
)
async def decide(
    services: UsesServices,
    caller: Operator,
    refund_no: RefundNo,
    decision: RefundDecision,
    key: IdempotencyKey = None,
) -> RefundRecord:
    """Send a failed refund again, or close it because the money was given back by hand. The note says why or how."""
    decided = await decide_refund(services, caller, refund_no, decision.decision, note=decision.note, key=key)
    return _record(decided)


def _record(refund: Refund) -> RefundRecord:
    return RefundRecord.model_validate(refund_document(refund))
