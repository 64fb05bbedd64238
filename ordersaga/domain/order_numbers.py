"""Order numbers: the day, and letters that follow from what an order comes of, which becomes one order at most."""

import hashlib
from datetime import datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def order_no_of(origin: str, at: datetime) -> str:
    """The one order number of a quote or a case, such as `261122-7K3M9QXF2T8B`."""
    digest = int.from_bytes(hashlib.sha256(origin.encode()).digest()[:8]) >> 4
    letters = "".join(_ALPHABET[digest >> shift & 31] for shift in range(55, -1, -5))
    return f"{at:%y%m%d}-{letters}"
