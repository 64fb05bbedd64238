"""Lists of parcels: whose, and in which states, by number, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.parcel import OPEN, ParcelState
from ordersaga.persistence.parcels import StoredParcel, with_lines
from ordersaga.persistence.planning import first_of_kinds, written_out
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
        keys = select(parcels.c.parcel_no).where(behind, *wanted.whose())
        kinds = [(state,) for state in sorted(states)]
        found = first_of_kinds(keys, (parcels.c.state,), kinds, limit, descending=False).subquery("found")
        query = select(parcels).join(found, found.c.parcel_no == parcels.c.parcel_no)
    return await with_lines(connection, query.order_by(parcels.c.parcel_no).limit(written_out(limit)))
