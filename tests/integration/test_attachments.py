"""Where attachments are kept, how many may wait, and how those that nobody shows are swept."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ordersaga.domain.errors import AttachmentInvalid
from ordersaga.gateways.attachments.store import AttachmentStore, store_at
from ordersaga.persistence import attachments
from ordersaga.persistence.attachments import Attachment
from ordersaga.persistence.database import Database
from worker.attachments import ForgottenAttachments

NOW = datetime.now(UTC)
CONTENT = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(params=["postgresql", "folder"])
async def store(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> AttachmentStore:
    return store_at(tmp_path / "attachments" if request.param == "folder" else None, database.engine)


def brought(attachment_id: str, ago: timedelta) -> Attachment:
    return Attachment(
        attachment_id=attachment_id,
        owner=f"owner of {attachment_id}",
        content_type="image/png",
        size=len(CONTENT),
        sha256="0",
        uploaded_at=NOW - ago,
    )


async def test_what_nobody_shows_is_swept_after_its_day_bytes_and_all(
    request: pytest.FixtureRequest, database: Database, store: AttachmentStore
) -> None:
    mark = f"att_{abs(hash(request.node.name)):x}"
    old, new = brought(f"{mark}_old", timedelta(days=2)), brought(f"{mark}_new", timedelta(hours=23))
    async with database.transaction() as connection:
        for attachment in (old, new):
            await attachments.add(connection, attachment, unused_at_most=1)
    with pytest.raises(AttachmentInvalid, match="wait to be shown"):
        async with database.transaction() as connection:
            await attachments.add(connection, brought(f"{mark}_more", timedelta()), unused_at_most=0)
    for attachment in (old, new):
        for content in (CONTENT, b"something else"):
            await store.put(attachment.attachment_id, content)
        assert await store.get(attachment.attachment_id) == CONTENT
    with pytest.raises(AttachmentInvalid, match="no such attachment"):
        async with database.transaction() as connection:
            await attachments.attach(connection, old.owner, "no case", [old.attachment_id], NOW)

    for _ in range(2):
        await ForgottenAttachments(database, store).sweep(NOW)
    assert await store.get(old.attachment_id) is None
    assert await store.get(new.attachment_id) == CONTENT
    async with database.reading() as connection:
        assert await attachments.get(connection, old.attachment_id) is None
        assert await attachments.get(connection, new.attachment_id) == new
