"""What every rule that is entered as data has in common: amounts in one currency, and errors that name their place.

The domain says `effect.tiers.1.amount_off`; the caller reads that path of the document that was sent.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails

from api.schemas.values import MoneyBody
from ordersaga.domain.errors import LimitBelowUse, RuleInvalid


@contextmanager
def within(place: str) -> Iterator[None]:
    """A rule that is refused in here is said to be at `place`, such as `promotions.3`."""
    try:
        yield
    except RuleInvalid as error:
        raise RuleInvalid(_below(place, error.details["field"]), error.details["rule"]) from None
    except LimitBelowUse as error:
        raise LimitBelowUse(error.message, **error.details | {"field": _below(place, error.details["field"])}) from None


def currency_of(body: BaseModel) -> str | None:
    """The one currency of all amounts in `body`; `None` if there are none. Raises `RuleInvalid` for a second one."""
    found: str | None = None
    for place, amount in _amounts(body):
        if found not in (None, amount.currency):
            raise RuleInvalid(f"{place}.currency", f"must be {found}, as in the rule's other amounts")
        found = amount.currency
    return found


def plain(value: Any) -> Any:
    """A body as the domain's JSON-ready document: amounts are minor units, and what was not said is left out."""
    if isinstance(value, MoneyBody):
        return value.amount
    if isinstance(value, BaseModel):
        return {name: plain(found) for name, found in value if found is not None}
    if isinstance(value, dict):
        return {name: plain(found) for name, found in value.items()}
    if isinstance(value, list):
        return [plain(found) for found in value]
    return value.isoformat() if isinstance(value, datetime) else value


def untagged(value: Any, validate: Callable[[Any], Any]) -> Any:
    """Leave the name of a union's member out of the places of its errors: it stands in no caller's document."""
    try:
        return validate(value)
    except ValidationError as error:
        faults = [
            InitErrorDetails(type=fault["type"], loc=fault["loc"][1:], input=fault["input"], ctx=fault.get("ctx", {}))
            for fault in error.errors()
        ]
        raise ValidationError.from_exception_data(error.title, faults) from None


def _below(place: str, field: str) -> str:
    return f"{place}.{field}" if place else field


def _amounts(value: Any, place: str = "") -> Iterator[tuple[str, MoneyBody]]:
    if isinstance(value, MoneyBody):
        yield place, value
        return
    pairs: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(value, BaseModel):
        pairs = iter(value)
    elif isinstance(value, dict):
        pairs = iter(value.items())
    elif isinstance(value, list):
        pairs = iter(enumerate(value))
    for name, found in pairs:
        yield from _amounts(found, _below(place, str(name)))
