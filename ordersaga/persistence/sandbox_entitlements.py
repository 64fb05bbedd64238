"""The sandbox's books of entitlements: another company's, so they know nothing of our orders."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.persistence.tables.sandbox import sandbox_entitlements

ASKED, GRANTED, USED, REVOKED, REFUSED = "asked", "granted", "used", "revoked", "refused"


async def ask_for(connection: AsyncConnection, reference: str, product: str, account: str) -> tuple[str, int]:
    """The state of a unit that is asked for, locked, and how often it has been."""
    statement = insert(sandbox_entitlements).values(
        reference=reference, product=product, account=account, state=ASKED, tries=1
    )
    counted = statement.on_conflict_do_update(
        index_elements=["reference"], set_={"tries": sandbox_entitlements.c.tries + 1}
    )
    row = (
        await connection.execute(counted.returning(sandbox_entitlements.c.state, sandbox_entitlements.c.tries))
    ).one()
    return row.state, row.tries


async def state_of(connection: AsyncConnection, reference: str) -> str | None:
    query = select(sandbox_entitlements.c.state).where(sandbox_entitlements.c.reference == reference)
    found: str | None = await connection.scalar(query.with_for_update())
    return found


async def set_state(connection: AsyncConnection, reference: str, state: str) -> None:
    await connection.execute(
        update(sandbox_entitlements).where(sandbox_entitlements.c.reference == reference).values(state=state)
    )


async def revoke(connection: AsyncConnection, references: Sequence[str]) -> None:
    """Revoke what is not used. What was never asked for is never granted after this."""
    for reference in sorted(references):
        statement = insert(sandbox_entitlements).values(reference=reference, product="", account="", state=REVOKED)
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["reference"],
                set_={"state": REVOKED},
                where=sandbox_entitlements.c.state.in_((ASKED, GRANTED)),
            )
        )
