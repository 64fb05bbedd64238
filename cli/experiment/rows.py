"""Records made of the rows that a query finds."""

from dataclasses import fields
from typing import Any, TypeVar

Row = TypeVar("Row")


async def rows(connection: Any, kind: type[Row], query: str) -> tuple[Row, ...]:
    """One `kind` for each row, of the columns that are called like its fields."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # each kind is a dataclass
    return tuple(
        kind(**{name: value for name, value in row.items() if name in names}) for row in await connection.fetch(query)
    )
