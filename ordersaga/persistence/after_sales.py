"""After-sales cases and the units that they claim (R-REV-3 … R-REV-7)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, any_, delete, func, literal_column, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.case import Case, CaseLine, Fault, Kind, Reason, Restock
from ordersaga.domain.after_sales.units import Claim, UnitFate
from ordersaga.domain.errors import NotFound, UnitsNotClaimable
from ordersaga.domain.lifecycle.after_sales import MACHINE, CaseState
from ordersaga.persistence.planning import first_of_kinds, written_out
from ordersaga.persistence.tables.after_sales import after_sales_cases, after_sales_lines, claimed_units
from ordersaga.persistence.tables.orders import orders

_FIXED = (
    "case_no", "order_no", "sequence", "reason", "fault", "table_version", "merchant_id", "opened_by_role",
    "opened_by", "note", "opened_at",
)  # fmt: skip
_CHANGING = (
    "kind", "state", "updated_at", "due_at", "warehouse_id", "return_shipment", "settlement", "replacement_order_no",
    "command",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases to list; a field left out does not narrow."""

    buyer: str | None = None
    merchant_id: str | None = None
    warehouse_id: str | None = None
    order_no: str | None = None
    kind: Kind | None = None
    states: frozenset[str] | None = None

    def whose(self) -> list[ColumnElement[bool]]:
        wanted = {"merchant_id": self.merchant_id, "warehouse_id": self.warehouse_id, "order_no": self.order_no}
        found = [after_sales_cases.c[name] == value for name, value in wanted.items() if value is not None]
        if self.buyer is not None:
            # As an array, for which the cases of each are looked up; joined they may be looked for among all cases.
            mine = select(orders.c.order_no).where(orders.c.buyer == self.buyer).scalar_subquery()
            found.append(after_sales_cases.c.order_no == any_(func.array(mine)))
        return found

    def names_orders(self) -> bool:
        """Whether there are few that are whose they have to be."""
        return self.buyer is not None or self.order_no is not None

    def which(self) -> list[ColumnElement[bool]]:
        found = [] if self.kind is None else [after_sales_cases.c.kind == self.kind]
        return found if self.states is None else [*found, after_sales_cases.c.state.in_(sorted(self.states))]

    def kinds(self) -> Sequence[tuple[str, str]]:
        """The kinds and states of the cases wanted."""
        kinds = [self.kind] if self.kind is not None else list(Kind)
        return sorted((kind, state) for kind in kinds for state in (CaseState if self.states is None else self.states))


async def add(connection: AsyncConnection, case: Case) -> None:
    """Store a case and claim its units. Raises `UnitsNotClaimable` when another case has one of them."""
    await connection.execute(
        insert(after_sales_cases).values({name: getattr(case, name) for name in (*_FIXED, *_CHANGING)})
    )
    await connection.execute(
        insert(after_sales_lines), [{"case_no": case.case_no, **_line_values(line)} for line in case.lines]
    )
    units = [
        {
            "order_no": case.order_no,
            "line_no": line.line_no,
            "unit_no": unit,
            "case_no": case.case_no,
            "state": "claimed",
        }
        for line in case.lines
        for unit in line.units
    ]
    claimed = await connection.execute(
        insert(claimed_units).values(units).on_conflict_do_nothing().returning(claimed_units.c.unit_no)
    )
    if len(claimed.all()) != len(units):
        raise UnitsNotClaimable("another case has some of these units", lines=[])


async def next_sequence(connection: AsyncConnection, order_no: str) -> int:
    """The number that an order's next case has; the caller holds the order's lock."""
    last = await connection.scalar(
        select(func.max(after_sales_cases.c.sequence)).where(after_sales_cases.c.order_no == order_no)
    )
    return int(last or 0) + 1


async def get(connection: AsyncConnection, case_no: str) -> Case | None:
    row = (
        await connection.execute(select(after_sales_cases).where(after_sales_cases.c.case_no == case_no))
    ).one_or_none()
    return None if row is None else (await _cases(connection, [row]))[0]


async def known(connection: AsyncConnection, case_no: str) -> Case:
    """Raises `NotFound`."""
    case = await get(connection, case_no)
    if case is None:
        raise NotFound("there is no such case", case_no=case_no)
    return case


async def of_order(connection: AsyncConnection, order_no: str) -> Sequence[Case]:
    """An order's cases, the first one first."""
    query = select(after_sales_cases).where(after_sales_cases.c.order_no == order_no)
    return await _cases(connection, (await connection.execute(query.order_by(after_sales_cases.c.sequence))).all())


