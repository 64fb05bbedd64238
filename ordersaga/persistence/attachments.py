"""Evidence: who brought what, and the case that it was shown in. Bytes are elsewhere (`gateways/attachments`)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.attachments import KEPT_UNUSED, PER_CASE
from ordersaga.domain.errors import AttachmentInvalid
from ordersaga.persistence.tables.attachments import attachments


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """`size` in bytes, `sha256` in hexadecimal; `case_no` once it is shown in a case."""

    attachment_id: str
    owner: str
    content_type: str
    size: int
    sha256: str
    uploaded_at: datetime
    case_no: str | None = None


_COLUMNS = tuple(attachments.c[field.name] for field in fields(Attachment))


_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('attachments' || chr(31) || :owner, 8))")


async def add(connection: AsyncConnection, attachment: Attachment, *, unused_at_most: int) -> None:
    """Note what somebody brings. Raises `AttachmentInvalid` for who has so many already that no case shows."""
    await connection.execute(_ALONE, {"owner": attachment.owner})
    if await unused(connection, attachment.owner) >= unused_at_most:
        message = f"{unused_at_most} attachments wait to be shown in a case"
        raise AttachmentInvalid(message, reason="too_many", allowed=unused_at_most)
    values = {field.name: getattr(attachment, field.name) for field in fields(Attachment)}
    await connection.execute(insert(attachments).values(values))


async def get(connection: AsyncConnection, attachment_id: str) -> Attachment | None:
    query = select(*_COLUMNS).where(attachments.c.attachment_id == attachment_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Attachment(**row._mapping)


async def of_case(connection: AsyncConnection, case_no: str) -> Sequence[Attachment]:
    query = select(*_COLUMNS).where(attachments.c.case_no == case_no)
    rows = await connection.execute(query.order_by(attachments.c.uploaded_at, attachments.c.attachment_id))
    return [Attachment(**row._mapping) for row in rows]


async def attach(connection: AsyncConnection, owner: str, case_no: str, ids: Sequence[str], at: datetime) -> None:
    """Show what its owner brought in a case that is opened in this transaction; `open_case` does it.

    It stays there for ever and is sealed by the audit row that opens the case. Raises `AttachmentInvalid`.
    """
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > PER_CASE:
        raise AttachmentInvalid(f"a case shows {PER_CASE} attachments at most", reason="too_many", allowed=PER_CASE)
    for attachment_id in sorted(wanted):
        own = (attachments.c.attachment_id == attachment_id) & (attachments.c.owner == owner)
        # What is older is on its way out.
        free = own & (attachments.c.case_no.is_not(None) | (attachments.c.uploaded_at > at - KEPT_UNUSED))
        taken = (
            update(attachments).where(free & attachments.c.case_no.is_(None)).values(case_no=case_no, attached_at=at)
        )
        if await connection.scalar(taken.returning(attachments.c.attachment_id)) is not None:
            continue
        reason = "unknown_attachment" if await connection.scalar(select(func.count()).where(free)) == 0 else "used"
        message = "it is shown in a case already" if reason == "used" else "there is no such attachment of yours"
        raise AttachmentInvalid(message, reason=reason, attachment_id=attachment_id)


async def unused(connection: AsyncConnection, owner: str) -> int:
    """How many attachments an account brought that no case shows yet."""
    query = select(func.count()).where((attachments.c.owner == owner) & attachments.c.case_no.is_(None))
    return await connection.scalar(query) or 0


async def forgotten(connection: AsyncConnection, before: datetime, limit: int) -> Sequence[str]:
    """What was brought before that moment and never shown, for whoever removes it from where its bytes are."""
    old = attachments.c.case_no.is_(None) & (attachments.c.uploaded_at < before)
    query = select(attachments.c.attachment_id).where(old).order_by(attachments.c.uploaded_at).limit(limit)
    return (await connection.scalars(query)).all()


async def remove(connection: AsyncConnection, attachment_id: str) -> None:
    """Forget what no case shows."""
    unshown = (attachments.c.attachment_id == attachment_id) & attachments.c.case_no.is_(None)
    await connection.execute(delete(attachments).where(unshown))
