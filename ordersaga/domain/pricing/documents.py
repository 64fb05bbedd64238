"""Offers as JSON-ready documents: how they are stored, and what an exported rule looks like."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.pricing.coupons import CouponTemplate
from ordersaga.domain.pricing.effects import EFFECTS, Effect, Measure, Tier, Tiers
from ordersaga.domain.pricing.offers import Offer, Period
from ordersaga.domain.pricing.restoration import from_document as restorations_from
from ordersaga.domain.pricing.restoration import to_document as restorations_to
from ordersaga.domain.pricing.scope import Scope
from ordersaga.domain.pricing.source import Bearer, Source, Stage

_OFFER_READERS: Mapping[str, Callable[[Any], Any]] = {
    "source": Source,
    "stage": Stage,
    "funded_by": Bearer,
    "usage_period": Period,
    "stock_policy": StockPolicy,
    "starts_at": datetime.fromisoformat,
    "ends_at": datetime.fromisoformat,
    "stackable_with": frozenset,
    "channels": frozenset,
    "member_tiers": frozenset,
}


def offer_to_document(offer: Offer) -> dict[str, Any]:
    """`offer` without what has its default; `offer_from_document` reads it back."""
    document = _to_document(offer)
    document["effect"] = {"kind": offer.effect.kind, **_to_document(offer.effect)}
    document["scope"] = _to_document(offer.scope)
    return document


def offer_from_document(document: Mapping[str, Any]) -> Offer:
    read = {name: _OFFER_READERS.get(name, _same)(value) for name, value in document.items()}
    return Offer(
        **{
            **read,
            "effect": effect_from_document(document["effect"]),
            "scope": scope_from_document(document["scope"]),
        }
    )


def scope_from_document(document: Mapping[str, Any]) -> Scope:
    return Scope(
        everything=document.get("everything", False),
        **{name: frozenset(value) for name, value in document.items() if name != "everything"},
    )


def effect_from_document(document: Mapping[str, Any]) -> Effect:
    kind = EFFECTS[document["kind"]]
    values = {name: value for name, value in document.items() if name != "kind"}
    if kind is Tiers:
        values["tiers"] = tuple(Tier(**tier) for tier in values["tiers"])
        values["measure"] = Measure(values.get("measure", Measure.AMOUNT))
    if "options" in values:
        values["options"] = frozenset(values["options"])
    return kind(**values)


def template_to_document(template: CouponTemplate) -> dict[str, Any]:
    """`template` without what has its default; `template_from_document` reads it back."""
    document = _to_document(template)
    document["offer"] = offer_to_document(template.offer)
    if template.restorations:
        document["restorations"] = restorations_to(template.restorations)
    return document


def template_from_document(document: Mapping[str, Any]) -> CouponTemplate:
    values = {**document, "offer": offer_from_document(document["offer"])}
    if "claim_until" in values:
        values["claim_until"] = datetime.fromisoformat(values["claim_until"])
    if "restorations" in values:
        values["restorations"] = restorations_from(values["restorations"])
    return CouponTemplate(**values)


def _to_document(value: Any) -> dict[str, Any]:
    return {
        field.name: _plain(found) for field in fields(value) if (found := getattr(value, field.name)) != _default(field)
    }


def _default(field: Field[Any]) -> Any:
    """What a field has if nothing is said of it; nothing equals `MISSING`."""
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _to_document(value) if isinstance(value, Tier) else value


def _same(value: Any) -> Any:
    return value
