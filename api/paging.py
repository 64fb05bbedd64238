"""Lists: `limit`, an opaque `cursor`, and `{items, next_cursor}`."""

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query

from api.problems import not_acceptable

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before")]


_LARGEST = 2**63 - 1


def encode(position: list[Any]) -> str:
    position = [part.isoformat() if isinstance(part, datetime) else part for part in position]
    return base64.urlsafe_b64encode(json.dumps(position).encode()).rstrip(b"=").decode()


def decode(cursor: str | None, *kinds: type) -> list[Any] | None:
    """The position that a cursor stands for; its parts are of `kinds`: text, whole numbers, times with their zone."""
    if cursor is None:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        found = [_part(part, kind) for part, kind in zip(position, kinds, strict=True)]
    except (ValueError, TypeError, binascii.Error) as error:
        raise not_acceptable("cursor", "cursor", "not a cursor of this list") from error
    return found


def _part(part: object, kind: type) -> Any:
    """A cursor comes from outside: what the database could not compare with is no part of one."""
    if kind is datetime and isinstance(part, str):
        moment = datetime.fromisoformat(part)
        if moment.tzinfo is not None:
            return moment
    fits = kind is str and isinstance(part, str) and "\0" not in part
    if fits or (kind is int and type(part) is int and abs(part) <= _LARGEST):
        return part
    raise ValueError("not a position of this list")
