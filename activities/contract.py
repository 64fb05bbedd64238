"""How an implementation takes the name of the contract that it fulfils."""

from collections.abc import Callable
from typing import Any, TypeVar

from temporalio import activity

Implementation = TypeVar("Implementation", bound=Callable[..., Any])


def implements(contract: Callable[..., Any]) -> Callable[[Implementation], Implementation]:
    """Register a method under its contract's activity name."""
    definition = activity._Definition.must_from_callable(contract)
    return activity.defn(name=definition.name)
