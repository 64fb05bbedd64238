"""Which accounts are members, and of which tier."""

from datetime import datetime

from sqlalchemy import Text, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.persistence.tables.members import members

_TIER = select(members.c.tier).where(members.c.account == bindparam("account", type_=Text))


async def put(connection: AsyncConnection, account: str, tier: str | None, at: datetime) -> None:
    said = {"tier": tier, "updated_at": at}
    await connection.execute(
        insert(members).values(account=account, **said).on_conflict_do_update(index_elements=["account"], set_=said)
    )


async def tier(connection: AsyncConnection, account: str) -> str | None:
    """`None` of an account that is no member."""
    found: str | None = await connection.scalar(_TIER, {"account": account})
    return found
