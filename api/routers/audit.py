"""The audit chain of an order, for operators (R-SUB-3, R-STM-4)."""

from typing import Any

from fastapi import APIRouter

from api.access import Operator
from api.problems import not_found, responses
from api.routers.orders import OrderNo
from api.schemas.audit import AuditView
from api.services import UsesServices
from ordersaga.domain.audit.chain import AuditRow
from ordersaga.domain.audit.verification import verify
from ordersaga.persistence import audit

router = APIRouter(prefix="/v1/orders/{order_no}", tags=["orders"])


@router.get(
    "/audit",
    response_model=AuditView,
    responses=responses("unauthenticated", "forbidden", "not_found", "request_invalid"),
)
async def get_audit(services: UsesServices, _: Operator, order_no: OrderNo) -> dict[str, Any]:
    """The chain, and whether it and the order as it stands verify. Removed orders are `ordersaga verify-audit`'s."""
    async with services.database.transaction() as connection:
        chain, records = await audit.read(connection, order_no)
    if not chain and not records["orders"]:
        raise not_found()
    findings = verify(order_no, chain, records, services.settings.audit.ring())
    return {
        "order_no": order_no,
        "verified": not findings,
        "findings": [{"fault": item.fault, "where": item.where, "message": item.message} for item in findings],
        "rows": [_row(row) for row in chain],
    }


def _row(row: AuditRow) -> dict[str, Any]:
    changed = [
        ".".join(part for part in (table, key, column) if part)
        for table, rows in row.changes.items()
        for key, columns in rows.items()
        for column in columns or [""]
    ]
    return {
        "sequence": row.sequence,
        "at": row.at,
        "subject": row.parcel_no or "order",
        "actor_role": row.actor_role,
        "actor": row.actor,
        "channel": row.channel,
        "action": row.action,
        "from_state": row.from_state,
        "to_state": row.to_state,
        "reason": row.reason,
        "changed": changed,
        "key_id": row.key_id,
        "mac": row.mac,
    }
