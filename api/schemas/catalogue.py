"""The catalogue as the admin API and the catalogue file write it; both are this one document."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic.config import JsonDict

from api.schemas.values import Identifier, LongText, MoneyBody, PostalCode, Request, Response, ShortText
from ordersaga.domain.catalogue import Merchant, Sku, StockPolicy, Tariff, TransportClass, Warehouse
from ordersaga.domain.lifecycle.registry import ORDER_TYPES

Dimension = Annotated[int, Field(ge=0, le=1_000_000)]
Units = Annotated[int, Field(ge=0, le=10**9)]


_EXAMPLE: JsonDict = {
    "name": "Oolong tea, 150 g",
    "price": {"amount": 48000, "currency": "TWD"},
    "merchant_id": "lin-tea",
    "stock": {"lin-1": 200},
    "weight_g": 180,
    "length_mm": 80,
    "width_mm": 80,
    "height_mm": 140,
}


class TariffBody(Request):
    base: MoneyBody
    per_kg: MoneyBody

    @model_validator(mode="after")
    def _one_currency(self) -> "TariffBody":
        if self.base.currency != self.per_kg.currency:
            raise ValueError("base and per_kg must be in one currency")
        return self

    def to_tariff(self) -> Tariff:
        return Tariff(base=self.base.to_money(), per_kg=self.per_kg.to_money())


class MerchantBody(Request):
    """A seller. `shipping` maps each option that it offers to a tariff per delivery."""

    name: ShortText
    self_operated: bool = False
    shipping: dict[Identifier, TariffBody] = Field(default_factory=dict)

    def to_merchant(self, merchant_id: str) -> Merchant:
        return Merchant(
            merchant_id=merchant_id,
            name=self.name,
            self_operated=self.self_operated,
            shipping={option: tariff.to_tariff() for option, tariff in self.shipping.items()},
        )


class WarehouseBody(Request):
    name: ShortText
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    region: ShortText
    city: ShortText
    postal_code: PostalCode = ""

    def to_warehouse(self, warehouse_id: str) -> Warehouse:
        return Warehouse(warehouse_id=warehouse_id, **self.model_dump(include=set(WarehouseBody.model_fields)))


class SkuBody(Request):
    """A SKU. `stock` is the on-hand quantity to be reached in each warehouse named."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: ShortText
    price: MoneyBody
    merchant_id: Identifier
    attributes: dict[ShortText, LongText] = Field(default_factory=dict)
    stock: dict[Identifier, Units] = Field(default_factory=dict)
    shipping_fee: MoneyBody | None = None
    weight_g: Dimension = 0
    length_mm: Dimension = 0
    width_mm: Dimension = 0
    height_mm: Dimension = 0
    transport_class: TransportClass = Field(TransportClass.ORDINARY, strict=False)
    order_type: str = "standard"
    stock_policy: StockPolicy = Field(StockPolicy.DEDUCT_AT_SUBMIT, strict=False)

    @field_validator("order_type")
    @classmethod
    def _known_order_type(cls, name: str) -> str:
        if name not in ORDER_TYPES:
            raise ValueError(f"must be one of {', '.join(ORDER_TYPES)}")
        return name

    @model_validator(mode="after")
    def _one_currency(self) -> "SkuBody":
        if self.shipping_fee is not None and self.shipping_fee.currency != self.price.currency:
            raise ValueError("shipping_fee must be in the currency of price")
        return self

    def to_sku(self, sku: str) -> Sku:
        return Sku(
            sku=sku,
            name=self.name,
            merchant_id=self.merchant_id,
            price=self.price.to_money(),
            attributes=self.attributes,
            shipping_fee=None if self.shipping_fee is None else self.shipping_fee.to_money(),
            weight_g=self.weight_g,
            length_mm=self.length_mm,
            width_mm=self.width_mm,
            height_mm=self.height_mm,
            transport_class=self.transport_class,
            order_type=self.order_type,
            stock_policy=self.stock_policy,
        )


class CatalogueMerchant(MerchantBody):
    merchant_id: Identifier


class CatalogueWarehouse(WarehouseBody):
    warehouse_id: Identifier


class CatalogueSku(SkuBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"sku": "TEA-OOLONG-150", **_EXAMPLE}]})

    sku: Identifier


class Catalogue(Request):
    """Merchants, warehouses and SKUs to create or change. Loading it twice is loading it once."""

    merchants: list[CatalogueMerchant] = Field(default_factory=list, max_length=2000)
    warehouses: list[CatalogueWarehouse] = Field(default_factory=list, max_length=2000)
    skus: list[CatalogueSku] = Field(default_factory=list, max_length=2000)


class CatalogueLoaded(Response):
    merchants: int
    warehouses: int
    skus: int


class SkuView(Response):
    sku: str
    name: str
    attributes: dict[str, str]
    merchant_id: str
    price: MoneyBody
    order_type: str
    transport_class: str
    stock_hint: str = Field(description="`in_stock`, `low` or `out_of_stock`")


class WarehouseBalance(Response):
    warehouse_id: str
    on_hand: int
    reserved: int
    available: int
    ledger_on_hand: int
    ledger_reserved: int


class LedgerSum(Response):
    on_hand: int
    reserved: int


class StockView(Response):
    """Balances of a SKU beside the sums of its ledger; `adds_up` says whether they agree."""

    sku: str
    on_hand: int
    reserved: int
    available: int
    ledger_sum: LedgerSum
    adds_up: bool
    warehouses: list[WarehouseBalance]
