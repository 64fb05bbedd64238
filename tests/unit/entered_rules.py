"""Rules as an operator writes them, and where they are refused."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

Document = dict[str, Any]
EVERYTHING: Document = {"everything": True}
PERCENTAGE = {"kind": "percentage", "basis_points": 1000}


def jpy(amount: int) -> Document:
    return {"amount": amount, "currency": "JPY"}


def promotion(effect: Document, **terms: Any) -> Document:
    scope = {} if effect.get("kind") in ("bundle_price", "price_list") else {"scope": EVERYTHING}
    return {"name": "An offer", "effect": effect, **scope, **terms}


def tier(threshold: Any, **gives: Any) -> Document:
    return {"threshold": threshold, **gives}


def tiers(*steps: Document, **more: Any) -> Document:
    return {"kind": "tiers", "tiers": list(steps), **more}


def places_of(model: type[BaseModel], document: Document) -> set[str]:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(document)
    return {".".join(map(str, fault["loc"])) for fault in refusal.value.errors()}
