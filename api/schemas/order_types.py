"""Order types and their state machines, published (R-STM-3)."""

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


class TransitionView(Response):
    current: str
    action: str
    next: str
    by: list[str]
    trigger: str


class OrderTypeView(Response):
    order_type: str
    version: int
    initial: str
    states: list[StateView]
    transitions: list[TransitionView]
    diagram: str


class OrderTypeSummary(Response):
    order_type: str
    version: int
