"""Wrongs to be planted in right books, and found by the judge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cli.experiment.books import Books
from cli.experiment.journal import Journal


@dataclass(frozen=True, slots=True)
class Wrong:
    """A planted wrong: which promise it breaks, and for whom."""

    promise: str
    subject: str
    plant: Callable[[Books, Journal], Books | None] = field(repr=False)


def without(rows: tuple[Any, ...], **wanted: Any) -> tuple[Any, ...]:
    """The rows, less the first that has all these values."""
    found = _first(rows, wanted)
    return tuple(row for row in rows if row is not found)


def with_first(rows: tuple[Any, ...], change: Callable[[Any], Any], **wanted: Any) -> tuple[Any, ...]:
    """The rows, the first of them that has all these values changed."""
    found = _first(rows, wanted)
    return tuple(change(row) if row is found else row for row in rows)


def _first(rows: tuple[Any, ...], wanted: dict[str, Any]) -> Any:
    return next(row for row in rows if all(getattr(row, name) == value for name, value in wanted.items()))
