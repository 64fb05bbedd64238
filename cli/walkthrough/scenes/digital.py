"""Chapter 8: codes instead of parcels."""

import secrets

from cli.purchase import goods
from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Stage, home


async def codes(stage: Stage) -> None:
    gina, hugo = stage.buyer("gina"), stage.buyer("hugo")
    sku = "DEMO-GIFT-CARD"
    await stage.shelve(sku, 50_000, 0, name="Gift card", order_type="digital", stock={})
    entered = [f"GIFT-{secrets.token_hex(6)}" for _ in range(2)]
    await stage.operator.post("enters two codes", f"/v1/admin/skus/{sku}/codes", {"codes": entered})
    cart = {"items": goods((sku, 1)), "address": home("gina")}
    await gina.refused("gives her address", "POST", "/v1/quotes", cart, status=422, code="address_not_needed")
    bought = await gina.place((sku, 1), ships=False)
    await gina.pay(bought)
    await gina.sees(bought, "received")
    shown = await gina.caller.ask("POST", f"/v1/orders/{bought}/lines/1/reveal", {})
    stage.check("gina looks at her code, and it is one of the two", shown.body["codes"][0] in entered, shown.status)
    path = f"/v1/orders/{bought}/return-unused"
    await gina.refused("wants to return it now", "POST", path, {}, status=409, code="action_not_allowed")
    other = await hugo.place((sku, 1), ships=False)
    await hugo.pay(other)
    await hugo.sees(other, "received")
    path = f"/v1/orders/{other}/return-unused"
    await hugo.post("returns his, unseen", path, {"reason": "bought it twice"})
    done = await hugo.sees(other, "refunded")
    stage.equal("the money is back", [refund["state"] for refund in done["refunds"]], ["succeeded"])
    pool = await stage.operator.get("looks at the pool", f"/v1/admin/skus/{sku}/codes")
    stage.equal("codes to sell, held, sold", (pool["available"], pool["held"], pool["sold"]), (1, 0, 1))
    await gina.sees(bought, "completed", within=60)
    await gina.timeline(bought)


CHAPTER = Chapter(
    8, "Digital goods", (Scene("codes", "Two codes: one is looked at, one goes back", "R-TYPE-4", codes),)
)
