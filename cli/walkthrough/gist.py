"""The few words of an answer that a reader of the demo wants to see."""

from typing import Any

from rich.text import Text

from cli.client import Answer, JsonObject
from cli.purchase import money_of


def gist(answer: Answer, path: str = "") -> Text:
    """Status code and what matters of the document, in one line. What the path says already is not said again."""
    refused = answer.status >= 400
    facts = _refusal(answer.body) if refused else _facts(answer.body, path)
    return Text.assemble(
        (str(answer.status), "bold yellow" if refused else "bold green"),
        ("  " + " · ".join(facts), "" if refused else "dim"),
    )


def _refusal(body: JsonObject) -> list[str]:
    """The code, in whose words, and the first fields in which a refused quote differs from a fresh one."""
    changes = [f"{one['field']}: {_brief(one['quoted'])} → {_brief(one['now'])}" for one in body.get("changes", ())[:2]]
    return [str(body[name]) for name in ("code", "detail") if body.get(name)] + changes


def _brief(value: Any) -> str:
    """A value, or the code of what has one."""
    return str(value.get("code", value) if isinstance(value, dict) else value)


def _facts(body: JsonObject, path: str) -> list[str]:
    named = (str(body[name]) for name in ("order_no", "payment_id", "status", "state") if body.get(name))
    facts = [value for value in named if value not in path]
    payable = (body.get("totals") or {}).get("payable")
    if payable:
        facts.append(f"payable {money_of(payable)}")
    if body.get("quote_token"):
        facts.append(f"quote …{body['quote_token'][-6:]}")
    if isinstance(body.get("items"), list):
        facts.append(f"{len(body['items'])} items")
    if body.get("parcels"):
        facts.append(f"{len(body['parcels'])} parcels")
    return facts
