"""A shop in memory that answers the calls of the public contract which the commands make."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from cli.client import Api
from ordersaga.gateways.signing import verify

Json = dict[str, Any]

SECRET = "a-secret-of-the-fake-shop-that-is-long-enough"
CARRIER_SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
_STEPS = ("created", "label_printed", "picked", "packed", "handed_over", "in_transit", "delivered")


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass
class FakeShop:
    """`away` is how many calls are answered with 503 first; `stuck` and `wrong_shipping` are what shops get wrong."""

    skus: dict[str, Json] = field(default_factory=dict)
    on_hand: Counter[str] = field(default_factory=Counter)
    quotes: dict[str, list[Json]] = field(default_factory=dict)
    orders: dict[str, Json] = field(default_factory=dict)
    parcels: dict[str, Json] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    reports: list[tuple[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    refused_skus: set[str] = field(default_factory=set)
    away: int = 0
    stuck: bool = False
    leak: int = 0
    wrong_shipping: int = 0
    page: int = 2
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until calls have made `condition` true."""
        async with asyncio.timeout(10):
            while not condition():
                self._called.clear()
                await self._called.wait()

    def api(self, patience: float = 5.0) -> Api:
        return Api("http://shop.test", secret=SECRET, patience=patience, transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self._called.set()
        self.calls.append((request.method, path))
        if self.away:
            self.away -= 1
            return httpx.Response(503, headers={"Retry-After": "0"})
        if key := request.headers.get("Idempotency-Key"):
            self.keys.append(key)
        try:
            return httpx.Response(200, json=self._routed(request, path.strip("/").split("/")))
        except Refused as refusal:
            return httpx.Response(refusal.status, json={"code": refusal.code, "title": refusal.code})

    def _routed(self, request: httpx.Request, path: list[str]) -> Json:
        body = json.loads(request.content or b"{}")
        match path:
            case ["v1", "admin", "catalogue"]:
                return self._load(body)
            case ["v1", "admin", "stock", sku]:
                return self._stock(sku)
            case ["v1", "quotes"]:
                return self._quote(body["items"])
            case ["v1", "orders"]:
                return self._submit(body["quote_token"])
            case ["v1", "orders", order_no]:
                return self.orders[order_no]
            case ["v1", "orders", order_no, "cancel"]:
                return self._cancel(order_no)
            case ["v1", "orders", order_no, "payments"]:
                return {"payment_id": f"pay-{order_no}", "cashier_url": f"http://shop.test/cashier/{order_no}"}
            case ["cashier", order_no, "simulate"]:
                return self._pay(order_no)
            case ["v1", "parcels"]:
                return self._open_parcels(request.url.params.get("cursor"))
            case ["v1", "parcels", parcel_no, "events"]:
                return self._report(parcel_no, body["event"], "warehouse")
            case ["v1", "webhooks", "logistics", "sandbox"]:
                data = verify(CARRIER_SECRET, request.headers, request.content).data
                return self._report(str(data["parcel_no"]), str(data["event"]), "carrier")
        raise Refused(404, "not_found")

    def _load(self, body: Json) -> Json:
        if any(sku["sku"] in self.refused_skus for sku in body["skus"]):
            raise Refused(422, "invalid_request")
        for sku in body["skus"]:
            self.skus[sku["sku"]] = sku
            self.on_hand[sku["sku"]] = sum(sku["stock"].values())
        return {}

    def _stock(self, sku: str) -> Json:
        balance = {"on_hand": self.on_hand[sku], "reserved": self.leak}
        return {"sku": sku, **balance, "ledger_sum": balance}

    def _quote(self, items: list[Json]) -> Json:
        token = f"quote-{len(self.quotes)}"
        self.quotes[token] = items
        return {"quote_token": token, "totals": self._totals(items)}

    def _totals(self, items: list[Json]) -> Json:
        def summed(field_name: str) -> int:
            return sum(self.skus[item["sku"]][field_name]["amount"] * item["quantity"] for item in items)

        goods, shipping = summed("price"), summed("shipping_fee") + self.wrong_shipping
        amounts = {"goods": goods, "shipping": shipping, "payable": goods + shipping}
        return {name: {"amount": amount, "currency": "BRL"} for name, amount in amounts.items()}

    def _submit(self, token: str) -> Json:
        order_no = token.replace("quote", "order")
        items = self.quotes[token]
        self.orders[order_no] = {
            "order_no": order_no,
            "status": "awaiting_payment",
            "totals": self._totals(items),
            "lines": items,
            "payments": [],
            "parcels": [],
        }
        return self.orders[order_no]

    def _cancel(self, order_no: str) -> Json:
        self.orders[order_no]["status"] = "cancelled"
        return self.orders[order_no]

    def _pay(self, order_no: str) -> Json:
        order = self.orders[order_no]
        order["status"] = "awaiting_shipment"
        order["payments"].append({"state": "succeeded", "amount": order["totals"]["payable"]})
        for number, (merchant_id, lines) in enumerate(self._by_merchant(order["lines"]), start=1):
            parcel = {
                "parcel_no": f"{order_no}-{number}",
                "order_no": order_no,
                "merchant_id": merchant_id,
                "warehouse_id": next(iter(self.skus[lines[0]["sku"]]["stock"])),
                "state": "created",
                "lines": lines,
            }
            self.parcels[parcel["parcel_no"]] = parcel
            order["parcels"].append(parcel)
        return {}

    def _by_merchant(self, lines: list[Json]) -> Iterator[tuple[str, list[Json]]]:
        for merchant_id in sorted({self.skus[line["sku"]]["merchant_id"] for line in lines}):
            yield merchant_id, [line for line in lines if self.skus[line["sku"]]["merchant_id"] == merchant_id]

    def _open_parcels(self, cursor: str | None) -> Json:
        still = [parcel for parcel in self.parcels.values() if parcel["state"] != "delivered"]
        start = int(cursor or 0)
        more = str(start + self.page) if len(still) > start + self.page else None
        return {"items": still[start : start + self.page], "next_cursor": more}

    def _report(self, parcel_no: str, event: str, reporter: str) -> Json:
        self.reports.append((event, reporter))
        parcel = self.parcels[parcel_no]
        with suppress(ValueError):
            if not self.stuck and _STEPS.index(event) > _STEPS.index(parcel["state"]):
                parcel["state"] = event
        order = self.orders[parcel["order_no"]]
        if all(other["state"] == "delivered" for other in order["parcels"]) and order["status"] != "completed":
            order["status"] = "completed"
            for line in order["lines"]:
                self.on_hand[line["sku"]] -= line["quantity"]
        return {"parcel_no": parcel_no, "state": parcel["state"], "accepted": True}
