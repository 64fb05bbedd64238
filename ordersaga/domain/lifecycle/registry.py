"""Order types meet the rest of the system here and nowhere else (R-ORD-2)."""

from dataclasses import dataclass

from ordersaga.domain.errors import NotFound
from ordersaga.domain.lifecycle import standard
from ordersaga.domain.lifecycle.table import Machine


@dataclass(frozen=True, slots=True)
class OrderType:
    """An order type: its name, the workflow that runs it, and every version of its table that runs may be pinned to."""

    name: str
    workflow: str
    machines: tuple[Machine, ...]

    @property
    def machine(self) -> Machine:
        """The version that new orders begin with."""
        return self.machines[-1]

    def version(self, number: int) -> Machine:
        return next(machine for machine in self.machines if machine.version == number)


ORDER_TYPES = {
    order_type.name: order_type for order_type in (OrderType("standard", "StandardOrder", (standard.MACHINE,)),)
}


def order_type(name: str) -> OrderType:
    """The order type called `name`. Raises `NotFound`."""
    if name not in ORDER_TYPES:
        raise NotFound(f"there is no order type {name!r}", order_type=name, allowed=list(ORDER_TYPES))
    return ORDER_TYPES[name]
