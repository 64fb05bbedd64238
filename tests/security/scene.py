"""What the operations are tried on: an order of each kind with its buyer, merchant and warehouse, and their rivals."""

import itertools
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from api.authentication import Role
from ordersaga.gateways.payment.sandbox_keys import SandboxKeys
from ordersaga.gateways.signing import sign
from tests.group_buy import GroupBuy
from tests.security.many_units import ManyUnits
from tests.security.operations import CALLERS, OPERATIONS
from tests.shop import TAIPEI, Document, Person, Shop, succeeded, until

PRIVATE = {"name": "Philippa Fuzzington", "phone": "+886 900 314 159", "line1": "42 Unmistakable Lane"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request, ready to be sent. `headers` hold the proof if the operation wants one."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]
    file: tuple[str, bytes] | None = None

    @property
    def content(self) -> bytes | None:
        if self.file is not None:
            return self.file[1]
        return None if self.body is None else json.dumps(self.body).encode()

    @property
    def content_type(self) -> str:
        return "application/json" if self.file is None else self.file[0]


@dataclass(slots=True)
class Scene:
    """Things are made when they are first named, and made anew once they are `used`."""

    shop: Shop
    sku: str
    database: str
    things: dict[str, str] = field(default_factory=dict)
    _units: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _many: ManyUnits | None = None

    @classmethod
    async def open(cls, shop: Shop, database: str | None = None) -> "Scene":
        """In the database of the shop's API: the stack's, if it is not another one."""
        return cls(shop, await shop.shelves(on_hand=100_000), database or shop.stack.addresses.database)

    @property
    def buyer(self) -> Person:
        return self.shop.buyer()

    def people(self) -> dict[str, Person]:
        shop = self.shop
        people = (
            shop.nobody(),
            shop.nobody("eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"),
            self.buyer,
            shop.buyer("mallory"),
            shop.merchant(),
            shop.merchant("rival"),
            shop.warehouse(),
            shop.warehouse("elsewhere"),
            shop.operator,
            shop.person(Role.DOWNSTREAM, f"{shop.mark}-erp"),
        )
        return dict(zip(CALLERS, people, strict=True))

    async def call(self, name: str) -> Call:
        """The operation of this name, called rightly."""
        operation = OPERATIONS[name]
        path, body = await self._filled(operation.path), await self._filled(operation.body)
        call = Call(name.split(" ")[0], path, body, {}, operation.file)
        return replace(call, headers=self.proof(name, call.content or b""))

    def used(self) -> None:
        """What was named may have changed for good: the next to name it gets another."""
        self.things.clear()

    def secrets_of_the_buyer(self) -> list[str]:
        """What no stranger may ever read. A cashier link is a key itself: whoever has it sees its payment."""
        numbers = [self.things[name] for name in ("unpaid", "produced", "delivered", "claim") if name in self.things]
        return [*PRIVATE.values(), *numbers]

    async def _filled(self, template: Any) -> Any:
        if isinstance(template, dict):
            return {await self._filled(name): await self._filled(value) for name, value in template.items()}
        if isinstance(template, list):
            return [await self._filled(value) for value in template]
        if not isinstance(template, str) or "{" not in template:
            return template
        before, _, rest = template.partition("{")
        name, _, after = rest.partition("}")
        if name not in self.things:
            self.things[name] = await self._makers[name]()
        return before + self.things[name] + await self._filled(after)

    @property
    def _makers(self) -> Mapping[str, Callable[[], Awaitable[str]]]:
        return {
            "now": self._now,
            "sku": self._sku,
            "changing": self._changing,
            "merchant": self._merchant,
            "warehouse": self._warehouse,
            "address": self._address,
            "quote": self._quote,
            "unpaid": self._unpaid,
            "payment": self._payment,
            "cashier": self._cashier,
            "produced": self._produced,
            "attachment": self._attachment,
            "changeable": self._changeable,
            "change": self._change,
            "parcel": self._parcel,
            "astray": self._astray,
            "written_off": self._written_off,
            "paid": self._paid,
            "new_refund": self._new_refund,
            "refund": self._refund,
            "failed_refund": self._failed_refund,
            "difference": self._difference,
            "endpoint": self._endpoint,
            "reviewed": self._reviewed,
            "limit": self._limit,
            "risk_rule": self._risk_rule,
            "listed": self._listed,
            "promotion": self._promotion,
            "campaign": self._campaign,
            "group": self._group,
            "benefit": self._benefit,
            "coupon": self._coupon,
            "policy": self._policy,
            "game": self._game,
            "bought": self._bought,
            "entitlement": self._entitlement,
            "claimable": self._claimable,
            "claim": self._claim,
            "approved": self._approved,
            "returning": self._returning,
            "rejected": self._rejected,
            "short": self._short,
            "stopping": self._stopping,
            "delivered": self._delivered,
            "received": self._received,
        }

    async def _now(self) -> str:
        return datetime.now(UTC).isoformat()

    async def _sku(self) -> str:
        return self.sku

    async def _changing(self) -> str:
        """A name for what operators change, so that it does not change under those who order."""
        return f"{self.sku}-changing"

    async def _merchant(self) -> str:
        return self.shop.merchant_id()

    async def _warehouse(self) -> str:
        return self.shop.warehouse_id()

    async def _address(self) -> str:
        return str((await self.buyer.post("/v1/addresses", TAIPEI | PRIVATE))["address_id"])

    async def _quote(self) -> str:
        quote = await self.shop.previews(self.buyer, (self.sku, next(self._units)), address=TAIPEI | PRIVATE)
        return str(quote["quote_token"])

    async def _unpaid(self) -> str:
        return str((await self._order())["order_no"])

    async def _changeable(self) -> str:
        """An unpaid order that can be made smaller."""
        next(self._units)
        return str((await self._order())["order_no"])

    async def _change(self) -> str:
        """What its buyer may accept."""
        if "changeable" not in self.things:
            self.things["changeable"] = await self._changeable()
        body = {"lines": [{"line_no": 1, "quantity": 1}]}
        preview = await self.buyer.post(f"/v1/orders/{self.things['changeable']}/changes/preview", body)
        return str(preview["change_token"])

    async def _attachment(self) -> str:
        """What the buyer brought, and no case shows."""
        call = await self.call("POST /v1/attachments")
        headers = {"Content-Type": call.content_type}
        answer = await self.buyer.ask(call.method, call.path, content=call.content, headers=headers)
        return str(succeeded(answer)["attachment_id"])

    async def _payment(self) -> str:
        order = await self._order()
        payment = await self.shop.attempts(self.buyer, order["order_no"])
        (await self.shop.http.get(payment["cashier_url"])).raise_for_status()
        self.things["cashier"] = payment["cashier_url"].rpartition("/")[2]
        return str(payment["payment_id"])

    async def _cashier(self) -> str:
        self.things["payment"] = await self._payment()
        return self.things["cashier"]

    async def _produced(self) -> str:
        order = await self._order()
        self.things["paid"] = (await self.shop.pays(self.buyer, order["order_no"]))["payment_id"]
        found = await self.shop.until(order["order_no"], "in_production")
        self.things["parcel"] = found["parcels"][0]["parcel_no"]
        return str(order["order_no"])

    async def _parcel(self) -> str:
        self.things["produced"] = await self._produced()
        return self.things["parcel"]

    async def _astray(self) -> str:
        """A parcel that was lost on its way."""
        order_no = await self._produced()
        parcel, *_ = (await self.shop.operator.order(order_no))["parcels"]
        await self.shop.reports(parcel, "handed_over", "lost")
        await until(lambda: self.shop.operator.order(order_no), lambda order: order["parcels"][0]["state"] == "lost")
        return str(parcel["parcel_no"])

    async def _written_off(self) -> str:
        """The same, whose goods are sent again."""
        call = await self.call("POST /v1/parcels/{parcel_no}/resolution")
        await self.shop.operator.post(call.path, call.body)
        return call.path.split("/")[-2]

    async def _paid(self) -> str:
        self.things["produced"] = await self._produced()
        return self.things["paid"]

    async def _new_refund(self) -> str:
        return f"rf_{secrets.token_hex(8)}"

    async def _refund(self) -> str:
        call = await self.call("POST /sandbox/api/payments/{payment_id}/refunds")
        headers = {"Content-Type": "application/json", **call.headers}
        (await self.shop.http.post(call.path, content=call.content, headers=headers)).raise_for_status()
        return self.things["new_refund"]

    async def _failed_refund(self) -> str:
        """Of a payment of a wrong amount, which the provider will not give back."""
        order = await self._order()
        await self.shop.pays(self.buyer, order["order_no"], amount=1, refunds={"failures": 100, "delay_s": 0})
        path = f"/v1/orders/{order['order_no']}"
        seen = await until(
            lambda: self.shop.operator.get(path),
            lambda order: [refund["state"] for refund in order["refunds"]] == ["failed"],
        )
        return str(seen["refunds"][0]["refund_no"])

    async def _difference(self) -> str:
        """Between the books, as a look at them keeps it."""
        item_id = f"ri_{secrets.token_hex(12)}"
        connection = await asyncpg.connect(self.database, timeout=10)
        try:
            await connection.execute(
                "INSERT INTO reconciliation_items (item_id, kind, subject, severity, expected, found, state,"
                " first_seen, last_seen) VALUES ($1, 'stock_differs', $1, 'books', '{}', '{}', 'open', now(), now())",
                item_id,
                timeout=10,
            )
        finally:
            await connection.close(timeout=10)
        return item_id

    async def _endpoint(self) -> str:
        body = OPERATIONS["POST /v1/admin/webhook-endpoints"].body
        return str((await self.shop.operator.post("/v1/admin/webhook-endpoints", body))["endpoint_id"])

    async def _campaign(self) -> str:
        return await self._entered("PUT /v1/admin/campaigns/{code}")

    async def _group(self) -> str:
        """One that the buyer has opened."""
        buy = await GroupBuy.opens(self.shop)
        cart = buy.cart() | {"address": TAIPEI | PRIVATE}
        order = await self.shop.submits(self.buyer, await self.buyer.post("/v1/quotes", cart))
        return str(order["group"]["code"])

    async def _reviewed(self) -> str:
        """An order that goes where nothing goes without a review."""
        region = f"Region of {self.sku}"
        condition = {"kind": "address", "countries": ["TW"], "regions": [region]}
        path = f"/v1/admin/risk-rules/{self.sku}-reviewed"
        await self.shop.operator.put(path, {"condition": condition, "verdict": "review"})
        goods, there = (self.sku, next(self._units)), TAIPEI | PRIVATE | {"region": region}
        quote = await self.shop.previews(self.buyer, goods, address=there)
        return str((await self.shop.submits(self.buyer, quote))["order_no"])

    async def _limit(self) -> str:
        return await self._entered("PUT /v1/admin/limits/{code}")

    async def _risk_rule(self) -> str:
        return await self._entered("PUT /v1/admin/risk-rules/{code}")

    async def _listed(self) -> str:
        call = await self.call("POST /v1/admin/block-lists")
        return str((await self.shop.operator.post(call.path, call.body))["entry_id"])

    async def _promotion(self) -> str:
        return await self._entered("PUT /v1/admin/promotions/{code}")

    async def _benefit(self) -> str:
        return await self._entered("PUT /v1/admin/member-benefits/{code}")

    async def _coupon(self) -> str:
        """A template; what it is called is its claim code too."""
        return await self._entered("PUT /v1/admin/coupons/{template}")

    async def _policy(self) -> str:
        return await self._entered("PUT /v1/admin/policies/points/{currency}")

    async def _entered(self, name: str) -> str:
        """Let an operator do this; gives what the path ends with."""
        call = await self.call(name)
        await self.shop.operator.put(call.path, call.body)
        return call.path.rpartition("/")[2]

    async def _game(self) -> str:
        """Digital goods, with a code that nobody else has."""
        sku = await self.shop.shelves(order_type="digital", stock={})
        await self.shop.operator.post(f"/v1/admin/skus/{sku}/codes", {"codes": [f"{sku}-{PRIVATE['phone']}"]})
        return sku

    async def _bought(self) -> str:
        """A digital order that is delivered, with its code unseen."""
        order_no = await self.shop.places(self.buyer, (await self._game(), 1), address=None)
        await self.shop.pays(self.buyer, order_no)
        await self.shop.until(order_no, "received")
        return order_no

    async def _entitlement(self) -> str:
        call = await self.call("POST /sandbox/api/entitlements")
        headers = {"Content-Type": "application/json", **call.headers}
        (await self.shop.http.post(call.path, content=call.content, headers=headers)).raise_for_status()
        return str(call.body["reference"])

    async def _delivered(self) -> str:
        order_no = await self._produced()
        order = await self.shop.runs_parcels(await self.shop.operator.order(order_no))
        return str(order["order_no"])

    async def _received(self) -> str:
        order_no = await self._delivered()
        await self.buyer.post(f"/v1/orders/{order_no}/confirm-receipt")
        return order_no

    async def _claimable(self) -> str:
        self._many = self._many or await ManyUnits.ordered(self.shop)
        return self._many.order_no

    async def _claim(self) -> str:
        return await self._claimed(lambda many: many.claimed("return"))

    async def _approved(self) -> str:
        return await self._claimed(lambda many: many.approved())

    async def _returning(self) -> str:
        return await self._claimed(lambda many: many.returning())

    async def _rejected(self) -> str:
        return await self._claimed(lambda many: many.rejected())

    async def _short(self) -> str:
        return await self._claimed(lambda many: many.short())

    async def _stopping(self) -> str:
        return await self._claimed(lambda many: many.stopping())

    async def _claimed(self, make: Callable[[ManyUnits], Awaitable[str]]) -> str:
        """A case on the order of many units; on another one when somebody has claimed all of it."""
        await self._claimable()
        assert self._many is not None
        if not await self._many.is_left():
            self._many = await ManyUnits.ordered(self.shop)
        self.things["claimable"] = self._many.order_no
        return await make(self._many)

    async def _order(self) -> Document:
        """Each has its own number of units, so that no two are twins."""
        goods = (self.sku, next(self._units))
        quote = await self.shop.previews(self.buyer, goods, address=TAIPEI | PRIVATE)
        return await self.shop.submits(self.buyer, quote)

    def proof(self, name: str, content: bytes) -> dict[str, str]:
        """The headers that open this operation to this body, where a signature or a key does; else none."""
        kind, keys = OPERATIONS[name].proof, self.shop.secrets
        if kind is None:
            return {}
        if kind == "the provider's key":
            return {"Authorization": f"Bearer {SandboxKeys(keys.payment_webhook_secret).api_key}"}
        if kind == "the entitlement provider's key":
            return {"Authorization": f"Bearer {SandboxKeys(keys.payment_webhook_secret).entitlement_key}"}
        secret = keys.payment_webhook_secret if kind == "the provider's signature" else keys.carrier_webhook_secret
        return sign(secret, f"evt_{secrets.token_hex(8)}", content.decode())
