"""What a scene plays on: people who call the API and are heard doing so, and checks that must hold."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from cli.client import Answer, Api, Caller, JsonObject
from cli.purchase import goods
from cli.walkthrough.gist import gist
from cli.walkthrough.timeline import timeline
from devstack.ready import Addresses
from ordersaga.domain.money import Money

_BETWEEN_LOOKS = 0.25
BY_HAND = "demo-by-hand"
"""The warehouse in which the scenes work themselves, and the simulator does not."""


class SceneFailed(Exception):
    """Something did not go as the scene says it must."""


@dataclass(slots=True)
class Stage:
    """One scene's stage. `page` takes what is narrated, in order; `None` ends it."""

    api: Api
    addresses: Addresses
    name: str
    page: asyncio.Queue[RenderableType | None] = field(default_factory=asyncio.Queue)

    def say(self, text: str, style: str = "") -> None:
        self.page.put_nowait(Padding(Text(text, style=style), (0, 0, 0, 2)))

    def show(self, shown: RenderableType) -> None:
        self.page.put_nowait(Padding(shown, (0, 0, 0, 6)))

    def check(self, rule: str, held: bool, found: object = "") -> None:
        """Raises `SceneFailed` unless `held`."""
        if not held:
            raise SceneFailed(f"{rule}: not so{f', but {found}' if found != '' else ''}")
        self.page.put_nowait(Padding(Text.assemble(("✓ ", "green"), rule), (0, 0, 0, 2)))

    def equal(self, rule: str, found: object, wanted: object) -> None:
        self.check(f"{rule}: {wanted}", found == wanted, found)

    def buyer(self, name: str) -> "Actor":
        """A buyer of this scene only: the same name in another scene is somebody else."""
        return Actor(self, name, self.api.buyer(f"{name}-{self.name}"))

    @property
    def operator(self) -> "Actor":
        return Actor(self, "operator", self.api.operator(f"operator-{self.name}"))

    def merchant(self, merchant_id: str = "ordersaga") -> "Actor":
        return Actor(self, f"seller {merchant_id}", self.api.merchant(merchant_id))

    def warehouse(self, warehouse_id: str = BY_HAND) -> "Actor":
        return Actor(self, "warehouse", self.api.warehouse(warehouse_id))

    @property
    def downstream(self) -> "Actor":
        """The system that keeps the books."""
        return Actor(self, "bookkeeping", self.api.downstream())

    async def shelve(self, sku: str, price: int, on_hand: int, *, name: str = "Demo goods", **more: Any) -> None:
        """Offer a SKU of this scene's own in the platform's shop, in New Taiwan dollars and cents."""
        body = {
            "name": name,
            "price": {"amount": price, "currency": "TWD"},
            "merchant_id": "ordersaga",
            "stock": {"tpe-1": on_hand},
            "weight_g": 500,
            "length_mm": 200,
            "width_mm": 150,
            "height_mm": 100,
            "transport_class": "ordinary",
            "order_type": "standard",
            "stock_policy": "deduct_at_submit",
            **more,
        }
        doing = f"offers {on_hand} × {sku} at {Money(price, 'TWD')}"
        await self.operator.put(doing, f"/v1/admin/skus/{sku}", body)

    async def shelve_by_hand(self, sku: str, price: int, on_hand: int, **more: Any) -> None:
        """The same in the warehouse where parcels wait for the scene."""
        place = {"name": "By hand", "country": "TW", "region": "Taipei", "city": "Taipei", "postal_code": "105"}
        await self.operator.caller.put(f"/v1/admin/warehouses/{BY_HAND}", place)
        await self.shelve(sku, price, on_hand, stock={BY_HAND: on_hand}, **more)

    async def campaign(self, sku: str, order_type: str, price: int, *, seconds: float = 600, **more: Any) -> str:
        """Offer a SKU as another order type for so long from now on. Gives the campaign's code."""
        code, now = f"{sku}-CAMPAIGN", datetime.now(UTC)
        body = {
            "order_type": order_type,
            "name": "Demo campaign",
            "sku": sku,
            "price": {"amount": price, "currency": "TWD"},
            "starts_at": (now - timedelta(minutes=1)).isoformat(),
            "ends_at": (now + timedelta(seconds=seconds)).isoformat(),
            **more,
        }
        doing = f"offers {sku} as {order_type.replace('_', ' ')} at {Money(price, 'TWD')}"
        await self.operator.put(doing, f"/v1/admin/campaigns/{code}", body)
        return code

    async def stock(self, sku: str) -> tuple[int, int]:
        """On hand and reserved, having seen that both are what the ledger adds up to."""
        found = await self.operator.caller.get(f"/v1/admin/stock/{sku}")
        ledger = found["ledger_sum"]
        balance = {name: found[name] for name in ledger}
        if balance != ledger:
            raise SceneFailed(f"stock of {sku} is {balance}, its ledger adds up to {ledger}")
        return found["on_hand"], found["reserved"]

    async def until(
        self,
        rule: str,
        look: Callable[[], Awaitable[Any]],
        held: Callable[[Any], bool],
        *,
        within: float = 30.0,
    ) -> Any:
        """Look again and again until what is seen is as the rule says. Raises `SceneFailed` after `within` seconds."""
        began = time.monotonic()
        while not held(seen := await look()):
            if time.monotonic() - began > within:
                raise SceneFailed(f"{rule}: not within {within:.0f} s; last seen: {seen}")
            await asyncio.sleep(_BETWEEN_LOOKS)
        self.check(f"{rule} ({time.monotonic() - began:.1f} s later)", True)
        return seen


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody in a scene. `get`, `post` … must succeed; `refused` must be refused with the given status and code."""

    stage: Stage
    name: str
    caller: Caller

    async def get(self, doing: str, path: str) -> JsonObject:
        return await self._succeed(doing, "GET", path, None)

    async def post(self, doing: str, path: str, body: JsonObject, *, key: str | None = None) -> JsonObject:
        return await self._succeed(doing, "POST", path, body, key)

    async def put(self, doing: str, path: str, body: JsonObject) -> JsonObject:
        return await self._succeed(doing, "PUT", path, body)

    async def patch(self, doing: str, path: str, body: JsonObject) -> JsonObject:
        return await self._succeed(doing, "PATCH", path, body)

    async def refused(
        self, doing: str, method: str, path: str, body: JsonObject | None = None, *, status: int, code: str
    ) -> JsonObject:
        answer = await self._do(doing, method, path, body, None)
        if (answer.status, answer.body.get("code")) != (status, code):
            raise SceneFailed(f"{method} {path} was to be refused with {status} {code}, but: {answer}")
        return answer.body

    async def _succeed(
        self, doing: str, method: str, path: str, body: JsonObject | None, key: str | None = None
    ) -> JsonObject:
        answer = await self._do(doing, method, path, body, key)
        if answer.status >= 400:
            raise SceneFailed(f"{method} {path} was refused: {answer}")
        return answer.body

    async def _do(self, doing: str, method: str, path: str, body: JsonObject | None, key: str | None) -> Answer:
        answer = await self.caller.ask(method, path, body, key=key)
        shown_path = path if path.startswith("/") else "…/" + path.rpartition("/")[2]
        said = Text.assemble((self.name, "bold"), f" {doing}")
        called = Text.assemble((f"    {method} {shown_path} ", "cyan"), ("→ ", "dim"), gist(answer, path))
        self.stage.page.put_nowait(Padding(Text("\n").join((said, called)), (0, 0, 0, 2)))
        return answer

    async def preview(self, *items: tuple[str, int], ships: bool = True, **wishes: Any) -> JsonObject:
        """Preview goods sent to the buyer's home, or nowhere, with what the buyer wishes besides."""
        body = {"items": goods(*items), **({"address": home(self.name)} if ships else {}), **wishes}
        what = " and ".join(f"{quantity} × {sku}" for sku, quantity in items)
        return await self.post(f"previews {what}", "/v1/quotes", body)

    async def submit(self, quote: JsonObject) -> JsonObject:
        return await self.post("submits the quote", "/v1/orders", {"quote_token": quote["quote_token"]})

    async def place(self, *items: tuple[str, int], ships: bool = True, **wishes: Any) -> str:
        """Preview and submit. Gives the order number."""
        return str((await self.submit(await self.preview(*items, ships=ships, **wishes)))["order_no"])

    async def pay(self, order_no: str, channel: str = "card", outcome: str = "succeed") -> JsonObject:
        """Open an attempt and play its end at the cashier. Gives the attempt."""
        path = f"/v1/orders/{order_no}/payments"
        payment = await self.post(f"chooses to pay by {channel}", path, {"channel": channel})
        doing = {"succeed": "pays at the cashier", "fail": "is declined at the cashier"}.get(outcome, "closes the page")
        await self.post(doing, f"{payment['cashier_url']}/simulate", {"outcome": outcome})
        return payment

    async def order(self, order_no: str) -> JsonObject:
        """The order as this person sees it, without a word about it."""
        return await self.caller.get(f"/v1/orders/{order_no}")

    async def sees(self, order_no: str, status: str, *, within: float = 30.0) -> JsonObject:
        """Wait until the order has this status. Gives the order."""
        shown: JsonObject = await self.stage.until(
            f"the order is {status}",
            lambda: self.order(order_no),
            lambda order: bool(order["status"] == status),
            within=within,
        )
        return shown

    async def timeline(self, order_no: str) -> list[JsonObject]:
        """Print every transition that this person may see, and give them."""
        found = await self.get("reads the timeline", f"/v1/orders/{order_no}/timeline")
        items: list[JsonObject] = found["items"]
        self.stage.show(timeline(items))
        return items


def home(name: str) -> JsonObject:
    """An address in Taipei."""
    return {
        "name": name.capitalize(),
        "phone": "+886 2 5550 0100",
        "line1": "1 Minsheng Road",
        "city": "Taipei",
        "region": "Taipei",
        "postal_code": "105",
        "country": "TW",
    }
