"""Chapter 12: refunds, returns and exchanges of what has arrived."""

from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Stage
from cli.walkthrough.way_back import becomes, claims, decides, inspects, money, price, received, sends_back


async def refund_only(stage: Stage) -> None:
    jane = stage.buyer("jane")
    await stage.shelve_by_hand("DEMO-SCRATCHED", 33_333, 5)
    order = await received(stage, jane, ("DEMO-SCRATCHED", 3))
    order_no = order["order_no"]
    case_no, told = await claims(jane, order, "refund", {1: 1}, "not_as_described", description="one is scratched")
    await jane.refused(
        "claims three more",
        "POST",
        f"/v1/orders/{order_no}/after-sales",
        {"kind": "refund", "lines": [{"line_no": 1, "quantity": 3}], "reason": "defective"},
        status=409,
        code="units_not_claimable",
    )
    await decides(stage.merchant(), case_no)
    await becomes(stage, jane, case_no, "refunded")
    stage.say("the seller is at fault: a third of the delivery fee comes back with it", "dim")
    await money(stage, jane, order_no, back=told)
    stage.equal("stock is not touched", await stage.stock("DEMO-SCRATCHED"), (2, 0))
    await jane.sees(order_no, "completed")


async def accepted_in_part(stage: Stage) -> None:
    kurt = stage.buyer("kurt")
    await stage.shelve_by_hand("DEMO-TWO-BACK", 25_000, 5)
    order = await received(stage, kurt, ("DEMO-TWO-BACK", 2))
    order_no = order["order_no"]
    case_no, told = await claims(kurt, order, "return", {1: 2}, "changed_mind")
    stage.say("the seller says nothing", "dim")
    await becomes(stage, kurt, case_no, "awaiting_return")
    await sends_back(kurt, case_no)
    await inspects(stage, case_no, {1: 1}, note="one of them was worn")
    await becomes(stage, kurt, case_no, "refunded")
    stage.equal("for both, with the delivery fee, it would have been", told, price(order))
    await money(stage, kurt, order_no, back=25_000)
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-TWO-BACK"), (4, 0))


async def exchanged(stage: Stage) -> None:
    lena = stage.buyer("lena")
    await stage.shelve_by_hand("DEMO-BROKEN", 48_000, 3)
    order = await received(stage, lena, ("DEMO-BROKEN", 1))
    order_no = order["order_no"]
    case_no, _ = await claims(lena, order, "exchange", {1: 1}, "defective")
    await decides(stage.merchant(), case_no)
    stage.equal("one is kept for her before hers is back", await stage.stock("DEMO-BROKEN"), (2, 1))
    await sends_back(lena, case_no)
    await inspects(stage, case_no, {1: 1}, restock="defective")
    case = await becomes(stage, lena, case_no, "exchanged")
    replacement = str(case["replacement_order_no"])
    shown = await stage.until(
        "the warehouse has the replacement", lambda: lena.order(replacement), lambda order: bool(order["parcels"])
    )
    stage.equal("its type", shown["order_type"], "exchange")
    stage.equal("to pay", shown["totals"]["payable"]["amount"], 0)
    await money(stage, lena, order_no, back=0)


async def escalated(stage: Stage) -> None:
    mona = stage.buyer("mona")
    await stage.shelve_by_hand("DEMO-DISPUTED", 60_000, 2)
    order = await received(stage, mona, ("DEMO-DISPUTED", 1))
    order_no = order["order_no"]
    case_no, told = await claims(mona, order, "refund", {1: 1}, "wrong_item", description="this is not what I ordered")
    await decides(stage.merchant(), case_no, "reject", "it is what the page shows")
    await mona.post("does not agree", f"/v1/after-sales/{case_no}/escalate", {"note": "the page shows a blue one"})
    await decides(stage.operator, case_no, "approve", "the page was changed yesterday")
    await becomes(stage, mona, case_no, "refunded")
    await money(stage, mona, order_no, back=told)
    await stage.merchant().refused(
        "decides again",
        "POST",
        f"/v1/after-sales/{case_no}/decision",
        {"decision": "reject", "note": "no"},
        status=409,
        code="action_not_allowed",
    )


CHAPTER = Chapter(
    12,
    "Refunds, returns and exchanges",
    (
        Scene("refund-only", "One of three, and the goods stay", "R-REV-4, M3, M8", refund_only),
        Scene("return", "Two sent back, one accepted; the seller is silent", "R-REV-5, R-REV-7, M5", accepted_in_part),
        Scene("exchange", "Another one instead", "R-REV-6, R-TYPE-6", exchanged),
        Scene("dispute", "Refused, escalated, decided by an operator", "R-REV-7, W6", escalated),
    ),
)
