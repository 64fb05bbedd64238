"""After-sales cases: claimed by buyers, decided by merchants, inspected by warehouses (R-REV-4 … R-REV-8)."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, status

from api import paging
from api.access import AnyCaller, Buyer, BuyerOrOperator, IdempotencyKey, Language, ParcelHandler, Settler
from api.authentication import Caller, Role
from api.case_views import case_document, heading
from api.cases import own_case, say
from api.claiming import claim, preview
from api.problems import responses
from api.routers.orders import OrderNo
from api.schemas.after_sales import (
    CaseHeading,
    CaseView,
    Decision,
    Inspection,
    ReturnShipment,
    StopDecision,
    Words,
    inspection_details,
)
from api.schemas.claims import CasePreview, CaseRequest, PreviewRequest
from api.schemas.values import STORABLE, Page
from api.services import Services, UsesServices
from ordersaga.domain.after_sales.case import Kind
from ordersaga.domain.after_sales.commands import Command
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.persistence import after_sales
from ordersaga.persistence.after_sales import CaseFilter

router = APIRouter(prefix="/v1", tags=["after-sales"])

CaseNo = Annotated[
    str, Path(min_length=1, max_length=80, pattern=STORABLE, examples=["261122-7K3M9QXF2T8B-A1"], description="a case")
]
_CLAIM = ("after_sales_window_closed", "units_not_claimable", "action_not_allowed")
_READ = ("unauthenticated", "not_found", "request_invalid")
_SAY = (*_READ, "forbidden", "action_not_allowed", "idempotency_key_reused", "body_malformed", "unavailable")
_STOP = {"stop": Command.STOP, "refuse": Command.REFUSE_TO_STOP}


@router.post(
    "/orders/{order_no}/after-sales",
    status_code=status.HTTP_201_CREATED,
    response_model=CaseView,
    responses=responses(
        *_READ,
        *_CLAIM,
        "forbidden",
        "body_malformed",
        "sellers_mixed",
        "replacement_unavailable",
        "attachment_invalid",
        "idempotency_key_reused",
    ),
)
async def open_case(
    services: UsesServices,
    caller: BuyerOrOperator,
    language: Language,
    order_no: OrderNo,
    request: CaseRequest,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Claim money, a return or an exchange for units of one seller's lines; the merchant reviews it until `due_at`."""
    case_no = await claim(services, caller, order_no, request, key)
    return await _document(services, caller, case_no, language)


@router.post(
    "/orders/{order_no}/after-sales/preview",
    responses=responses(*_READ, *_CLAIM, "forbidden", "body_malformed"),
)
async def preview_case(
    services: UsesServices, caller: BuyerOrOperator, order_no: OrderNo, request: PreviewRequest
) -> CasePreview:
    """What may be claimed, and what would come back line by line and why. Nothing is stored."""
    return await preview(services, caller, order_no, request)


@router.get("/after-sales", responses=responses("unauthenticated", "request_invalid"))
async def list_cases(
    services: UsesServices,
    caller: AnyCaller,
    language: Language,
    kind: Kind | None = None,
    wanted_status: Annotated[CaseState | None, Query(alias="status")] = None,
    order_no: Annotated[str | None, Query(max_length=64, pattern=STORABLE)] = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
) -> Page[CaseHeading]:
    """The caller's cases, the newest first. A warehouse's are those whose goods it stops, or gets back."""
    position = paging.decode(cursor, datetime, str)
    wanted = CaseFilter(
        buyer=caller.subject if caller.role is Role.BUYER else None,
        merchant_id=caller.merchant_id or "" if caller.role is Role.MERCHANT else None,
        warehouse_id=caller.warehouse_id or "" if caller.role is Role.WAREHOUSE else None,
        order_no=order_no,
        kind=kind,
        states=None if wanted_status is None else frozenset({wanted_status}),
    )
    async with services.database.transaction() as connection:
        found = await after_sales.page(
            connection, wanted, before=(position[0], position[1]) if position else None, limit=limit
        )
    last = found[-1] if len(found) == limit else None
    return Page(
        items=[CaseHeading.model_validate(heading(case, caller, language)) for case in found],
        next_cursor=paging.encode([last.opened_at, last.case_no]) if last else None,
    )


