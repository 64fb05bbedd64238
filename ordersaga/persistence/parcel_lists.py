"""Lists of parcels: whose, and in which states, by number, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Text, cast, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.parcel import OPEN, ParcelState
from ordersaga.persistence.parcels import StoredParcel, with_lines
from ordersaga.persistence.planning import written_out
from ordersaga.persistence.tables.parcels import parcels


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelFilter:
    """Which parcels to list; a field left out does not narrow."""

    merchant_id: str | None = None
    warehouse_id: str | None = None
    order_no: str | None = None
    state: ParcelState | None = None
    open_only: bool = False

    def whose(self) -> list[ColumnElement[bool]]:
        wanted = {"merchant_id": self.merchant_id, "warehouse_id": self.warehouse_id, "order_no": self.order_no}
        return [parcels.c[name] == value for name, value in wanted.items() if value is not None]

    def states(self) -> frozenset[ParcelState]:
        states = OPEN if self.open_only else frozenset(ParcelState)
        return states if self.state is None else states & {self.state}


async def page(connection: AsyncConnection, wanted: ParcelFilter, *, after: str, limit: int) -> Sequence[StoredParcel]:
    """Parcels behind the number `after`, with their lines: however many there are, few are looked at."""
    states, behind = wanted.states(), parcels.c.parcel_no > after
    query = select(parcels).where(behind, *wanted.whose())
    if wanted.order_no is not None:
        query = query.where(parcels.c.state.in_(sorted(states)))
    elif wanted.whose() or states != frozenset(ParcelState):
        found = _of_each_state(wanted, states, behind, limit).subquery("found")
        query = select(parcels).join(found, found.c.parcel_no == parcels.c.parcel_no)
    return await with_lines(connection, query.order_by(parcels.c.parcel_no).limit(written_out(limit)))


def _of_each_state(
    wanted: ParcelFilter, states: frozenset[ParcelState], behind: ColumnElement[bool], limit: int
) -> Select[tuple[str]]:
    """An index has the parcels of each state by their number, but not those of several: each has its turn."""
    each = func.unnest(cast(sorted(states), ARRAY(Text))).table_valued("state", name="each").render_derived()
    own = select(parcels.c.parcel_no).where(behind, *wanted.whose(), parcels.c.state == each.c.state)
    first = own.order_by(parcels.c.parcel_no).limit(written_out(limit)).lateral("first")
    return (
        select(first.c.parcel_no)
        .select_from(each.join(first, true()))
        .order_by(first.c.parcel_no)
        .limit(written_out(limit))
    )
