"""Statements are planned once (`engine`); what a plan depends on has to be in their text."""

from sqlalchemy import BindParameter, Integer, bindparam


def written_out(limit: int) -> BindParameter[int]:
    """A limit that plans are made for: without it PostgreSQL supposes that a tenth of all rows is wanted."""
    return bindparam("limit", limit, type_=Integer, unique=True, literal_execute=True)
