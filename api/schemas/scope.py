"""Which goods a rule is about."""

from typing import Annotated

from pydantic import ConfigDict, Field

from api.schemas.values import Category, Identifier, OrderTypeName, Request

_MOST_NAMES = 1000
Skus = Annotated[list[Identifier], Field(default_factory=list, max_length=_MOST_NAMES)]
Categories = Annotated[list[Category], Field(default_factory=list, max_length=_MOST_NAMES)]
Merchants = Annotated[list[Identifier], Field(default_factory=list, max_length=_MOST_NAMES)]


class ScopeBody(Request):
    """Goods by SKU, category, merchant or order type; what is named in several ways has to fit all of them.

    A category covers those below it: `tea` covers `tea/oolong`. A scope without a name in it says `everything: true`.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"categories": ["tea"], "excluded_skus": ["TEA-POT-CLAY"]}]}
    )

    everything: bool = False
    skus: Skus
    categories: Categories
    merchants: Merchants
    order_types: Annotated[list[OrderTypeName], Field(default_factory=list, max_length=100)]
    excluded_skus: Skus
    excluded_categories: Categories
    excluded_merchants: Merchants
