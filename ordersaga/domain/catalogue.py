"""What can be sold, by whom and from where: the facts that a quote freezes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ordersaga.domain.money import Money


class TransportClass(StrEnum):
    ORDINARY = "ordinary"
    COLD_CHAIN = "cold_chain"
    DANGEROUS = "dangerous"
    OVERSIZE = "oversize"


class StockPolicy(StrEnum):
    """When an order takes its units: held from the submit on, or taken when it is paid (R-STK-1)."""

    DEDUCT_AT_SUBMIT = "deduct_at_submit"
    DEDUCT_AT_PAYMENT = "deduct_at_payment"


class Delivery(StrEnum):
    """How goods that are not shipped reach their buyer: as codes of a pool, or as a right that a provider grants."""

    CODES = "codes"
    ENTITLEMENT = "entitlement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sku:
    """One thing that can be ordered (R-ORD-1).

    `shipping_fee` is per unit and replaces the merchant's tariff. `floor_price` is what no offer takes a unit below.
    `category` is a path such as `tea/oolong`. `delivery` means something to goods that are not shipped.
    """

    sku: str
    name: str
    merchant_id: str
    price: Money
    attributes: Mapping[str, str] = field(default_factory=dict)
    shipping_fee: Money | None = None
    category: str = ""
    floor_price: int = 0
    weight_g: int = 0
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    transport_class: TransportClass = TransportClass.ORDINARY
    order_type: str = "standard"
    stock_policy: StockPolicy = StockPolicy.DEDUCT_AT_SUBMIT
    delivery: Delivery = Delivery.CODES

    @property
    def volume_mm3(self) -> int:
        return self.length_mm * self.width_mm * self.height_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What a merchant asks for one delivery: `base`, and `per_kg` for every started kilogram beyond the first."""

    base: Money
    per_kg: Money

    def fee(self, weight_g: int) -> Money:
        started_kilograms = -(-weight_g // 1000)
        return self.base + self.per_kg * max(0, started_kilograms - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """A seller; the platform's own shop is `self_operated`. `shipping` maps each option's code to its tariff."""

    merchant_id: str
    name: str
    self_operated: bool = False
    shipping: Mapping[str, Tariff] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    warehouse_id: str
    name: str
    country: str
    region: str
    city: str
    postal_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where goods go and who receives them: personal data, kept out of Temporal and of logs."""

    name: str
    phone: str
    line1: str
    city: str
    region: str
    postal_code: str
    country: str
