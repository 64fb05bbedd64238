"""Stock of a SKU as operators read it."""

from pydantic import Field

from api.schemas.values import Response


class ShelfBalance(Response):
    on_hand: int
    reserved: int
    available: int
    defective: int = Field(description="came back, and is not for sale; not part of what is on hand")
    ledger_on_hand: int
    ledger_reserved: int
    ledger_defective: int


class WarehouseBalance(ShelfBalance):
    """Everything in one warehouse, what campaigns have set aside included."""

    warehouse_id: str


class PoolBalance(ShelfBalance):
    """What a campaign has of its own in one warehouse."""

    campaign: str
    warehouse_id: str


class LedgerSum(Response):
    on_hand: int
    reserved: int
    defective: int


class StockView(Response):
    """Balances of a SKU beside the sums of its ledger; `adds_up` says whether they agree, shelf by shelf.

    Sums and `warehouses` are over everything; `pools` are the part of it that campaigns have of their own.
    """

    sku: str
    on_hand: int
    reserved: int
    available: int
    defective: int
    ledger_sum: LedgerSum
    adds_up: bool
    warehouses: list[WarehouseBalance]
    pools: list[PoolBalance]
