"""Evidence: what a buyer brings before a claim, for those whom the case concerns (R-REV-4, R-REV-5)."""

import hashlib
import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import AnyCaller, Buyer, IdempotencyKey
from api.authentication import Caller, Role
from api.case_views import may_see
from api.idempotency import once
from api.problems import not_found, responses
from api.schemas.attachments import AttachmentView
from api.services import UsesServices
from ordersaga.domain.attachments import ContentType, content_type
from ordersaga.domain.errors import AttachmentInvalid
from ordersaga.persistence import after_sales, attachments, orders
from ordersaga.persistence.attachments import Attachment

router = APIRouter(prefix="/v1/attachments", tags=["after-sales"])

_FILES = {kind.value: {"schema": {"type": "string", "format": "binary"}} for kind in ContentType}
_EXTENSIONS = {ContentType.JPEG: "jpg", ContentType.PNG: "png", ContentType.WEBP: "webp", ContentType.PDF: "pdf"}
AttachmentId = Annotated[str, Path(pattern="^att_[0-9a-f]{24}$")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=AttachmentView,
    openapi_extra={"requestBody": {"required": True, "content": _FILES}},
    responses=responses(
        "unauthenticated", "forbidden", "attachment_invalid", "idempotency_key_reused", "body_too_large", "unavailable"
    ),
)
async def bring_attachment(
    services: UsesServices, caller: Buyer, request: Request, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Bring a picture or a document as the request's body: JPEG, PNG, WebP or PDF by what it is, not by its name."""
    content = await request.body()
    kind = content_type(request.headers.get("content-type", ""), content)
    attachment = Attachment(
        attachment_id=f"att_{secrets.token_hex(12)}",
        owner=caller.subject,
        content_type=kind,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        uploaded_at=datetime.now(UTC),
    )

    async def create(connection: AsyncConnection) -> dict[str, Any]:
        at_most = services.settings.attachments.unused_per_account
        await attachments.add(connection, attachment, unused_at_most=at_most)
        return AttachmentView.model_validate(asdict(attachment)).model_dump(mode="json")

    said = {"content_type": kind.value, "sha256": attachment.sha256}
    async with services.database.transaction() as connection:
        brought = await once(connection, caller, "attachment", key, said, create)
        if await attachments.get(connection, brought["attachment_id"]) is None:
            message = "what was brought with this key was never shown and is forgotten"
            raise AttachmentInvalid(message, reason="unknown_attachment")
    # Noted first: bytes that nobody knows of would stay for ever.
    await services.attachments.put(brought["attachment_id"], content)
    return brought


@router.get(
    "/{attachment_id}",
    response_class=Response,
    responses={200: {"content": _FILES}, **responses("unauthenticated", "not_found", "request_invalid", "unavailable")},
)
async def read_attachment(services: UsesServices, caller: AnyCaller, attachment_id: AttachmentId) -> Response:
    """The file, for who brought it, operators, and the merchant and the warehouse of the case that shows it."""
    async with services.database.reading() as connection:
        attachment = await attachments.get(connection, attachment_id)
        if attachment is None or not await _may_read(connection, caller, attachment):
            raise not_found()
    content = await services.attachments.get(attachment_id)
    if content is None:
        raise not_found()
    name = f"{attachment_id}.{_EXTENSIONS[ContentType(attachment.content_type)]}"
    return Response(
        content,
        media_type=attachment.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, max-age=3600, immutable",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _may_read(connection: AsyncConnection, caller: Caller, attachment: Attachment) -> bool:
    if caller.role is Role.BUYER:
        return caller.subject == attachment.owner
    if caller.role is Role.OPERATOR:
        return True
    if caller.role is Role.DOWNSTREAM or attachment.case_no is None:
        return False
    case = await after_sales.get(connection, attachment.case_no)
    order = None if case is None else await orders.standing(connection, case.order_no)
    return case is not None and order is not None and may_see(case, caller, order.buyer)
