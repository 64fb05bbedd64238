"""The books compared with each other: each check a few set-based queries over one view of the database.

Nothing is locked and nothing can be written meanwhile; only differences leave the database, `most` of a kind.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, BindParameter, DateTime, Text, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.replacement import EXCHANGE
from ordersaga.domain.lifecycle import after_sales
from ordersaga.domain.lifecycle.paid import paid_states
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.order_numbers import order_no_of
from ordersaga.domain.reconciliation import Discrepancy, Horizon, Kind, Look
from ordersaga.persistence.database import Database
from ordersaga.persistence.differences import money, offers, stock
from ordersaga.persistence.tables.after_sales import after_sales_cases

CHECKS: Mapping[str, Mapping[Kind, str]] = {
    "stock": stock.QUERIES,
    "points": offers.POINTS,
    "coupons": offers.COUPONS,
    "offers": offers.OFFERS,
    "limits": offers.LIMITS,
    "payments": money.PAYMENTS,
    "refunds": money.REFUNDS,
    "cases": money.CASES,
}
"""By the book that each looks at."""

_PATIENCE = 900.0
"""Seconds that a query over everything may take."""
_KEPT = frozenset({State.COMPLETED, State.REFUNDED})
"""Orders that ended so were bought, whatever came back of them later."""
_TYPES: Mapping[str, BindParameter[Any]] = {
    **{name: bindparam(name, type_=DateTime(timezone=True)) for name in ("settled", "abandoned", "stuck")},
    **{name: bindparam(name, type_=ARRAY(Text)) for name in ("final", "nothing", "closed", "kept")},
}
_PAID = ("order_types", "table_versions", "states", "instalments", "surely")


async def compare(database: Database, check: str, horizon: Horizon) -> Look:
    """Everything that one of `CHECKS` finds, all of it in the same moment."""
    differences: list[Discrepancy] = []
    complete = True
    async with database.snapshot(_PATIENCE) as connection:
        values = {**_parameters(horizon), "kept": await _kept(connection)}
        for kind, query in CHECKS[check].items():
            found = await _differences(connection, kind, query, values)
            complete = complete and len(found) < horizon.most
            differences.extend(found)
    return Look(
        check=check,
        kinds=frozenset(CHECKS[check]),
        at=horizon.at,
        differences=tuple(differences),
        complete=complete,
    )


async def _differences(
    connection: AsyncConnection, kind: Kind, query: str, parameters: Mapping[str, Any]
) -> Sequence[Discrepancy]:
    values = {name: value for name, value in parameters.items() if f":{name}" in query}
    statement = text(query).bindparams(*(_TYPES[name] for name in values if name in _TYPES))
    rows = await connection.stream(statement, values)
    return [
        Discrepancy(kind=kind, subject=row.subject, order_no=row.order_no, expected=row.expected, found=row.found)
        async for row in rows
    ]


async def _kept(connection: AsyncConnection) -> list[str]:
    """The numbers under which goods are kept for living cases, before there is an order of that number."""
    cases = after_sales_cases.c
    living = select(cases.case_no, cases.opened_at).where(cases.state.not_in(sorted(after_sales.MACHINE.final)))
    return [order_no_of(f"{EXCHANGE}:{case_no}", at) async for case_no, at in await connection.stream(living)]


def _parameters(horizon: Horizon) -> dict[str, Any]:
    final = final_states()
    return {
        "settled": horizon.settled,
        "abandoned": horizon.abandoned,
        "stuck": horizon.stuck,
        "most": horizon.most,
        "final": sorted(final),
        "nothing": sorted(final - _KEPT),
        "closed": sorted(after_sales.MACHINE.final),
        **_paid_states(),
    }


def final_states() -> frozenset[str]:
    """The states in which orders of any type are over."""
    return frozenset(state for kind in ORDER_TYPES.values() for machine in kind.machines for state in machine.final)


def _paid_states() -> dict[str, list[Any]]:
    rows = [
        (name, machine.version, paid.state, paid.instalment.value, paid.surely)
        for name, kind in ORDER_TYPES.items()
        for machine in kind.machines
        for paid in paid_states(machine)
    ]
    return {name: [row[place] for row in rows] for place, name in enumerate(_PAID)}
