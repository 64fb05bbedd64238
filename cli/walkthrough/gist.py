"""The few words of an answer that a reader of the demo wants to see."""

from rich.text import Text

from cli.client import Answer, JsonObject
from cli.purchase import money_of


def gist(answer: Answer) -> Text:
    """Status code and what matters of the document, in one line."""
    refused = answer.status >= 400
    return Text.assemble(
        (str(answer.status), "bold yellow" if refused else "bold green"),
        ("  " + " · ".join(_facts(answer.body)), "" if refused else "dim"),
    )


def _facts(body: JsonObject) -> list[str]:
    facts = [str(body[name]) for name in ("code", "order_no", "payment_id", "status", "state") if body.get(name)]
    facts += _changes(body)
    payable = (body.get("totals") or {}).get("payable")
    if payable:
        facts.append(f"payable {money_of(payable)}")
    if body.get("quote_token"):
        facts.append(f"quote …{body['quote_token'][-6:]}")
    if isinstance(body.get("items"), list):
        facts.append(f"{len(body['items'])} items")
    for parcel in body.get("parcels") or ():
        facts.append(f"{parcel['merchant_id']} from {parcel['warehouse_id']}: {parcel['state']}")
    return facts


def _changes(body: JsonObject) -> list[str]:
    """The first fields in which a refused quote differs from a fresh one."""
    found = body.get("changes") or ()
    return [f"{one['field']}: {one['quoted']} → {one['now']}" for one in found[:2] if isinstance(one, dict)]
