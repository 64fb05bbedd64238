"""Seals over the heads of many chains: who cuts rows off, or removes a whole order, contradicts them (R-SUB-3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ordersaga.domain.audit.chain import canonical
from ordersaga.domain.audit.verification import Finding
from ordersaga.domain.keys import KeyRing

Heads = Mapping[str, tuple[int, str]]
"""Order number → the last sequence of its chain, and the seal of that row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A seal over the heads of the chains that moved since the checkpoint before it.

    `position` is that of the last event covered; `orders` and `transitions` count from the beginning.
    """

    number: int
    at: datetime
    position: int
    orders: int
    transitions: int
    heads: Heads = field(repr=False)
    key_id: str
    mac: str

    def seal(self, keys: KeyRing, previous: str) -> str | None:
        """What `mac` must be behind a checkpoint with the seal `previous`."""
        content = [
            self.number,
            self.at.astimezone(UTC).isoformat(),
            self.position,
            self.orders,
            self.transitions,
            {order_no: list(head) for order_no, head in self.heads.items()},
        ]
        return keys.digest(self.key_id, "checkpoint", previous, canonical(content))


def verify_checkpoint(checkpoint: Checkpoint, previous: Checkpoint | None, keys: KeyRing) -> Finding | None:
    """What is wrong with a checkpoint itself, if anything."""
    where = f"audit_checkpoints.{checkpoint.number}"
    expected = previous.number + 1 if previous else 1
    if checkpoint.number != expected:
        message = f"checkpoints {expected} to {checkpoint.number - 1} are missing"
        return Finding(order_no="", fault="checkpoint_removed", where=where, message=message)
    if checkpoint.seal(keys, previous.mac if previous else "") != checkpoint.mac:
        message = f"checkpoint {checkpoint.number} was changed or made by somebody else"
        return Finding(order_no="", fault="checkpoint_changed", where=where, message=message)
    return None
