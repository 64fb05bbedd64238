"""Claims: a case is opened, or what it would give back is shown (R-REV-4 … R-REV-6, R-REV-8)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import acted_by, actor_of
from api.authentication import Caller
from api.case_views import breakdown_document
from api.idempotency import once
from api.problems import not_acceptable
from api.schemas.claims import CasePreview, CaseRequest, ClaimableLine, PreviewRequest, wanted_of
from api.services import Services
from api.standing import owned
from ordersaga.domain.after_sales.case import Kind, Reason
from ordersaga.domain.after_sales.units import Unit, count_open_to, window_is_open
from ordersaga.domain.errors import AfterSalesWindowClosed
from ordersaga.persistence import orders, settlements, transitions
from ordersaga.persistence.case_opening import action_for, open_case, units_in


async def claim(services: Services, caller: Caller, order_no: str, request: CaseRequest, key: str | None) -> str:
    """Open the case. Its number.

    Raises `ActionNotAllowed`, `AfterSalesWindowClosed`, `UnitsNotClaimable`, `SellersMixed`, `ReplacementUnavailable`,
    `AttachmentInvalid`, a 404 for what is not the caller's.
    """
    replacements = {line.line_no: line.replacement_sku for line in request.lines if line.replacement_sku is not None}
    if replacements and request.kind != Kind.EXCHANGE.value:
        raise not_acceptable("lines", "kind", "only an exchange has replacements")

    async def create(connection: AsyncConnection) -> dict[str, Any]:
        await owned(connection, caller, order_no, lock=True)
        at, by = datetime.now(UTC), acted_by(caller)
        if request.description:
            by = replace(by, note=await transitions.add_note(connection, order_no, request.description, at))
        case = await open_case(
            connection,
            order_no,
            kind=Kind(request.kind),
            wanted=wanted_of(request.lines),
            reason=Reason(request.reason),
            by=by,
            at=at,
            replacements=replacements,
            evidence=request.attachments,
        )
        return {"case_no": case.case_no}

    async with services.database.transaction() as connection:
        opened = await once(connection, caller, f"claim:{order_no}", key, request.model_dump(mode="json"), create)
    return str(opened["case_no"])


async def preview(services: Services, caller: Caller, order_no: str, request: PreviewRequest) -> CasePreview:
    """What may be claimed, and what would come back. Refuses what opening it would, and stores nothing."""
    kind, at = Kind(request.kind), datetime.now(UTC)
    async with services.database.transaction() as connection:
        order = await owned(connection, caller, order_no)
        is_open = window_is_open(order.after_sales_until, at)
        units = await units_in(connection, order_no) if is_open else ()
        breakdown = None
        if request.lines is not None:
            order.machine.next(order.state, action_for(kind), actor_of(caller))
            if not is_open:
                raise AfterSalesWindowClosed("the time to claim on this order is over", order_no=order_no)
            fault = Reason(request.reason).fault
            wanted = wanted_of(request.lines)
            breakdown = await settlements.preview(connection, order_no, kind, wanted, fault, at)
        lines = (await orders.lines_of(connection, [order_no]))[order_no]
    return CasePreview(
        order_no=order_no,
        kind=kind,
        claimable_until=order.after_sales_until,
        claimable=[_claimable(line.line_no, line.sku, line.name, units) for line in lines],
        would_come_back=breakdown and breakdown_document(breakdown),
    )


def _claimable(line_no: int, sku: str, name: str, units: Sequence[Unit]) -> ClaimableLine:
    of_line = [unit for unit in units if unit.line_no == line_no]
    counts = {kind.value: count_open_to(of_line, kind) for kind in Kind}
    return ClaimableLine.model_validate({"line_no": line_no, "sku": sku, "name": name, **counts})
