"""Chapter 7: a presale, paid in two parts, and one whose balance is missed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cli.client import JsonObject
from cli.purchase import money_of
from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import Stage


async def paid_in_two_parts(stage: Stage) -> None:
    ella = stage.buyer("ella")
    await stage.shelve("DEMO-PRESALE", 100_000, 5, name="Tea of the next harvest")
    await stage.campaign("DEMO-PRESALE", "presale", 100_000, seconds=4, terms=_terms(opens_in=6, lasts=60))
    quote = await ella.preview(("DEMO-PRESALE", 1), order_type="presale")
    _check(stage, quote, discount=10_000, due_now=10_000)
    order_no = str((await ella.submit(quote))["order_no"])
    await ella.pay(order_no)
    await ella.sees(order_no, "deposit_paid")
    path = f"/v1/orders/{order_no}/payments"
    await ella.refused(
        "tries to pay the balance now", "POST", path, {"channel": "card"}, status=409, code="action_not_allowed"
    )
    await ella.sees(order_no, "awaiting_balance")
    balance = await ella.pay(order_no)
    due = money_of(quote["totals"]["payable"]).amount - 10_000
    stage.equal("the balance was, in cents", balance["amount"]["amount"], due)
    await ella.sees(order_no, "completed", within=60)
    await ella.timeline(order_no)


async def missed_balance(stage: Stage) -> None:
    finn = stage.buyer("finn")
    await stage.shelve("DEMO-MISSED", 100_000, 5)
    await stage.campaign("DEMO-MISSED", "presale", 100_000, seconds=4, terms=_terms(opens_in=5, lasts=4))
    order_no = await finn.place(("DEMO-MISSED", 1), order_type="presale")
    await finn.pay(order_no)
    stage.say("finn forgets the balance", "dim")
    done = await finn.sees(order_no, "cancelled", within=60)
    kept = [payment["amount"]["amount"] for payment in done["payments"] if payment["state"] == "succeeded"]
    stage.equal("by the terms the deposit is kept", kept, [10_000])
    stage.equal("refunds", done["refunds"], [])
    stage.equal("stock, on hand and reserved", await stage.stock("DEMO-MISSED"), (5, 0))
    await finn.timeline(order_no)


def _terms(*, opens_in: float, lasts: float) -> dict[str, Any]:
    """Pay 100 dollars now, which count as 200."""
    opens = datetime.now(UTC) + timedelta(seconds=opens_in)
    return {
        "deposit": 10_000,
        "counts_as": 20_000,
        "balance_opens_at": opens.isoformat(),
        "balance_closes_at": (opens + timedelta(seconds=lasts)).isoformat(),
        "missed_balance": "forfeit",
        "cancelled": "refund",
    }


def _check(stage: Stage, quote: JsonObject, *, discount: int, due_now: int) -> None:
    stage.equal("the deposit is worth more than it is, in cents", quote["totals"]["discount"]["amount"], discount)
    stage.equal("to be paid at once, in cents", quote["totals"]["due_now"]["amount"], due_now)


CHAPTER = Chapter(
    7,
    "A presale",
    (
        Scene("presale", "Deposit now, balance later", "R-TYPE-3", paid_in_two_parts),
        Scene("missed", "A balance that is missed", "R-TYPE-3", missed_balance),
    ),
)
