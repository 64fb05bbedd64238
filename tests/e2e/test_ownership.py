"""What each role sees of an order: its own part (P8). Who may call what at all: `tests/security/`."""

from dataclasses import dataclass

import httpx
import pytest

from api.authentication import Role, development_token
from devstack.stack import Stack
from tests.shop import Document, Person, Shop, refused, until


@dataclass(frozen=True, slots=True)
class Scene:
    """A paid order of two sellers from two warehouses, in production."""

    shop: Shop
    buyer: Person
    order: Document
    sku: str

    @property
    def order_no(self) -> str:
        return str(self.order["order_no"])

    def parcel_of(self, merchant: str) -> Document:
        wanted = self.shop.merchant_id(merchant)
        return next(parcel for parcel in self.order["parcels"] if parcel["merchant_id"] == wanted)


@pytest.fixture(scope="module")
async def scene(stack: Stack, http: httpx.AsyncClient) -> Scene:
    shop = await Shop.open(stack, http)
    await shop.opens_merchant("other", shipping=3000)
    await shop.opens_warehouse("other")
    buyer, sku = shop.buyer(), await shop.shelves(price=10_000)
    elsewhere = await shop.shelves(price=500, merchant="other", stock={shop.warehouse_id("other"): 10})
    return Scene(shop, buyer, await shop.produces(buyer, (sku, 1), (elsewhere, 2)), sku)


async def test_expired_foreign_and_unsigned_tokens_are_refused(scene: Scene) -> None:
    secret = scene.shop.secrets.development_secret
    good = development_token(secret, role="buyer", subject=scene.buyer.subject)
    header, claims, signature = good.split(".")
    others = development_token(secret, role="operator", subject="eve")
    bad = {
        "expired": development_token(secret, role="buyer", subject=scene.buyer.subject, lifetime_seconds=-60),
        "another key's": development_token("another secret of the same length", role="operator", subject="eve"),
        "unsigned": f"{header}.{claims}.",
        "of no algorithm": f"eyJhbGciOiJub25lIn0.{claims}.",
        "with another's claims": f"{header}.{others.split('.')[1]}.{signature}",
    }
    for why, token in bad.items():
        answer = await scene.shop.nobody(token).ask("GET", f"/v1/orders/{scene.order_no}")
        assert refused(answer, 401, "unauthenticated"), why
    assert (await scene.shop.nobody(good).ask("GET", f"/v1/orders/{scene.order_no}")).status_code == 200


async def test_a_wrong_role_is_told_which_are_right(scene: Scene) -> None:
    answer = await scene.shop.warehouse().ask("POST", f"/v1/orders/{scene.order_no}/cancel", {})
    problem = refused(answer, 403, "forbidden")
    assert (problem["role"], problem["allowed_roles"]) == (Role.WAREHOUSE, [Role.BUYER, Role.MERCHANT, Role.OPERATOR])


async def test_a_merchant_sees_its_own_lines_and_parcels_and_no_payments(scene: Scene) -> None:
    for name, goods, shipping in (("own", 10_000, 6000), ("other", 1000, 3000)):
        seen = await scene.shop.merchant(name).order(scene.order_no)
        assert {line["merchant_id"] for line in seen["lines"]} == {scene.shop.merchant_id(name)}
        assert [parcel["parcel_no"] for parcel in seen["parcels"]] == [scene.parcel_of(name)["parcel_no"]]
        assert seen["totals"]["goods"]["amount"] == goods
        assert seen["totals"]["payable"]["amount"] == goods + shipping
        assert (seen["payments"], seen["buyer"], seen["system_status"]) == ([], None, None)
        assert seen["status"] == "to_ship"


async def test_a_warehouse_sees_what_it_ships_and_no_payments(scene: Scene) -> None:
    seen = await scene.shop.warehouse("other").order(scene.order_no)
    assert [parcel["warehouse_id"] for parcel in seen["parcels"]] == [scene.shop.warehouse_id("other")]
    assert len(seen["lines"]) == 1
    assert (seen["payments"], seen["buyer"], seen["system_status"]) == ([], None, None)
    assert seen["receiver"]["line1"], "it has to write it on the parcel"


