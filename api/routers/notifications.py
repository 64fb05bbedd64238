"""What the shop told a buyer, or a merchant (R-CNF-1)."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from api import paging
from api.access import BuyerOrMerchant, actor_of
from api.authentication import Role
from api.problems import responses
from api.schemas.values import Page, Response
from api.services import UsesServices
from ordersaga.domain.notifications import Notification
from ordersaga.persistence import notifications

router = APIRouter(prefix="/v1/notifications", tags=["orders"])


class NotificationView(Response):
    order_no: str
    case_no: str = Field("", description="of an after-sales case; empty for the order itself")
    kind: str = Field(description=f"such as {', '.join(f'`{kind}`' for kind in Notification)}")
    due_at: datetime | None = Field(None, description="until when the one who is told may act, if that ends")
    created_at: datetime


@router.get("", responses=responses("unauthenticated", "forbidden", "request_invalid"))
async def list_notifications(
    services: UsesServices, caller: BuyerOrMerchant, limit: paging.Limit = 50, cursor: paging.Cursor = None
) -> Page[NotificationView]:
    """The caller's notifications, the newest first; merchants read what their merchant was told."""
    before = paging.decode(cursor, int)
    recipient = (caller.merchant_id or "") if caller.role is Role.MERCHANT else caller.subject
    async with services.database.transaction() as connection:
        found = await notifications.page(
            connection, recipient, role=actor_of(caller), before=before[0] if before else None, limit=limit
        )
    return Page(
        items=[NotificationView.model_validate(item, from_attributes=True) for item in found],
        next_cursor=paging.encode([found[-1].notification_id]) if len(found) == limit else None,
    )
