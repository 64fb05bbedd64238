"""What is sold during an experiment: few goods of two sellers in two warehouses, some of them scarce."""

from dataclasses import dataclass

from cli.client import Api, JsonObject

CURRENCY = "TWD"
_PLENTY = 100_000


@dataclass(frozen=True, slots=True)
class Good:
    """`on_hand` is warehouse id → units; both merchants and warehouses are the demo catalogue's."""

    sku: str
    merchant_id: str
    price: int
    on_hand: tuple[tuple[str, int], ...]

    def document(self) -> JsonObject:
        return {
            "name": f"Goods {self.sku}",
            "price": {"amount": self.price, "currency": CURRENCY},
            "merchant_id": self.merchant_id,
            "stock": dict(self.on_hand),
            "weight_g": 400,
            "length_mm": 200,
            "width_mm": 100,
            "height_mm": 50,
        }


def catalogue(mark: str, orders: int) -> tuple[Good, ...]:
    """Goods for about so many orders, of which two kinds run out. `mark` keeps one experiment's from another's."""
    scarce = max(2, orders // 6)
    shelves: tuple[tuple[str, int, tuple[tuple[str, int], ...]], ...] = (
        ("ordersaga", 12_900, (("tpe-1", _PLENTY), ("khh-1", _PLENTY))),
        ("ordersaga", 4_990, (("tpe-1", _PLENTY),)),
        ("ordersaga", 99_900, (("tpe-1", scarce), ("khh-1", scarce))),
        ("moon-books", 42_000, (("tpe-1", _PLENTY),)),
        ("moon-books", 3_333, (("khh-1", scarce),)),
        ("lin-tea", 48_001, (("tpe-1", scarce), ("lin-1", _PLENTY))),
    )
    return tuple(
        Good(f"chaos-{mark}-{number}", merchant_id, price, on_hand)
        for number, (merchant_id, price, on_hand) in enumerate(shelves, start=1)
    )


async def shelve(api: Api, goods: tuple[Good, ...]) -> None:
    """Offer them, by the administration's API."""
    for good in goods:
        await api.operator("chaos").put(f"/v1/admin/skus/{good.sku}", good.document())
