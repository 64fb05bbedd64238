"""Campaigns: a SKU offered as another order type, at a price and for a time."""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from api.schemas.values import (
    Identifier,
    Moment,
    MoneyBody,
    MoneyView,
    OrderTypeName,
    Request,
    Response,
    ShortText,
    Units,
    money,
)
from ordersaga.domain.campaigns import Campaign
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.lifecycle.registry import order_type

CAMPAIGN_EXAMPLE: dict[str, Any] = {
    "order_type": "flash_sale",
    "name": "Oolong at noon",
    "sku": "TEA-OOLONG-150",
    "price": {"amount": 29900, "currency": "TWD"},
    "starts_at": "2026-12-12T04:00:00Z",
    "ends_at": "2026-12-12T06:00:00Z",
    "terms": {},
}


class CampaignBody(Request):
    """`price` is of one unit. What `terms` a type needs stands in `docs/order-types.md`.

    `stock` is the on-hand quantity to be set aside for the campaign in each warehouse named; see `docs/stock.md`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [CAMPAIGN_EXAMPLE]})

    order_type: OrderTypeName
    name: ShortText
    sku: Identifier
    price: MoneyBody
    starts_at: Moment
    ends_at: Moment
    terms: dict[Identifier, int | str] = Field(default_factory=dict)
    stock_policy: StockPolicy | None = Field(None, strict=False)
    stock: dict[Identifier, Units] | None = None

    def to_campaign(self, code: str) -> Campaign:
        """Raises `RuleInvalid`."""
        kind = order_type(self.order_type)
        terms = kind.terms
        if terms is None:
            raise RuleInvalid("order_type", f"{self.order_type} is sold without campaigns")
        if self.stock_policy is StockPolicy.DEDUCT_AT_PAYMENT and not kind.deducts_at_payment:
            raise RuleInvalid("stock_policy", f"units of a {self.order_type} are deducted at submit")
        return Campaign(
            code=code,
            order_type=self.order_type,
            name=self.name,
            sku=self.sku,
            price=self.price.to_money(),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            terms=terms.from_document(self.terms),
            stock_policy=self.stock_policy,
        )


class CampaignView(Response):
    code: str
    order_type: str
    name: str
    sku: str
    price: MoneyView
    starts_at: Moment
    ends_at: Moment
    terms: dict[str, Any]
    stock_policy: StockPolicy | None
    stock: dict[str, int] | None = Field(description="on hand of the campaign's own by warehouse, if it has any")


def campaign_view(campaign: Campaign, stock: Mapping[str, int]) -> dict[str, Any]:
    """The campaign as `CampaignView` describes it; `stock` is what its pool has on hand."""
    return {
        "code": campaign.code,
        "order_type": campaign.order_type,
        "name": campaign.name,
        "sku": campaign.sku,
        "price": money(campaign.price.amount, campaign.price.currency),
        "starts_at": campaign.starts_at,
        "ends_at": campaign.ends_at,
        "terms": campaign.terms.to_document(),
        "stock_policy": campaign.stock_policy,
        "stock": dict(stock) if campaign.pooled else None,
    }
