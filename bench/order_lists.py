"""The ways in which stored orders and parcels are listed: whose and which, the first page and the one behind it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from bench.stored_orders import (
    BUYER,
    MERCHANT,
    MIDDLE_MERCHANT,
    RARE_TYPE,
    SMALL_MERCHANT,
    SMALL_WAREHOUSE,
    WAREHOUSE,
)
from cli.client import Api, Caller, JsonObject

_PAGE = 10
"""Full at every size, so that the same is answered."""

List = Callable[[], Awaitable[JsonObject]]


@dataclass(frozen=True, slots=True)
class Listing:
    """`which` narrows the list as its query does. Of some only the first page is asked: there is no other that is full
    when few orders are stored, or it costs the same.
    """

    who: str
    caller: Caller
    which: dict[str, str] = field(default_factory=dict)
    path: str = "/v1/orders"
    further: bool = False

    @property
    def name(self) -> str:
        narrowed = " ".join(value if name == "status" else f"{name}={value}" for name, value in self.which.items())
        return f"{self.who}, {narrowed or 'any'}{'' if self.path == '/v1/orders' else ' ' + self.path}"

    async def page(self, cursor: str = "") -> JsonObject:
        asked = self.which | ({"cursor": cursor} if cursor else {})
        found = await self.caller.get(self.path, limit=_PAGE, **asked)
        if len(found["items"]) < _PAGE:
            raise RuntimeError(f"{self.name}: a page of {len(found['items'])} is not what is measured")
        return found

    async def pages(self) -> dict[str, List]:
        """The calls for the first page, and for the one behind it."""
        first: dict[str, List] = {f"{self.name}, first page": self.page}
        if not self.further:
            return first
        cursor = (await self.page())["next_cursor"]
        return first | {f"{self.name}, next page": partial(self.page, cursor)}


def listings(api: Api) -> Sequence[Listing]:
    """Of somebody with many, with some, with few; what nearly all are, what few are, and what only the newest are."""
    buyer, operator = api.buyer(BUYER), api.operator("bench")
    merchants = {
        "merchant": api.merchant(MERCHANT),
        "middle merchant": api.merchant(MIDDLE_MERCHANT),
        "small merchant": api.merchant(SMALL_MERCHANT),
    }
    warehouses = {"warehouse": api.warehouse(WAREHOUSE), "small warehouse": api.warehouse(SMALL_WAREHOUSE)}
    parcels = "/v1/parcels"
    return [
        Listing("buyer", buyer, further=True),
        Listing("buyer", buyer, {"status": "completed"}),
        *(Listing(who, caller, further=True) for who, caller in merchants.items()),
        *(Listing(who, caller, {"status": "completed"}) for who, caller in merchants.items()),
        *(Listing(who, merchants[who], {"status": "to_ship"}) for who in ("merchant", "middle merchant")),
        *(Listing(who, caller, further=True) for who, caller in warehouses.items()),
        Listing("warehouse", warehouses["warehouse"], {"status": "to_ship"}),
        Listing("small warehouse", warehouses["small warehouse"], {"status": "completed"}),
        Listing("operator", operator, further=True),
        *(Listing("operator", operator, {"status": status}) for status in ("cancelled", "awaiting_shipment")),
        Listing("operator", operator, {"order_type": RARE_TYPE}, further=True),
        Listing("operator", operator, {"status": "completed", "order_type": RARE_TYPE}),
        Listing("merchant", merchants["merchant"], path=parcels),
        Listing("small merchant", merchants["small merchant"], path=parcels),
        Listing("operator", operator, {"open": "true"}, parcels, further=True),
        *(Listing(who, caller, {"open": "true"}, parcels) for who, caller in warehouses.items()),
        Listing("small warehouse", warehouses["small warehouse"], {"state": "delivered"}, parcels),
    ]
