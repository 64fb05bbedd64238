"""A quote as its token carries it (R-SUB-3)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ordersaga.domain.catalogue import Address
from ordersaga.domain.order_numbers import order_no_of
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.promise import Rule
from ordersaga.domain.pricing.quote import CartItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a token seals: the inputs of a preview, what it promised, and the rules on which that rests."""

    quote_id: str
    buyer: str
    items: tuple[CartItem, ...]
    address: Address | None
    order_type: str
    shipping_option: str
    channel: str
    wishes: Wishes
    choices: Mapping[str, str]
    promised: Mapping[str, Any]
    rules: tuple[Rule, ...]
    issued_at: datetime
    expires_at: datetime

    @property
    def order_no(self) -> str:
        """The one order number that this quote can become."""
        return order_no_of(f"order:{self.quote_id}", self.issued_at)


def packed(quote: Quote) -> dict[str, Any]:
    """A quote as JSON-ready data. Lines go without the names of their fields, and discounts name their rule by its
    place, so that the token of a large cart stays small.
    """
    places = {(source, code): place for place, (source, code, _) in enumerate(quote.rules)}
    return {
        "quote_id": quote.quote_id,
        "buyer": quote.buyer,
        "items": [[item.sku, item.quantity] for item in quote.items],
        "address": asdict(quote.address) if quote.address else None,
        "order_type": quote.order_type,
        "shipping_option": quote.shipping_option,
        "channel": quote.channel,
        "wishes": asdict(quote.wishes),
        "choices": dict(quote.choices),
        "promised": {**quote.promised, "lines": [_packed_line(line, places) for line in quote.promised["lines"]]},
        "rules": quote.rules,
        "issued_at": int(quote.issued_at.timestamp()),
        "expires_at": int(quote.expires_at.timestamp()),
    }


def unpacked(document: Mapping[str, Any]) -> Quote:
    """The quote of `packed`. Raises `KeyError`, `TypeError` or `ValueError` for anything else."""
    rules = tuple((source, code, version) for source, code, version in document["rules"])
    promised, wishes, address = document["promised"], document["wishes"], document["address"]
    codes = wishes["coupon_codes"]
    return Quote(
        quote_id=document["quote_id"],
        buyer=document["buyer"],
        items=tuple(CartItem(sku, quantity) for sku, quantity in document["items"]),
        address=Address(**address) if address else None,
        order_type=document["order_type"],
        shipping_option=document["shipping_option"],
        channel=document["channel"],
        wishes=Wishes(
            coupon_codes=None if codes is None else tuple(codes),
            promotion_codes=tuple(wishes["promotion_codes"]),
            points=wishes["points"],
        ),
        choices=document.get("choices", {}),
        promised={**promised, "lines": [_unpacked_line(values, rules) for values in promised["lines"]]},
        rules=rules,
        issued_at=datetime.fromtimestamp(document["issued_at"], UTC),
        expires_at=datetime.fromtimestamp(document["expires_at"], UTC),
    )


_LINE = ("sku", "quantity", "unit_price", "amount", "points", "payable", "shipping", "gift")
_DISCOUNTS = ("discounts", "shipping_discounts")


def _packed_line(line: Mapping[str, Any], places: Mapping[tuple[str, str], int]) -> list[Any]:
    discounts = ([[places[item["source"], item["code"]], item["amount"]] for item in line[name]] for name in _DISCOUNTS)
    return [*(line[name] for name in _LINE), *discounts]


def _unpacked_line(values: Sequence[Any], rules: Sequence[Rule]) -> dict[str, Any]:
    line = dict(zip((*_LINE, *_DISCOUNTS), values, strict=True))
    for name in _DISCOUNTS:
        line[name] = [
            {"source": rules[place][0], "code": rules[place][1], "amount": amount} for place, amount in line[name]
        ]
    return line
