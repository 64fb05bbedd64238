"""Requests that no schema thinks of: right ones with one odd thing in them."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

ODD_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, 10**400, 1e308, float("nan"), float("inf"), "", " ", "\0", "a\0b", "\ud800", "\x7f",
    "٣", "'; --", "../..", "x" * 70_000, [], [[]], [None], {}, {"": ""}, {"\0": "\0"},
)  # fmt: skip
ODD_BODIES = (b"", b"\0", b"\xff\xfe", b"{", b"nul", b'{"a":1}{"a":1}', b"[" * 50_000, b"\xef\xbb\xbf{}", b"1" * 5000)
ODD_TYPES = (
    "",
    "application/json; charset=utf-16",
    "text/plain",
    "application/xml",
    "multipart/form-data",
    "a/b/c",
    "*",
)
ODD_AUTHORIZATIONS = (
    "",
    "Bearer",
    "bearer  x",
    "Basic eDp5",
    "Bearer a b",
    "Bearer \xe9",
    "Bearer a.b.c.d.e",
)
ODD_HEADERS = (
    ("Idempotency-Key", "a\xff"),
    ("Idempotency-Key", "x" * 500),
    ("Accept", "text/html"),
    ("Accept-Language", "\xe9,;q=zh"),
    ("Content-Encoding", "gzip"),
    ("Last-Event-ID", "-1"),
    ("Range", "bytes=0-1"),
    ("X-Forwarded-For", "not an address"),
    ("traceparent", "00-zz"),
)
ODD_QUERIES = (
    "limit=%00",
    "limit=9e9",
    "cursor=%FF",
    "cursor=W10",
    "status=%00",
    "after=-1",
    "after=9" + "9" * 30,
    "%00=%00",
)

SHARP: tuple[Any, ...] = ("a\0b", "\ud800", 10**30, -1, 1e308, None, [], {})
"""What the layers below could stumble over; tried in every place of a right body."""

Headers = list[tuple[str, str]]


def leaves(document: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value in a document, the document itself included."""
    yield way
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for name, value in pairs:
        yield from leaves(value, (*way, name))


def changed(document: Any, way: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at the end of this way."""
    if not way:
        return value
    found = copy.deepcopy(document)
    inner = found
    for name in way[:-1]:
        inner = inner[name]
    inner[way[-1]] = value
    return found


def sharpened(right: Any) -> list[bytes]:
    """The right body with each sharp thing in each of its places."""
    ways = [way for way in leaves(right) if way]
    return [json.dumps(changed(right, way, value)).encode() for way in ways for value in SHARP]


def bodies(right: Any) -> st.SearchStrategy[bytes]:
    odd_values = st.builds(changed, st.just(right), st.sampled_from(list(leaves(right))), st.sampled_from(ODD_VALUES))
    plain = st.just(b"" if right is None else json.dumps(right).encode())
    return plain | odd_values.map(lambda body: json.dumps(body).encode()) | st.sampled_from(ODD_BODIES)


def headers(tokens: list[str]) -> st.SearchStrategy[Headers]:
    """Of the right kind, odd, or given twice."""
    bearer = st.sampled_from(tokens).map(lambda token: f"Bearer {token}")
    authorization = st.lists(bearer | st.sampled_from(ODD_AUTHORIZATIONS), max_size=2)
    kind = st.lists(st.just("application/json") | st.sampled_from(ODD_TYPES), min_size=1, max_size=2)
    return st.builds(
        lambda authorized, kinds, odd: [
            *(("Authorization", value) for value in authorized),
            *(("Content-Type", value) for value in kinds),
            *odd,
        ],
        authorization, kind, st.lists(st.sampled_from(ODD_HEADERS), max_size=2),
    )  # fmt: skip


def queries() -> st.SearchStrategy[str]:
    return st.just("") | st.sampled_from(ODD_QUERIES)
