"""A machine as a Mermaid state diagram (R-STM-3)."""

from collections import defaultdict

from ordersaga.domain.lifecycle.table import Machine


def mermaid(machine: Machine) -> str:
    """The diagram of a table; actions that stay in their state are left out of it."""
    arrows: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in machine.rows:
        if row.current != row.next:
            arrows[row.current, row.next].append(row.action)
    lines = ["stateDiagram-v2", f"    [*] --> {machine.initial}"]
    lines += [f"    {current} --> {reached}: {' / '.join(actions)}" for (current, reached), actions in arrows.items()]
    lines += [f"    {state} --> [*]" for state in machine.states if state in machine.final]
    return "\n".join(lines) + "\n"
