"""The pool of codes: entered once, taken by one unit of one order, given back unseen (R-TYPE-4)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Text, any_, bindparam, case, func, literal, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.catalogue import Delivery
from ordersaga.domain.codes import CodeDemand, CodeState, SealedCode
from ordersaga.domain.errors import OutOfStock
from ordersaga.persistence.locks import AdvisoryLock
from ordersaga.persistence.stock import Shelves
from ordersaga.persistence.tables.catalogue import skus
from ordersaga.persistence.tables.codes import digital_codes

MOST_COUNTED = 10_000
"""As many free units a SKU is said to have at most: more are not counted, and entitlements have no number."""

# A parameter in place of the word would keep PostgreSQL from the index of what is free.
_IS_FREE = digital_codes.c.state == literal_column(f"'{CodeState.AVAILABLE}'")
_FREE = (
    select(digital_codes.c.code_id)
    .where((digital_codes.c.sku == bindparam("sku")) & _IS_FREE)
    .order_by(digital_codes.c.code_id)
    .limit(bindparam("wanted"))
)
_FREE_OF_OTHERS = _FREE.with_for_update(skip_locked=True)
_FREE_IN_THE_END = _FREE.with_for_update()

_HOLD = text("""
    UPDATE digital_codes SET state = 'held', order_no = :order_no, line_no = taken.line_no, unit = taken.unit
    FROM unnest(CAST(:code_ids AS bigint[]), CAST(:line_nos AS int[]), CAST(:units AS int[]))
        AS taken (code_id, line_no, unit)
    WHERE digital_codes.code_id = taken.code_id
""")

_COUNTED = (
    select(literal(1))
    .where((digital_codes.c.sku == skus.c.sku) & _IS_FREE)
    .limit(MOST_COUNTED)
    .correlate(skus)
    .subquery("counted")
)
FREE = case(
    (skus.c.delivery == Delivery.ENTITLEMENT, MOST_COUNTED),
    else_=select(func.count()).select_from(_COUNTED.lateral()).scalar_subquery(),
)
"""How many units of a SKU that is not shipped can be had, as a column beside `skus`."""
_AVAILABLE = select(skus.c.sku, FREE.label("free")).where(skus.c.sku == any_(bindparam("skus", type_=ARRAY(Text))))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredCode:
    code_id: int
    digest: str
    sealed: str
    revealed_at: datetime | None


async def add(connection: AsyncConnection, sku: str, codes: Sequence[SealedCode], at: datetime) -> list[int]:
    """Enter new codes; the answer is the places of those that were known, here or of another SKU."""
    # Digests of an old key and of a new one are no match for a constraint: codes are entered one after the other.
    await connection.execute(select(func.pg_advisory_xact_lock(AdvisoryLock.CODES.value)))
    wanted = [digest for code in codes for digest in code.digests]
    query = select(digital_codes.c.digest).where(digital_codes.c.digest == any_(bindparam("d", type_=ARRAY(Text))))
    seen = set(await connection.scalars(query, {"d": wanted}))
    fresh, known = [], []
    for place, code in enumerate(codes):
        if seen.isdisjoint(code.digests):
            fresh.append({"sku": sku, "digest": code.digest, "sealed": code.sealed, "added_at": at})
        else:
            known.append(place)
        seen.add(code.digest)
    if fresh:
        await connection.execute(insert(digital_codes), fresh)
    return known


async def counts(connection: AsyncConnection, sku: str) -> Mapping[CodeState, int]:
    """How many codes of a SKU are in each state."""
    rows = await connection.execute(
        select(digital_codes.c.state, func.count()).where(digital_codes.c.sku == sku).group_by(digital_codes.c.state)
    )
    found = {state: int(number) for state, number in rows}
    return {state: found.get(state, 0) for state in CodeState}


async def shelves(connection: AsyncConnection, wanted: Iterable[str]) -> Shelves:
    """What is free of goods that lie in no warehouse, `MOST_COUNTED` units at most."""
    rows = await connection.execute(_AVAILABLE, {"skus": list(wanted)})
    return Shelves({row.sku: {"": int(row.free)} for row in rows}, {})


async def take(connection: AsyncConnection, order_no: str, demands: Sequence[CodeDemand]) -> None:
    """Take a code for each unit, all or nothing. Raises `OutOfStock`.

    Codes that others are about to take are passed over. Where too few are left the others are waited for, in an order
    that all share and holding nothing: they may yet come to nothing, and then it is not sold out.
    """
    wanted = Counter[str]()
    for demand in demands:
        wanted[demand.sku] += demand.quantity
    async with connection.begin_nested() as attempt:
        free, short = await _free(connection, wanted, wait=False)
        if short:
            await attempt.rollback()
    if short:
        free, short = await _free(connection, wanted, wait=True)
    if short:
        raise OutOfStock("there are not enough codes", items=short)
    units = [
        (free[demand.sku].pop(0), demand.line_no, unit) for demand in demands for unit in range(1, demand.quantity + 1)
    ]
    code_ids, line_nos, numbers = zip(*units, strict=True)
    await connection.execute(
        _HOLD, {"order_no": order_no, "code_ids": code_ids, "line_nos": line_nos, "units": numbers}
    )


async def _free(
    connection: AsyncConnection, wanted: Mapping[str, int], *, wait: bool
) -> tuple[dict[str, list[int]], list[dict[str, object]]]:
    """Locked codes of each SKU, and what is short of what is wanted."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    query = _FREE_IN_THE_END if wait else _FREE_OF_OTHERS
    for sku, quantity in sorted(wanted.items()):
        found[sku] = list(await connection.scalars(query, {"sku": sku, "wanted": quantity}))
    short: list[dict[str, object]] = [
        {"sku": sku, "requested": quantity, "available": len(found[sku])}
        for sku, quantity in sorted(wanted.items())
        if len(found[sku]) < quantity
    ]
    return found, short


