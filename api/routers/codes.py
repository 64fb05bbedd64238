"""What buyers do with digital goods: look at their codes, or return what they have not looked at (R-TYPE-4)."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from api.access import Buyer, BuyerOrOperator, IdempotencyKey, Language, limited
from api.codes import reveal
from api.commands import command
from api.dossier import dossier
from api.hardening.rates import Limited
from api.problems import not_found, responses
from api.routers.orders import OrderNo
from api.schemas.codes import RevealedCodes
from api.schemas.orders import CancelRequest, OrderView
from api.services import UsesServices
from api.views import order_document
from ordersaga.domain.lifecycle.actions import Action

_ACTION = ("unauthenticated", "forbidden", "not_found", "action_not_allowed", "request_invalid")
LineNo = Annotated[int, Path(ge=1, le=100_000)]

router = APIRouter(prefix="/v1/orders/{order_no}", tags=["orders"], responses=responses(*_ACTION))


@router.post(
    "/lines/{line_no}/reveal",
    dependencies=[Depends(limited(Limited.REVEALS))],
    responses=responses("rate_limited"),
)
async def reveal_codes(services: UsesServices, caller: Buyer, order_no: OrderNo, line_no: LineNo) -> RevealedCodes:
    """The codes of a line, for their buyer alone; again, the same ones. A code that was seen cannot be returned."""
    return await reveal(services, caller, order_no, line_no)


@router.post("/return-unused", response_model=OrderView, responses=responses("unavailable", "body_malformed"))
async def return_unused(
    services: UsesServices,
    caller: BuyerOrOperator,
    language: Language,
    order_no: OrderNo,
    request: CancelRequest | None = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Return an order of which no code was revealed and nothing was used; its money goes back."""
    reason = request.reason if request is not None else ""
    await command(services, caller, order_no, Action.RETURN_UNUSED, key=key, reason=reason)
    async with services.database.transaction() as connection:
        known = await dossier(connection, order_no, caller)
    if known is None:
        raise not_found()
    return order_document(known, caller, language, datetime.now(UTC))
