"""Order types and their state machines, published (R-STM-3)."""

from pydantic import Field

from api.schemas.values import Response


class StateView(Response):
    """A system state, and what each role reads instead, in English and Traditional Chinese."""

    state: str
    final: bool
    buyer_status: str
    buyer_label: dict[str, str]
    merchant_status: str
    merchant_label: dict[str, str]
    operator_status: str
    operator_label: dict[str, str]


class TransitionView(Response):
    current: str
    action: str
    next: str
    by: list[str]
    trigger: str
    guard: str | None = Field(description="what must hold besides, as a stable word")


class OrderTypeSummary(Response):
    """`label` is what people call it; it `ships` parcels to an address, or delivers without."""

    order_type: str
    label: dict[str, str]
    about: str
    version: int
    ships: bool
    under_campaign: bool = Field(description="only sold while a campaign of it runs")
    offered: bool = Field(description="whether goods are sold as it; else it comes of something else than a cart")


class MachineView(Response):
    """A table: its states, its rows, and a diagram in Mermaid."""

    version: int
    initial: str
    states: list[StateView]
    transitions: list[TransitionView]
    diagram: str


class OrderTypeView(OrderTypeSummary, MachineView):
    """An order type with its table."""
