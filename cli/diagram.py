"""`ordersaga diagram`: the state machines as pictures."""

from typing import Annotated

import typer

from ordersaga.domain.errors import NotFound


def diagram(
    order_type: Annotated[str | None, typer.Argument(help="one order type; all of them if left out")] = None,
) -> None:
    """Print the state diagram of an order type in Mermaid."""
    from ordersaga.domain.lifecycle import registry
    from ordersaga.domain.lifecycle.diagram import mermaid

    try:
        kinds = [registry.order_type(order_type)] if order_type else list(registry.ORDER_TYPES.values())
    except NotFound as error:
        raise typer.BadParameter(f"{error.message}; there are: {', '.join(error.details['allowed'])}") from error
    for kind in kinds:
        typer.echo(f"%% {kind.name}, version {kind.machine.version}\n{mermaid(kind.machine)}")
