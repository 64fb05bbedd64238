"""Attachments in PostgreSQL: nothing more to run, to back up or to share (ADR 27)."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_PUT = text("INSERT INTO attachment_contents (key, content) VALUES (:key, :content) ON CONFLICT (key) DO NOTHING")
_GET = text("SELECT content FROM attachment_contents WHERE key = :key")
_DELETE = text("DELETE FROM attachment_contents WHERE key = :key")


class PostgresAttachments:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def put(self, key: str, content: bytes) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(_PUT, {"key": key, "content": content})

    async def get(self, key: str) -> bytes | None:
        async with self._engine.connect() as connection:
            content = await connection.scalar(_GET, {"key": key})
        return None if content is None else bytes(content)

    async def delete(self, key: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(_DELETE, {"key": key})
