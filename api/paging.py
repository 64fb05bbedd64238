"""Lists: `limit`, an opaque `cursor`, and `{items, next_cursor}`."""

import base64
import binascii
import json
from typing import Annotated, Any

from fastapi import Query

from api.problems import Problem

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before")]


def encode(position: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).rstrip(b"=").decode()


def decode(cursor: str | None, *kinds: type) -> list[Any] | None:
    """The position that a cursor stands for; its parts are of `kinds`."""
    if cursor is None:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if [type(part) for part in position] != list(kinds):
            raise ValueError("not a position of this list")
    except (ValueError, TypeError, binascii.Error) as error:
        fault = {"field": "cursor", "rule": "cursor", "message": "not a cursor of this list"}
        raise Problem("request_invalid", "not acceptable: cursor", errors=[fault]) from error
    return list(position)