@pytest.mark.parametrize("suffix", ["", "/timeline"])
async def test_a_merchant_or_warehouse_without_a_part_in_it_sees_nothing(scene: Scene, suffix: str) -> None:
    for stranger in (scene.shop.merchant("stranger"), scene.shop.warehouse("stranger")):
        refused(await stranger.ask("GET", f"/v1/orders/{scene.order_no}{suffix}"), 404, "not_found")
        assert await stranger.orders() == []
    for role in (Role.MERCHANT, Role.WAREHOUSE):
        unbound = scene.shop.person(role, "unbound")
        refused(await unbound.ask("GET", f"/v1/orders/{scene.order_no}{suffix}"), 404, "not_found")
        assert await unbound.orders() == []


async def test_a_merchants_timeline_leaves_the_other_sellers_parcels_out(scene: Scene) -> None:
    parcel = scene.parcel_of("other")
    await scene.shop.reports(parcel, "label_printed")

    async def subjects_for(person: Person) -> set[str]:
        return {item["subject"] for item in await person.timeline(scene.order_no)}

    await until(lambda: subjects_for(scene.shop.operator), lambda found: parcel["parcel_no"] in found)
    assert parcel["parcel_no"] not in await subjects_for(scene.shop.merchant("own"))


async def test_each_lists_the_orders_that_concern_them(scene: Scene) -> None:
    concerned = (
        scene.buyer,
        scene.shop.merchant("own"),
        scene.shop.merchant("other"),
        scene.shop.warehouse("own"),
        scene.shop.warehouse("other"),
    )
    for person in concerned:
        assert scene.order_no in await person.orders(), person.subject
    assert await scene.shop.buyer("mallory").orders() == []
    listed = await scene.shop.operator.get(f"/v1/orders?buyer={scene.buyer.subject}")
    assert [order["order_no"] for order in listed["items"]] == [scene.order_no]


async def test_a_list_tells_nobody_of_lines_that_are_not_theirs(scene: Scene) -> None:
    for person in (scene.shop.merchant("other"), scene.shop.warehouse("other")):
        (summary,) = (await person.get("/v1/orders"))["items"]
        assert (summary["line_count"], summary["merchant_ids"]) == (1, [scene.shop.merchant_id("other")])
        assert summary["totals"]["goods"]["amount"] == 1000
        assert summary["buyer"] is None


async def test_a_report_on_another_warehouses_parcel_is_not_found_and_moves_nothing(scene: Scene) -> None:
    parcel = scene.parcel_of("own")
    path = f"/v1/parcels/{parcel['parcel_no']}/events"
    for stranger in (
        scene.shop.warehouse("other"),
        scene.shop.merchant("other"),
        scene.shop.person(Role.WAREHOUSE, "u"),
    ):
        refused(await stranger.ask("POST", path, {"event": "delivered"}), 404, "not_found")
    refused(
        await scene.shop.warehouse().ask("POST", "/v1/parcels/NO-SUCH/events", {"event": "picked"}), 404, "not_found"
    )
    seen = (await scene.shop.operator.order(scene.order_no))["parcels"]
    assert next(item["state"] for item in seen if item["parcel_no"] == parcel["parcel_no"]) == "created"


async def test_each_lists_its_own_parcels(scene: Scene) -> None:
    for person in (scene.shop.merchant("other"), scene.shop.warehouse("other")):
        found = (await person.get("/v1/parcels?open=true"))["items"]
        assert [parcel["parcel_no"] for parcel in found] == [scene.parcel_of("other")["parcel_no"]]


async def test_only_operators_read_the_system_status(scene: Scene) -> None:
    seen = await scene.shop.operator.order(scene.order_no)
    assert (seen["system_status"], seen["buyer"]) == ("in_production", scene.buyer.subject)
    for person in (scene.buyer, scene.shop.merchant(), scene.shop.warehouse(), scene.shop.person(Role.DOWNSTREAM, "d")):
        assert (await person.order(scene.order_no))["system_status"] is None, person.subject


async def test_notifications_are_their_buyers_own(scene: Scene) -> None:
    assert (await scene.shop.buyer("mallory").get("/v1/notifications"))["items"] == []
