"""What waits for a run in Temporal, and what is over and needs none (W3)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BindParameter, DateTime, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.after_sales import MACHINE
from ordersaga.domain.lifecycle.parcel import ENDS, ParcelState
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.reconciliation import Horizon, Kind
from ordersaga.persistence.comparing import final_states


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something with a run of its own; `run` is the workflow's id."""

    run: str
    subject: str
    order_no: str | None
    state: str


@dataclass(frozen=True, slots=True)
class Runs:
    """Which rows wait for a run: those not over, unless it is said which. An id's last part is the `number`."""

    kind: Kind
    prefix: str
    source: str
    over: str
    waits: str = ""


_REFUND = "CASE WHEN source_document = 'payment/' || payment_id THEN payment_id ELSE refund_no END"
_PARCELS_ENDS = ", ".join(f"'{state}'" for state in sorted(ENDS))
_FOLLOWING = ", ".join(f"'{state}'" for state in (State.IN_PRODUCTION, State.PARTLY_SHIPPED, State.SHIPPED))
"""An order follows its parcels in these states, and leaves them when it hears that the last one has ended."""
_UNTOLD = f"""order_no IN (
    SELECT order_no FROM orders WHERE state IN ({_FOLLOWING}) AND NOT EXISTS (
        SELECT 1 FROM parcels WHERE parcels.order_no = orders.order_no AND parcels.state NOT IN ({_PARCELS_ENDS})))"""  # noqa: S608 - ours

RUNS: Mapping[str, Runs] = {
    "orders' runs": Runs(
        Kind.ORDER_WITHOUT_RUN,
        "order/",
        "(SELECT order_no AS number, order_no AS subject, order_no, state, updated_at FROM orders)",
        "state = ANY(:final)",
    ),
    "cases' runs": Runs(
        Kind.CASE_WITHOUT_RUN,
        "after-sales/",
        "(SELECT case_no AS number, case_no AS subject, order_no, state, updated_at FROM after_sales_cases)",
        "state = ANY(:closed)",
    ),
    "refunds' runs": Runs(
        Kind.REFUND_WITHOUT_RUN,
        "refund/",
        f"(SELECT {_REFUND} AS number, refund_no AS subject, order_no, state, updated_at FROM refunds)",  # noqa: S608 - ours
        "state IN ('succeeded', 'settled')",
    ),
    "groups' runs": Runs(
        Kind.GROUP_WITHOUT_RUN,
        "group/",
        "(SELECT group_code AS number, group_code AS subject, NULL AS order_no, state, updated_at FROM groups)",
        "state NOT IN ('forming', 'full')",
    ),
    "parcels' runs": Runs(
        Kind.PARCEL_WITHOUT_RUN,
        "parcel/",
        "(SELECT parcel_no AS number, parcel_no AS subject, order_no, state, updated_at FROM parcels)",
        f"state IN ({_PARCELS_ENDS})",
        # Before its first report it has no run. Once it has ended its order was told, unless that was away.
        waits=f"(state NOT IN ({_PARCELS_ENDS}, '{ParcelState.CREATED}') OR state IN ({_PARCELS_ENDS}) AND {_UNTOLD})",
    ),
}

_TYPES: Mapping[str, BindParameter[Any]] = {
    "settled": bindparam("settled", type_=DateTime(timezone=True)),
    **{name: bindparam(name, type_=ARRAY(Text)) for name in ("final", "closed", "numbers")},
}


async def waiting(
    connection: AsyncConnection, runs: Runs, horizon: Horizon, numbers: Sequence[str] | None = None
) -> AsyncIterator[Waiting]:
    """What waits for its run; of these `numbers` alone, if they are given."""
    async for found in _rows(connection, runs, runs.waits or f"NOT ({runs.over})", horizon, numbers):
        yield found


async def over(
    connection: AsyncConnection, runs: Runs, horizon: Horizon, numbers: Sequence[str]
) -> AsyncIterator[Waiting]:
    """Which of these need no run any more."""
    async for found in _rows(connection, runs, runs.over, horizon, numbers):
        yield found


async def _rows(
    connection: AsyncConnection, runs: Runs, condition: str, horizon: Horizon, numbers: Sequence[str] | None
) -> AsyncIterator[Waiting]:
    query = f"SELECT number, subject, order_no, state FROM {runs.source} AS held WHERE {condition}"  # noqa: S608 - ours
    query += " AND updated_at < :settled" + (" AND number = ANY(:numbers)" if numbers is not None else "")
    values = {
        "settled": horizon.settled,
        "final": sorted(final_states()),
        "closed": sorted(MACHINE.final),
        "numbers": list(numbers or ()),
    }
    wanted = {name: value for name, value in values.items() if f":{name}" in query}
    statement = text(f"{query} ORDER BY number").bindparams(*(_TYPES[name] for name in wanted))
    async for row in await connection.stream(statement, wanted):
        yield Waiting(f"{runs.prefix}{row.number}", row.subject, row.order_no, row.state)