@router.get("/after-sales/{case_no}", response_model=CaseView, responses=responses(*_READ))
async def get_case(services: UsesServices, caller: AnyCaller, language: Language, case_no: CaseNo) -> dict[str, Any]:
    return await _document(services, caller, case_no, language)


@router.post("/after-sales/{case_no}/decision", response_model=CaseView, responses=responses(*_SAY))
async def decide(
    services: UsesServices,
    caller: Settler,
    language: Language,
    case_no: CaseNo,
    decision: Decision,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Approve a claim or refuse it: its merchant or an operator; once it is escalated an operator, and finally."""
    await say(services, caller, case_no, Command(decision.decision), note=decision.note, key=key)
    return await _document(services, caller, case_no, language)


@router.post("/after-sales/{case_no}/return-shipment", response_model=CaseView, responses=responses(*_SAY))
async def ship_back(
    services: UsesServices,
    caller: Buyer,
    language: Language,
    case_no: CaseNo,
    shipment: ReturnShipment,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """The goods are on their way back, with this carrier."""
    await say(services, caller, case_no, Command.SHIP_BACK, details=shipment.model_dump(), key=key)
    return await _document(services, caller, case_no, language)


@router.post("/after-sales/{case_no}/receipt", response_model=CaseView, responses=responses(*_SAY))
async def receive(
    services: UsesServices,
    caller: ParcelHandler,
    language: Language,
    case_no: CaseNo,
    words: Words | None = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """The goods have arrived and are not inspected yet."""
    await say(services, caller, case_no, Command.RECEIVE, note=words.note if words else "", key=key)
    return await _document(services, caller, case_no, language)


@router.post("/after-sales/{case_no}/inspection", response_model=CaseView, responses=responses(*_SAY, "rule_invalid"))
async def inspect(
    services: UsesServices,
    caller: ParcelHandler,
    language: Language,
    case_no: CaseNo,
    inspection: Inspection,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """What was accepted of the goods that came back, and onto which stock it goes; nothing at all is a refusal."""
    details = inspection_details(inspection)
    command = Command.ACCEPT if details else Command.REFUSE
    await say(services, caller, case_no, command, note=inspection.note, details=details, key=key)
    return await _document(services, caller, case_no, language)


@router.post("/after-sales/{case_no}/withdraw", response_model=CaseView, responses=responses(*_SAY))
async def withdraw(
    services: UsesServices,
    caller: Buyer,
    language: Language,
    case_no: CaseNo,
    words: Words | None = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Claim nothing any more. The units may be claimed again while the window is open."""
    return await _said(services, caller, language, case_no, Command.WITHDRAW, words, key)


@router.post("/after-sales/{case_no}/escalate", response_model=CaseView, responses=responses(*_SAY))
async def escalate(
    services: UsesServices,
    caller: Buyer,
    language: Language,
    case_no: CaseNo,
    words: Words | None = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Ask an operator, whose word ends it: of a refusal, or of goods that nobody inspects."""
    return await _said(services, caller, language, case_no, Command.ESCALATE, words, key)


@router.post("/after-sales/{case_no}/consent", response_model=CaseView, responses=responses(*_SAY))
async def consent(
    services: UsesServices,
    caller: Buyer,
    language: Language,
    case_no: CaseNo,
    words: Words | None = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Take money instead of a replacement that is out of stock."""
    return await _said(services, caller, language, case_no, Command.CONSENT, words, key)


@router.post("/after-sales/{case_no}/stop-decision", response_model=CaseView, responses=responses(*_SAY))
async def decide_to_stop(
    services: UsesServices,
    caller: ParcelHandler,
    language: Language,
    case_no: CaseNo,
    decision: StopDecision,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Whether parcels that were begun are kept back for a cancellation."""
    await say(services, caller, case_no, _STOP[decision.decision], note=decision.note, key=key)
    return await _document(services, caller, case_no, language)


async def _said(
    services: Services,
    caller: Caller,
    language: str,
    case_no: str,
    command: Command,
    words: Words | None,
    key: str | None,
) -> dict[str, Any]:
    await say(services, caller, case_no, command, note=words.note if words else "", key=key)
    return await _document(services, caller, case_no, language)


async def _document(services: Services, caller: Caller, case_no: str, language: str) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        return await case_document(connection, await own_case(connection, caller, case_no), caller, language)
