"""The catalogue as the admin API and the catalogue file write it; both are this one document."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

from api.schemas.after_sales_rules import AfterSalesRulesBody
from api.schemas.campaigns import CAMPAIGN_EXAMPLE, CampaignBody
from api.schemas.coupons import COUPON_EXAMPLE, CouponTemplateBody
from api.schemas.members import MemberBody
from api.schemas.offers import MEMBER_BENEFIT_EXAMPLE, PROMOTION_EXAMPLE, MemberBenefitBody, PromotionBody
from api.schemas.points import Points, PointsPolicyBody
from api.schemas.purchase_limits import LIMIT_EXAMPLE, PurchaseLimitBody
from api.schemas.restorations import RestorationsBody
from api.schemas.values import (
    Account,
    Category,
    Identifier,
    LongText,
    MoneyBody,
    OrderTypeName,
    PostalCode,
    Request,
    Response,
    ShortText,
    Units,
)
from ordersaga.domain.catalogue import Delivery, Merchant, Sku, StockPolicy, Tariff, TransportClass, Warehouse
from ordersaga.domain.pricing.source import Source

Dimension = Annotated[int, Field(ge=0, le=1_000_000)]


_EXAMPLE: JsonDict = {
    "name": "Oolong tea, 150 g",
    "price": {"amount": 48000, "currency": "TWD"},
    "merchant_id": "lin-tea",
    "stock": {"lin-1": 200},
    "category": "tea/oolong",
    "floor_price": {"amount": 30000, "currency": "TWD"},
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
    """A SKU. `stock` is the on-hand quantity to be reached in each warehouse named, `floor_price` what no offer takes a
    unit below.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: ShortText
    price: MoneyBody
    merchant_id: Identifier
    attributes: dict[ShortText, LongText] = Field(default_factory=dict)
    stock: dict[Identifier, Units] = Field(default_factory=dict)
    shipping_fee: MoneyBody | None = None
    category: Category | None = None
    floor_price: MoneyBody | None = None
    weight_g: Dimension = 0
    length_mm: Dimension = 0
    width_mm: Dimension = 0
    height_mm: Dimension = 0
    transport_class: TransportClass = Field(TransportClass.ORDINARY, strict=False)
    order_type: OrderTypeName = "standard"
    stock_policy: StockPolicy = Field(StockPolicy.DEDUCT_AT_SUBMIT, strict=False)
    delivery: Delivery = Field(
        Delivery.CODES,
        strict=False,
        description="of goods that are not shipped: `codes` of their pool, or an `entitlement` that a provider grants",
    )

    @model_validator(mode="after")
    def _one_currency(self) -> "SkuBody":
        for name in ("shipping_fee", "floor_price"):
            amount: MoneyBody | None = getattr(self, name)
            if amount is not None and amount.currency != self.price.currency:
                raise ValueError(f"{name} must be in the currency of price")
        if self.floor_price is not None and self.floor_price.amount > self.price.amount:
            raise ValueError("floor_price must not be above price")
        return self

    def to_sku(self, sku: str) -> Sku:
        return Sku(
            sku=sku,
            name=self.name,
            merchant_id=self.merchant_id,
            price=self.price.to_money(),
            attributes=self.attributes,
            shipping_fee=None if self.shipping_fee is None else self.shipping_fee.to_money(),
            category=self.category or "",
            floor_price=0 if self.floor_price is None else self.floor_price.amount,
            weight_g=self.weight_g,
            length_mm=self.length_mm,
            width_mm=self.width_mm,
            height_mm=self.height_mm,
            transport_class=self.transport_class,
            order_type=self.order_type,
            stock_policy=self.stock_policy,
            delivery=self.delivery,
        )


class CatalogueMerchant(MerchantBody):
    merchant_id: Identifier


class CatalogueWarehouse(WarehouseBody):
    warehouse_id: Identifier


class CatalogueSku(SkuBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"sku": "TEA-OOLONG-150", **_EXAMPLE}]})

    sku: Identifier


class CataloguePromotion(PromotionBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "tea-week", **PROMOTION_EXAMPLE}]})

    code: Identifier


class CatalogueMemberBenefit(MemberBenefitBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "gold-98", **MEMBER_BENEFIT_EXAMPLE}]})

    code: Identifier


class CatalogueCampaign(CampaignBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "oolong-noon", **CAMPAIGN_EXAMPLE}]})

    code: Identifier


class CataloguePurchaseLimit(PurchaseLimitBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "clay-pots", **LIMIT_EXAMPLE}]})

    code: Identifier


class CatalogueCoupon(CouponTemplateBody):
    """A coupon template. Each account of `grants` is given one coupon, once."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"template": "welcome", **COUPON_EXAMPLE, "grants": ["alice"]}]}
    )

    template: Identifier
    grants: list[Account] = Field(default_factory=list, max_length=1000)


class CatalogueMember(MemberBody):
    """An account. `points` are given to it once, whatever they are changed to later."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"account": "alice", "tier": "gold", "points": 500}]})

    account: Account
    points: Points = 0


class CatalogueRestorations(RestorationsBody):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"source": "coupon", "cancelled": {"rule": "extended", "days": 7}}]}
    )

    source: Source = Field(strict=False)


_MOST = 2000


class Catalogue(Request):
    """Everything that the shop sells and grants, to create or change. Loading it twice is loading it once."""

    merchants: list[CatalogueMerchant] = Field(default_factory=list, max_length=_MOST)
    warehouses: list[CatalogueWarehouse] = Field(default_factory=list, max_length=_MOST)
    skus: list[CatalogueSku] = Field(default_factory=list, max_length=_MOST)
    promotions: list[CataloguePromotion] = Field(default_factory=list, max_length=_MOST)
    member_benefits: list[CatalogueMemberBenefit] = Field(default_factory=list, max_length=_MOST)
    campaigns: list[CatalogueCampaign] = Field(default_factory=list, max_length=_MOST)
    limits: list[CataloguePurchaseLimit] = Field(default_factory=list, max_length=_MOST)
    coupons: list[CatalogueCoupon] = Field(default_factory=list, max_length=_MOST)
    members: list[CatalogueMember] = Field(default_factory=list, max_length=_MOST)
    points_policies: list[PointsPolicyBody] = Field(default_factory=list, max_length=_MOST)
    restorations: list[CatalogueRestorations] = Field(default_factory=list, max_length=len(Source))
    after_sales_rules: list[AfterSalesRulesBody] = Field(default_factory=list, max_length=1)


class CatalogueLoaded(Response):
    """How many of each were in the document."""

    merchants: int
    warehouses: int
    skus: int
    promotions: int
    member_benefits: int
    campaigns: int
    limits: int
    coupons: int
    members: int
    points_policies: int
    restorations: int
    after_sales_rules: int


class SkuView(Response):
    sku: str
    name: str
    attributes: dict[str, str]
    merchant_id: str
    price: MoneyBody
    order_type: str
    transport_class: str
    stock_hint: str = Field(description="`in_stock`, `low` or `out_of_stock`")
