"""The ways in which stored orders are listed: whose, with which status, the first page and the one behind it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bench.stored_orders import BUYER, MERCHANT, SMALL_MERCHANT
from cli.client import Api, Caller, JsonObject

_PAGE = 10
"""Full at every size, so that the same is answered."""

List = Callable[[], Awaitable[JsonObject]]


@dataclass(frozen=True, slots=True)
class Listing:
    """`status` is a word of the caller's role; empty for all orders."""

    who: str
    caller: Caller
    status: str = ""

    @property
    def name(self) -> str:
        return f"{self.who}, {self.status or 'any status'}"

    async def page(self, cursor: str = "") -> JsonObject:
        narrowed = {"status": self.status, "cursor": cursor}
        found = await self.caller.get(
            "/v1/orders", limit=_PAGE, **{name: value for name, value in narrowed.items() if value}
        )
        if len(found["items"]) < _PAGE:
            raise RuntimeError(f"{self.name}: a page of {len(found['items'])} orders is not what is measured")
        return found

    async def pages(self) -> dict[str, List]:
        """The calls for the first page and for the one behind it."""
        cursor = (await self.page())["next_cursor"]
        return {f"{self.name}, first page": self.page, f"{self.name}, next page": partial(self.page, cursor)}


def listings(api: Api) -> Sequence[Listing]:
    """Statuses that nearly all orders have, that few have, and that only the newest have."""
    buyer, merchant, operator = api.buyer(BUYER), api.merchant(MERCHANT), api.operator("bench")
    small = api.merchant(SMALL_MERCHANT)
    return [
        *(Listing("buyer", buyer, status) for status in ("", "completed")),
        *(Listing("merchant", merchant, status) for status in ("", "completed", "to_ship")),
        *(Listing("small merchant", small, status) for status in ("", "completed")),
        *(Listing("operator", operator, status) for status in ("", "cancelled", "awaiting_shipment")),
    ]
