"""Points: every change is a ledger movement and a balance in one transaction, and what they are worth (R-PRC-1)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Text, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import PointsUnavailable
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.persistence.tables.points import point_accounts, point_movements, points_policies

_BOOK = text("""
    WITH changed AS (
        UPDATE point_accounts SET balance = balance + :balance, locked = locked + :locked
        WHERE account = :account AND balance + :balance >= locked + :locked
        RETURNING account
    )
    INSERT INTO point_movements (account, kind, source_document, balance, locked, at)
    SELECT account, :kind, :document, :balance, :locked, :at FROM changed
    RETURNING movement_id
""")
_account = bindparam("account", type_=Text)
_LEDGER = (
    select(func.sum(point_movements.c.balance).label("balance"), func.sum(point_movements.c.locked).label("locked"))
    .where(point_movements.c.account == _account)
    .subquery()
)
_BALANCE = select(
    point_accounts.c.balance,
    point_accounts.c.locked,
    _LEDGER.c.balance.label("ledger_balance"),
    _LEDGER.c.locked.label("ledger_locked"),
).select_from(_LEDGER.outerjoin(point_accounts, point_accounts.c.account == _account))
_OWNED = select(point_accounts.c.balance, point_accounts.c.locked).where(point_accounts.c.account == _account)
_POLICIES = select(points_policies.c.document).order_by(points_policies.c.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """An account's points beside what its ledger adds up to. `locked` is the part that unpaid orders hold."""

    account: str
    balance: int
    locked: int
    ledger_balance: int
    ledger_locked: int

    @property
    def available(self) -> int:
        return self.balance - self.locked


async def grant(
    connection: AsyncConnection,
    account: str,
    points: int,
    *,
    document: str,
    at: datetime,
    reason: str | None = None,
    booked_by: str | None = None,
) -> bool:
    """Give points, or with less than zero take some back: once per document, `False` when it was booked before.

    `reason` and `booked_by` say why, and which operator it was.
    Raises `PointsUnavailable` when so many are not free to be taken.
    """
    booked = await connection.scalar(
        insert(point_movements)
        .values(
            account=account,
            kind="grant",
            source_document=document,
            balance=points,
            locked=0,
            reason=reason,
            booked_by=booked_by,
            at=at,
        )
        .on_conflict_do_nothing()
        .returning(point_movements.c.movement_id)
    )
    if booked is None:
        return False
    await connection.execute(
        insert(point_accounts).values(account=account, balance=0, locked=0).on_conflict_do_nothing()
    )
    after = point_accounts.c.balance + points
    changed = await connection.scalar(
        update(point_accounts)
        .where((point_accounts.c.account == account) & (after >= point_accounts.c.locked))
        .values(balance=after)
        .returning(point_accounts.c.balance)
    )
    if changed is None:
        raise PointsUnavailable(f"there are no {-points} points that could be taken back", points=points)
    return True


async def book(
    connection: AsyncConnection, account: str, kind: str, *, balance: int, locked: int, document: str, at: datetime
) -> None:
    """Change a balance and what is locked of it, with the movement that says so.

    Raises `PointsUnavailable` when that would lock more than there is.
    """
    movement = {"account": account, "kind": kind, "balance": balance, "locked": locked, "document": document, "at": at}
    if await connection.scalar(_BOOK, movement) is None:
        raise PointsUnavailable("there are not so many points to spend", points=max(-balance, locked))


async def balance(connection: AsyncConnection, account: str) -> Balance:
    row = (await connection.execute(_BALANCE, {"account": account})).one()
    return Balance(account=account, **{name: int(value or 0) for name, value in row._mapping.items()})


async def owned(connection: AsyncConnection, account: str) -> tuple[int, int]:
    """What an account owns and what of it is locked, without a look at its ledger."""
    row = (await connection.execute(_OWNED, {"account": account})).one_or_none()
    return (0, 0) if row is None else (row.balance, row.locked)


async def free(connection: AsyncConnection, account: str) -> int:
    """How many points an account has that nothing holds, until the transaction ends."""
    row = (await connection.execute(_OWNED.with_for_update(), {"account": account})).one_or_none()
    return 0 if row is None else row.balance - row.locked


async def put_policy(connection: AsyncConnection, wanted: PointsPolicy, at: datetime) -> None:
    said = {"document": asdict(wanted), "updated_at": at}
    await connection.execute(
        insert(points_policies)
        .values(currency=wanted.currency, **said)
        .on_conflict_do_update(index_elements=["currency"], set_=said)
    )


async def policy(connection: AsyncConnection, currency: str) -> PointsPolicy | None:
    """What points are worth in this currency; `None` where they pay for nothing."""
    document = await connection.scalar(select(points_policies.c.document).where(points_policies.c.currency == currency))
    return None if document is None else PointsPolicy(**document)


async def policies(connection: AsyncConnection) -> Sequence[PointsPolicy]:
    documents = await connection.scalars(_POLICIES)
    return [PointsPolicy(**document) for document in documents]
