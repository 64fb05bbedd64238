"""What may be shown as evidence, told by its first bytes and not by what its sender says (R-REV-4, R-REV-5)."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum

from ordersaga.domain.errors import AttachmentInvalid

PER_CASE = 9
"""How many attachments a case shows at most."""
KEPT_UNUSED = timedelta(days=1)
"""How long an attachment that no case shows may still be shown."""


class ContentType(StrEnum):
    """Pictures and documents. Nothing that a browser runs: no SVG, no HTML."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    PDF = "application/pdf"


_BEGINNINGS: Mapping[ContentType, Callable[[bytes], bool]] = {
    ContentType.JPEG: lambda content: content.startswith(b"\xff\xd8\xff"),
    ContentType.PNG: lambda content: content.startswith(b"\x89PNG\r\n\x1a\n"),
    ContentType.WEBP: lambda content: content[:4] == b"RIFF" and content[8:12] == b"WEBP",
    ContentType.PDF: lambda content: content.startswith(b"%PDF-"),
}


def content_type(said: str, content: bytes) -> ContentType:
    """What it is, if it is what its sender says. Raises `AttachmentInvalid`."""
    name = said.partition(";")[0].strip().lower()
    allowed = [kind.value for kind in ContentType]
    if name not in allowed:
        raise AttachmentInvalid("this kind of file is not taken", reason="unknown_type", allowed=allowed)
    kind = ContentType(name)
    if not _BEGINNINGS[kind](content):
        raise AttachmentInvalid(f"this is no {kind}", reason="type_mismatch", allowed=allowed)
    return kind
