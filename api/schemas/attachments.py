"""Evidence that a buyer brings."""

from datetime import datetime

from pydantic import ConfigDict, Field

from api.schemas.values import Response


class AttachmentView(Response):
    """Name it in a claim's `attachments`; what no case shows within a day is forgotten."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "attachment_id": "att_5f0c1d2e3a4b5c6d7e8f9a0b",
                    "content_type": "image/jpeg",
                    "size": 182044,
                    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "uploaded_at": "2026-05-04T12:00:00Z",
                }
            ]
        }
    )

    attachment_id: str
    content_type: str
    size: int = Field(description="in bytes")
    sha256: str = Field(description="in hexadecimal")
    uploaded_at: datetime
