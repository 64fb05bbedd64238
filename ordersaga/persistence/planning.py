"""Statements are planned once (`engine`); what a plan depends on has to be in their text."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, Integer, Select, Text, bindparam, cast, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY


def written_out(limit: int) -> BindParameter[int]:
    """A limit that plans are made for: without it PostgreSQL supposes that a tenth of all rows is wanted."""
    return bindparam("limit", limit, type_=Integer, unique=True, literal_execute=True)


def first_of_kinds(
    keys: Select[Any],
    columns: Sequence[Column[str]],
    kinds: Sequence[Sequence[str]],
    limit: int,
    *,
    descending: bool = True,
) -> Select[Any]:
    """The first rows, in the order of the `keys`, of those that have one of the `kinds` of values in the `columns`.

    An index has the rows of each kind in that order, but not those of several: so each has its turn.
    """

    def ordered(of: Iterable[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
        return [column.desc() if descending else column.asc() for column in of]

    values = (cast([kind[place] for kind in kinds], ARRAY(Text)) for place in range(len(columns)))
    each = func.unnest(*values).table_valued(*(column.name for column in columns), name="each").render_derived()
    own = keys.where(*(column == each.c[column.name] for column in columns))
    first = own.order_by(*ordered(keys.selected_columns)).limit(written_out(limit)).lateral("first")
    found = select(first).select_from(each.join(first, true()))
    return found.order_by(*ordered(first.c)).limit(written_out(limit))
