"""What people do with a placed order: pay, cancel, confirm receipt, review. What they change is in `order_changes`."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, status
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Buyer, BuyerOrOperator, Canceller, IdempotencyKey, Language, Operator
from api.attempts import open_attempt
from api.cancelling import cancel
from api.commands import command
from api.decisions import decide_risk
from api.dossier import dossier
from api.idempotency import once
from api.problems import Problem, responses
from api.routers.orders import OrderNo
from api.schemas.orders import (
    CancelRequest,
    OrderView,
    PaymentView,
    ReviewRequest,
    RiskDecisionRequest,
)
from api.schemas.payments import PaymentRequest
from api.services import UsesServices
from api.standing import answer, locked, record
from api.views import payment_document
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.persistence import reviews
from ordersaga.persistence.reviews import Review

router = APIRouter(prefix="/v1/orders/{order_no}", tags=["orders"])

_ACTION = ("unauthenticated", "forbidden", "not_found", "action_not_allowed", "request_invalid", "body_malformed")


@router.post(
    "/payments",
    status_code=status.HTTP_201_CREATED,
    response_model=PaymentView,
    responses=responses(*_ACTION, "payment_channel_unknown", "idempotency_key_reused", "out_of_stock"),
)
async def pay_order(
    services: UsesServices, caller: Buyer, order_no: OrderNo, request: PaymentRequest, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Open an attempt to pay, in any channel, until the deadline; the buyer goes to `cashier_url`.

    Units that are deducted at payment are looked for again: `warnings` say that they are not held.
    """
    opened = await open_attempt(services, caller, order_no, request.channel, key)
    return payment_document(opened.payment, opened.due_at, opened.warnings)


@router.post(
    "/cancel",
    response_model=OrderView,
    responses=responses(*_ACTION, "units_not_claimable", "idempotency_key_reused", "unavailable"),
)
async def cancel_order(
    services: UsesServices,
    caller: Canceller,
    language: Language,
    order_no: OrderNo,
    request: CancelRequest | None = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Cancel before payment, after a deposit by its terms; open attempts are closed first: what was paid is paid.

    Of a paid order, units that have not left are cancelled: all, or those of `lines`, by a merchant only its own. A
    case is opened for each seller; it answers by itself, or asks a warehouse that has begun.
    """
    await cancel(services, caller, order_no, request or CancelRequest(), key)
    return await answer(services, caller, order_no, language)


@router.post("/risk-decision", response_model=OrderView, responses=responses(*_ACTION, "unavailable"))
async def decide_on_risk(
    services: UsesServices,
    caller: Operator,
    language: Language,
    order_no: OrderNo,
    request: RiskDecisionRequest,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Let an order that is under review go on, or refuse it (R-STK-4). The note says why."""
    await decide_risk(services, caller, order_no, request.decision, note=request.note, key=key)
    return await answer(services, caller, order_no, language)


@router.post("/confirm-receipt", response_model=OrderView, responses=responses(*_ACTION, "unavailable"))
async def confirm_receipt(
    services: UsesServices, caller: BuyerOrOperator, language: Language, order_no: OrderNo, key: IdempotencyKey = None
) -> dict[str, Any]:
    """The goods are there; the after-sales period begins (R-CNF-1)."""
    await command(services, caller, order_no, Action.CONFIRM_RECEIPT, key=key)
    return await answer(services, caller, order_no, language)


@router.post(
    "/reviews",
    status_code=status.HTTP_201_CREATED,
    response_model=OrderView,
    responses=responses(*_ACTION, "review_exists", "reference_unknown", "idempotency_key_reused"),
)
async def review_order(
    services: UsesServices,
    caller: Buyer,
    language: Language,
    order_no: OrderNo,
    request: ReviewRequest,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Review lines of a delivered order, each once."""

    async def create(connection: AsyncConnection) -> dict[str, Any]:
        order = await locked(connection, caller, order_no, Action.REVIEW)
        at = datetime.now(UTC)
        known = await dossier(connection, order_no, caller)
        numbers = {line.line_no for line in known.order.lines} if known else set()
        for item in request.reviews:
            if item.line_no not in numbers:
                raise Problem("reference_unknown", f"there is no line {item.line_no}", field="line_no")
            review = Review(line_no=item.line_no, rating=item.rating, text=item.text, created_at=at)
            if not await reviews.add(connection, order_no, review):
                raise Problem("review_exists", f"line {item.line_no} is reviewed already", line_no=item.line_no)
        lines = ", ".join(str(item.line_no) for item in request.reviews)
        await record(connection, order_no, order, caller, Action.REVIEW, f"lines {lines}", at)
        return {}

    async with services.database.transaction() as connection:
        await once(connection, caller, f"review:{order_no}", key, request.model_dump(), create)
    return await answer(services, caller, order_no, language)
