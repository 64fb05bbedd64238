"""Chapter 6: a flash sale that ten buyers want three pieces of."""

import asyncio
from collections import Counter

from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Actor, Stage, home

_SKU, _UNITS, _BUYERS = "DEMO-FLASH", 3, 10


async def flash_sale(stage: Stage) -> None:
    await stage.shelve(_SKU, 99_000, 50, name="Desk lamp at noon")
    code = await stage.campaign(_SKU, "flash_sale", 29_000, stock={"tpe-1": _UNITS})
    limit = {"goods": {"campaigns": [code]}, "subject": "account", "quantity": 1, "period": "ever"}
    await stage.operator.put("allows one for each account", f"/v1/admin/limits/{code}", limit)
    buyers = [stage.buyer(f"gate{number}") for number in range(1, _BUYERS + 1)]
    stage.say(f"{_BUYERS} buyers preview and submit at the same moment", "dim")
    answers = await asyncio.gather(*(_try(buyer) for buyer in buyers))
    told = Counter(answer for answer, _ in answers)
    stage.equal("orders placed", told["placed"], _UNITS)
    stage.equal("told that it is sold out", told["sold_out"], _BUYERS - _UNITS)
    winners = [(buyer, order_no) for buyer, (answer, order_no) in zip(buyers, answers, strict=True) if order_no]
    (lucky, bought), (greedy, _), *_ = winners
    await lucky.pay(bought)
    cart = {"items": [{"sku": _SKU, "quantity": 1}], "address": home(greedy.name), "order_type": "flash_sale"}
    await greedy.refused("wants another one", "POST", "/v1/quotes", cart, status=409, code="purchase_limit_exceeded")
    unlucky = next(buyer for buyer, (_, order_no) in zip(buyers, answers, strict=True) if not order_no)
    stage.say("the others do not pay; the clock gives their pieces back, and the gate hears of it", "dim")
    await stage.until(
        f"{unlucky.name} gets one after all", lambda: _try(unlucky), lambda tried: bool(tried[1]), within=60
    )
    await lucky.sees(bought, "completed", within=60)
    await lucky.timeline(bought)


async def _try(buyer: Actor) -> tuple[str, str]:
    """Preview and submit without a word: `placed` and the order's number, or the refusal's code."""
    body = {"items": [{"sku": _SKU, "quantity": 1}], "address": home(buyer.name), "order_type": "flash_sale"}
    quote = await buyer.caller.ask("POST", "/v1/quotes", body)
    if quote.status >= 400:
        return str(quote.body["code"]), ""
    order = await buyer.caller.ask("POST", "/v1/orders", {"quote_token": quote.body["quote_token"]})
    return ("placed", str(order.body["order_no"])) if order.status < 400 else (str(order.body["code"]), "")


CHAPTER = Chapter(
    6,
    "A flash sale",
    (Scene("flash", "Three pieces, ten buyers, one gate", "R-TYPE-2, R-STK-2, R-STK-3", flash_sale),),
)
