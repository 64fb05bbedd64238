"""Differences that comparing the books found, for operators: which there are, and what is decided of each (P9)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api import paging
from api.access import Operator
from api.problems import responses
from api.reconciling import decide
from api.schemas.reconciliation import CheckView, ReconciliationDecision, ReconciliationItem
from api.schemas.values import STORABLE, Page
from api.services import UsesServices
from ordersaga.domain.reconciliation import Decision, ItemState, Kind
from ordersaga.persistence import reconciliation

router = APIRouter(
    prefix="/v1/admin/reconciliation", tags=["administration"], responses=responses("unauthenticated", "forbidden")
)

ItemId = Annotated[str, Path(min_length=1, max_length=64, pattern=STORABLE, examples=["ri_3497f8ba300b44eb114f723b"])]


@router.get("", responses=responses("request_invalid"))
async def list_items(
    services: UsesServices,
    _: Operator,
    state: Annotated[ItemState | None, Query(description="`open` ones wait for somebody")] = None,
    kind: Kind | None = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
) -> Page[ReconciliationItem]:
    """Differences, those that were found last first."""
    position = paging.decode(cursor, datetime, str)
    async with services.database.transaction() as connection:
        found = await reconciliation.page(
            connection, state=state, kind=kind, before=(position[0], position[1]) if position else None, limit=limit
        )
    last = found[-1] if len(found) == limit else None
    return Page(
        items=[ReconciliationItem.of(item) for item in found],
        next_cursor=paging.encode([last.first_seen, last.item_id]) if last else None,
    )


@router.get("/checks")
async def list_checks(services: UsesServices, _: Operator) -> Page[CheckView]:
    """What is compared, and when it was looked at last: all on one page."""
    async with services.database.transaction() as connection:
        found = await reconciliation.checks(connection)
    return Page(items=[CheckView.model_validate(check, from_attributes=True) for check in found], next_cursor=None)


@router.post(
    "/{item_id}/decision",
    responses=responses("not_found", "action_not_allowed", "request_invalid", "body_malformed", "unavailable"),
)
async def decide_item(
    services: UsesServices, caller: Operator, item_id: ItemId, decision: ReconciliationDecision
) -> ReconciliationItem:
    """Say that a difference is dealt with, or that it is none, or have it repaired. The note says why, and stays."""
    return ReconciliationItem.of(
        await decide(services, caller, item_id, Decision(decision.decision), note=decision.note)
    )