async def page(
    connection: AsyncConnection, wanted: CaseFilter, *, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Case]:
    """Cases, the newest first; however many there are, few are looked at."""
    columns = after_sales_cases.c
    keys = select(columns.opened_at, columns.case_no).where(*wanted.whose())
    if before is not None:
        keys = keys.where(tuple_(columns.opened_at, columns.case_no) < before)
    newest = columns.opened_at.desc(), columns.case_no.desc()
    if wanted.which() and not wanted.names_orders():
        keys = first_of_kinds(keys, (columns.kind, columns.state), wanted.kinds(), limit)
    else:
        keys = keys.where(*wanted.which()).order_by(*newest).limit(written_out(limit))
    found = keys.subquery("found")
    query = select(after_sales_cases).join(found, found.c.case_no == columns.case_no)
    rows = await connection.execute(query.order_by(*newest))
    return await _cases(connection, rows.all())


async def save(connection: AsyncConnection, case: Case) -> None:
    """Store what became of a case and of its lines."""
    await connection.execute(
        update(after_sales_cases)
        .where(after_sales_cases.c.case_no == case.case_no)
        .values({name: getattr(case, name) for name in _CHANGING})
    )
    for line in case.lines:
        await connection.execute(
            update(after_sales_lines)
            .where((after_sales_lines.c.case_no == case.case_no) & (after_sales_lines.c.line_no == line.line_no))
            .values(accepted=_numbers(line.accepted), restock=line.restock)
        )


async def count_open(connection: AsyncConnection, order_no: str) -> int:
    """How many of an order's cases are not over."""
    final: list[ColumnElement[str]] = [
        literal_column(f"'{state}'") for state in sorted(MACHINE.final)
    ]  # as in the index
    query = select(func.count()).where(
        (after_sales_cases.c.order_no == order_no) & after_sales_cases.c.state.not_in(final)
    )
    return int(await connection.scalar(query) or 0)


async def claims(connection: AsyncConnection, order_no: str) -> Mapping[int, Mapping[int, Claim]]:
    """Line number → unit number → which case has the unit, and what became of it."""
    found: defaultdict[int, dict[int, Claim]] = defaultdict(dict)
    for row in await connection.execute(select(claimed_units).where(claimed_units.c.order_no == order_no)):
        found[row.line_no][row.unit_no] = Claim(case_no=row.case_no, fate=UnitFate(row.state))
    return found


async def settle_units(connection: AsyncConnection, case: Case, fate: UnitFate) -> None:
    """What a case took is given for, for ever; the units that it did not take are free again."""
    for line in case.lines:
        mine = (claimed_units.c.case_no == case.case_no) & (claimed_units.c.line_no == line.line_no)
        taken = list(line.taken)
        await connection.execute(delete(claimed_units).where(mine & claimed_units.c.unit_no.not_in(taken)))
        await connection.execute(update(claimed_units).where(mine).values(state=fate))


async def free_units(connection: AsyncConnection, case_no: str) -> None:
    """A case that came to nothing claims nothing any more."""
    await connection.execute(
        delete(claimed_units).where((claimed_units.c.case_no == case_no) & (claimed_units.c.state == UnitFate.CLAIMED))
    )


async def _cases(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Case]:
    lines: defaultdict[str, list[CaseLine]] = defaultdict(list)
    if rows:
        held = select(after_sales_lines).where(after_sales_lines.c.case_no.in_([row.case_no for row in rows]))
        for line in await connection.execute(held.order_by(after_sales_lines.c.line_no)):
            lines[line.case_no].append(
                CaseLine(
                    line_no=line.line_no,
                    units=tuple(line.units),
                    accepted=None if line.accepted is None else tuple(line.accepted),
                    restock=None if line.restock is None else Restock(line.restock),
                    replacement_sku=line.replacement_sku,
                )
            )
    return [_case(row, lines[row.case_no]) for row in rows]


def _case(row: Row[Any], lines: Iterable[CaseLine]) -> Case:
    values = {name: getattr(row, name) for name in (*_FIXED, *_CHANGING)}
    typed = {
        "kind": Kind(row.kind),
        "reason": Reason(row.reason),
        "fault": Fault(row.fault),
        "state": CaseState(row.state),
        "lines": tuple(lines),
    }
    return Case(**{**values, **typed})


def _line_values(line: CaseLine) -> dict[str, Any]:
    return {
        "line_no": line.line_no,
        "units": list(line.units),
        "accepted": _numbers(line.accepted),
        "restock": line.restock,
        "replacement_sku": line.replacement_sku,
    }


def _numbers(units: tuple[int, ...] | None) -> list[int] | None:
    return None if units is None else list(units)
