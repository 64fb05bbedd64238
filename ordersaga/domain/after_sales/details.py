"""What belongs to some commands: how goods are sent back, and what an inspection found, as Temporal carries it."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ordersaga.domain.after_sales.case import Restock
from ordersaga.domain.after_sales.commands import Command

SHIPMENT_CODE = r"^[A-Za-z0-9][A-Za-z0-9 ._/#-]{0,63}$"
"""A carrier, or a number that it gave: never a sentence in which somebody is named."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """So many units of a claimed line are taken, onto this stock; the others are refused."""

    line_no: int
    accepted: int
    restock: Restock


def inspected_in(details: Mapping[str, Any]) -> tuple[Inspected, ...] | None:
    """What an `accept` says line by line; `None` when it takes everything."""
    if "lines" not in details:
        return None
    return tuple(Inspected(line["line_no"], line["accepted"], Restock(line["restock"])) for line in details["lines"])


def accepting(lines: Iterable[Inspected]) -> dict[str, Any]:
    """The details of an `accept`."""
    return {
        "lines": [{"line_no": line.line_no, "accepted": line.accepted, "restock": line.restock.value} for line in lines]
    }


def flaw(command: Command, details: Mapping[str, Any]) -> str:
    """Why such a command cannot be acted on; nothing if it can."""
    return _FLAWS.get(command, _has_details)(details)


def _has_details(details: Mapping[str, Any]) -> str:
    return "nothing belongs to this command" if details else ""


def _is_no_shipment(details: Mapping[str, Any]) -> str:
    fits = set(details) == {"carrier", "tracking_no"} and all(
        isinstance(value, str) and re.fullmatch(SHIPMENT_CODE, value) for value in details.values()
    )
    return "" if fits else "a shipment has a carrier and a tracking_no"


def _is_no_inspection(details: Mapping[str, Any]) -> str:
    lines = details.get("lines", [])
    fits = set(details) <= {"lines"} and isinstance(lines, list) and all(_is_inspected(line) for line in lines)
    if not fits or len({line["line_no"] for line in lines}) < len(lines):
        return "an inspection names each line once: its line_no, how many were accepted, and where to restock them"
    return ""


def _is_inspected(line: Any) -> bool:
    return (
        isinstance(line, dict)
        and set(line) == {"line_no", "accepted", "restock"}
        and all(type(line[name]) is int and line[name] >= 0 for name in ("line_no", "accepted"))
        and line["restock"] in list(Restock)
    )


_FLAWS: Mapping[Command, Callable[[Mapping[str, Any]], str]] = {
    Command.SHIP_BACK: _is_no_shipment,
    Command.ACCEPT: _is_no_inspection,
}
