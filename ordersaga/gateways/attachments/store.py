"""The port to where bytes of attachments are kept."""

from pathlib import Path
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from ordersaga.gateways.attachments.folder import FolderAttachments
from ordersaga.gateways.attachments.postgres import PostgresAttachments


class AttachmentStore(Protocol):
    """Keys are ours, of letters, digits and underscores. Every call may be repeated. Raises `OSError` or a database's
    error while it is away.
    """

    async def put(self, key: str, content: bytes) -> None:
        """Keep the content; what is kept under the key already stays."""
        ...

    async def get(self, key: str) -> bytes | None:
        """The content, or nothing if there is none."""
        ...

    async def delete(self, key: str) -> None:
        """Keep it no longer; nothing happens if there is none."""
        ...


def store_at(folder: Path | None, engine: AsyncEngine) -> AttachmentStore:
    """In a folder that all processes share, if one is named; else in PostgreSQL."""
    return PostgresAttachments(engine) if folder is None else FolderAttachments(folder)
