"""A shop to test with: people who call the API, goods of their own, and waits that end."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import httpx

from api.authentication import Role, development_token
from devstack.secrets import StackSecrets, load_secrets
from devstack.stack import Stack

Document = dict[str, Any]
Seen = TypeVar("Seen")

PATIENCE = 45.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.3
TAIPEI: Document = {
    "name": "王小明",
    "phone": "+886 2 5550 0100",
    "line1": "民生東路一段1號",
    "city": "Taipei",
    "region": "Taipei",
    "postal_code": "105",
    "country": "TW",
}
DELIVERED = ("delivered", "received", "completed")
"""The system states of an order that has arrived: it is in the first and in the second one for seconds only."""
WAY_OF_A_PARCEL = ("label_printed", "picked", "packed", "handed_over", "in_transit", "delivered")

_shops = itertools.count(1)


async def until(look: Callable[[], Awaitable[Seen]], held: Callable[[Seen], bool], within: float = PATIENCE) -> Seen:
    """Look again and again until what is seen is right; fails with what was seen last.

    The longer it takes the less often it looks: many who wait keep nobody from what they wait for.
    """
    begun = time.monotonic()
    while not held(seen := await look()):
        waited = time.monotonic() - begun
        assert waited < within, f"not within {within} s; last seen: {seen}"
        await asyncio.sleep(min(max(_SHORTEST_PAUSE, waited / 8), _LONGEST_PAUSE))
    return seen


def callers_of(url: str) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=120, max_keepalive_connections=120)
    return httpx.AsyncClient(base_url=url, timeout=60, limits=limits, trust_env=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who calls the API. `ask` takes any answer; `get`, `post` … want a success and give its document."""

    http: httpx.AsyncClient
    subject: str
    token: str | None

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        if content is not None:
            return await self.http.request(method, path, headers=sent, content=content)
        return await self.http.request(method, path, headers=sent, json=body)

    async def insists(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """The answer to a POST that is sent again, as it was, for as long as it is told to come back later.

        That is what the `Retry-After` of a busy shop asks of a buyer, and no request is made twice by it.
        """

        async def told() -> httpx.Response:
            return await self.ask("POST", path, body, key=key)

        return await until(told, lambda answer: answer.status_code == 500 or "retry-after" not in answer.headers)

    async def get(self, path: str) -> Document:
        return succeeded(await self.ask("GET", path))

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Document:
        return succeeded(await self.ask("POST", path, body, key=key))

    async def put(self, path: str, body: Any) -> Document:
        return succeeded(await self.ask("PUT", path, body))

    async def patch(self, path: str, body: Any) -> Document:
        return succeeded(await self.ask("PATCH", path, body))

    async def orders(self) -> list[str]:
        """The numbers of every order that this person sees, the newest first."""
        return [order["order_no"] for order in (await self.get("/v1/orders?limit=200"))["items"]]

    async def order(self, order_no: str) -> Document:
        return await self.get(f"/v1/orders/{order_no}")

    async def timeline(self, order_no: str) -> list[Document]:
        items: list[Document] = (await self.get(f"/v1/orders/{order_no}/timeline"))["items"]
        return items


def succeeded(answer: httpx.Response) -> Document:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return dict(answer.json())


def moved_the_order(item: Document) -> bool:
    """Whether a row of a timeline brought the order, and not only a payment or a parcel, into another state."""
    return bool(item["subject"] == "order" and item["from"] != item["to"])


def refused(answer: httpx.Response, status: int, code: str) -> Document:
    """The problem document of an answer that was to be this refusal."""
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (
        status,
        "application/problem+json",
    ), f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    problem: Document = answer.json()
    assert problem["code"] == code, problem
    assert problem["status"] == status
    return problem


@dataclass(slots=True)
class Shop:
    """Goods, merchants, warehouses and people whose names no other test knows. Prices are in TWD cents."""

    stack: Stack
    http: httpx.AsyncClient
    mark: str
    secrets: StackSecrets = field(repr=False)
    _goods: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def open(cls, stack: Stack, http: httpx.AsyncClient) -> Self:
        """With one merchant and one warehouse, called by `merchant_id()` and `warehouse_id()`."""
        shop = cls(stack, http, f"t{next(_shops)}", secrets=load_secrets(stack.folder.secrets))
        await shop.opens_merchant()
        await shop.opens_warehouse()
        return shop

    def merchant_id(self, name: str = "own") -> str:
        return f"{self.mark}-m-{name}"

    def warehouse_id(self, name: str = "own") -> str:
        return f"{self.mark}-w-{name}"

    def buyer(self, name: str = "alice") -> Person:
        return self.person(Role.BUYER, f"{self.mark}-{name}")

    @property
    def operator(self) -> Person:
        return self.person(Role.OPERATOR, f"{self.mark}-operator")

    def merchant(self, name: str = "own") -> Person:
        return self.person(Role.MERCHANT, f"{self.mark}-seller-{name}", merchant_id=self.merchant_id(name))

    def warehouse(self, name: str = "own") -> Person:
        return self.person(Role.WAREHOUSE, f"{self.mark}-clerk-{name}", warehouse_id=self.warehouse_id(name))

    def nobody(self, token: str | None = None) -> Person:
        return Person(self.http, "nobody", token)

    def person(self, role: Role, subject: str, **claims: Any) -> Person:
        token = development_token(self.secrets.development_secret, role=role, subject=subject, **claims)
        return Person(self.http, subject, token)

    async def opens_merchant(self, name: str = "own", shipping: int = 6000) -> str:
        tariff = {"base": twd(shipping), "per_kg": twd(0)}
        body = {"name": f"Merchant {name}", "shipping": {"standard": tariff}}
        await self.operator.put(f"/v1/admin/merchants/{self.merchant_id(name)}", body)
        return self.merchant_id(name)

    async def opens_warehouse(self, name: str = "own", city: str = "Taipei") -> str:
        body = {"name": f"Warehouse {name}", "country": "TW", "region": city, "city": city, "postal_code": ""}
        await self.operator.put(f"/v1/admin/warehouses/{self.warehouse_id(name)}", body)
        return self.warehouse_id(name)

    async def shelves(
        self,
        on_hand: int = 100,
        price: int = 10_000,
        *,
        sku: str | None = None,
        merchant: str = "own",
        currency: str = "TWD",
        **changes: Any,
    ) -> str:
        """Offer a new SKU, or change one. Gives its code."""
        sku = sku or f"{self.mark}-sku-{next(self._goods)}"
        body = {
            "name": f"Goods {sku}",
            "price": {"amount": price, "currency": currency},
            "merchant_id": self.merchant_id(merchant),
            "stock": {self.warehouse_id(): on_hand},
            "weight_g": 500,
            "length_mm": 100,
            "width_mm": 100,
            "height_mm": 100,
        }
        await self.operator.put(f"/v1/admin/skus/{sku}", body | changes)
        return sku

    async def stock(self, sku: str) -> tuple[int, int]:
        """On hand and reserved, having seen that the ledger adds up to both, in every warehouse."""
        found = await self.operator.get(f"/v1/admin/stock/{sku}")
        assert found["adds_up"], found
        assert found["ledger_sum"] == {name: found[name] for name in ("on_hand", "reserved", "defective")}
        assert all(0 <= item["reserved"] <= item["on_hand"] for item in found["warehouses"]), found
        return found["on_hand"], found["reserved"]

    @asynccontextmanager
    async def nothing_changes(self, buyer: Person, *skus: str) -> AsyncIterator[None]:
        """What happens inside leaves the stock, its ledger and the buyer's list of orders as they were."""

        async def known() -> tuple[object, ...]:
            return await buyer.orders(), *[await self.stock(sku) for sku in skus]

        before = await known()
        yield
        assert await known() == before

    async def previews(self, buyer: Person, *goods: tuple[str, int], **changes: Any) -> Document:
        body = {"items": items(*goods), "address": TAIPEI} | changes
        return await buyer.post("/v1/quotes", body)

    async def submits(self, buyer: Person, quote: Document, key: str | None = None, **more: Any) -> Document:
        return await buyer.post("/v1/orders", {"quote_token": quote["quote_token"], **more}, key=key)

    async def places(self, buyer: Person, *goods: tuple[str, int], **changes: Any) -> str:
        """Preview and submit. Gives the order number."""
        return str((await self.submits(buyer, await self.previews(buyer, *goods, **changes)))["order_no"])

    async def attempts(self, buyer: Person, order_no: str, channel: str = "card") -> Document:
        """Open a payment attempt."""
        return await buyer.post(f"/v1/orders/{order_no}/payments", {"channel": channel})

    async def simulates(self, payment: Document, outcome: str = "succeed", **wish: Any) -> httpx.Response:
        """Act as the buyer at the provider's cashier."""
        return await self.http.post(f"{payment['cashier_url']}/simulate", json={"outcome": outcome, **wish})

    async def pays(self, buyer: Person, order_no: str, outcome: str = "succeed", **wish: Any) -> Document:
        """Open an attempt and end it at the cashier. Gives the attempt as it was opened."""
        payment = await self.attempts(buyer, order_no)
        succeeded(await self.simulates(payment, outcome, **wish))
        return payment

    async def system_status(self, order_no: str) -> str:
        return str((await self.operator.order(order_no))["system_status"])

    async def until(self, order_no: str, *statuses: str, within: float = PATIENCE) -> Document:
        """Wait until the order is in one of these system states. Gives it as operators see it."""
        return await until(
            lambda: self.operator.order(order_no), lambda order: order["system_status"] in statuses, within
        )

    async def produces(self, buyer: Person, *goods: tuple[str, int], **changes: Any) -> Document:
        """A paid order with its parcels, as operators see it."""
        order_no = await self.places(buyer, *goods, **changes)
        await self.pays(buyer, order_no)
        return await self.until(order_no, "in_production")

    async def reports(self, parcel: Document, *events: str) -> None:
        """The parcel's warehouse reports, one after the other."""
        clerk = self.person(Role.WAREHOUSE, f"{self.mark}-clerk", warehouse_id=parcel["warehouse_id"])
        for event in events:
            await clerk.post(f"/v1/parcels/{parcel['parcel_no']}/events", {"event": event})

    async def runs_parcels(self, order: Document) -> Document:
        """Every parcel goes to the door. Gives the delivered order."""
        await asyncio.gather(*(self.reports(parcel, *WAY_OF_A_PARCEL) for parcel in order["parcels"]))
        return await self.until(order["order_no"], *DELIVERED)


def twd(amount: int) -> Document:
    return {"amount": amount, "currency": "TWD"}


def items(*goods: tuple[str, int]) -> list[Document]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in goods]