async def sell(connection: AsyncConnection, order_no: str) -> None:
    """What the order holds is delivered to it."""
    here = (digital_codes.c.order_no == order_no) & (digital_codes.c.state == CodeState.HELD)
    await connection.execute(update(digital_codes).where(here).values(state=CodeState.SOLD))


async def give_back(connection: AsyncConnection, order_no: str) -> None:
    """Whatever the order has of the pool and nobody has seen may be sold to somebody else."""
    here = (digital_codes.c.order_no == order_no) & digital_codes.c.revealed_at.is_(None)
    await connection.execute(
        update(digital_codes).where(here).values(state=CodeState.AVAILABLE, order_no=None, line_no=None, unit=None)
    )


async def of_line(connection: AsyncConnection, order_no: str, line_no: int) -> list[DeliveredCode]:
    """The codes that were delivered for a line, unit by unit."""
    columns = (digital_codes.c.code_id, digital_codes.c.digest, digital_codes.c.sealed, digital_codes.c.revealed_at)
    rows = await connection.execute(
        select(*columns)
        .where((digital_codes.c.order_no == order_no) & (digital_codes.c.line_no == line_no))
        .where(digital_codes.c.state == CodeState.SOLD)
        .order_by(digital_codes.c.unit)
    )
    return [DeliveredCode(**row._mapping) for row in rows]


async def mark_revealed(connection: AsyncConnection, order_no: str, line_no: int, at: datetime) -> None:
    await connection.execute(
        update(digital_codes)
        .where((digital_codes.c.order_no == order_no) & (digital_codes.c.line_no == line_no))
        .where(digital_codes.c.revealed_at.is_(None))
        .values(revealed_at=at)
    )


async def revealed(connection: AsyncConnection, order_no: str) -> int:
    """How many codes of an order its buyer has seen."""
    query = select(func.count(digital_codes.c.revealed_at)).where(digital_codes.c.order_no == order_no)
    return int(await connection.scalar(query) or 0)
