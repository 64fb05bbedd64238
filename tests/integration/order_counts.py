"""What orders cost, as it was counted last: `python -m tests.integration.counted_orders` writes this table anew.

Each order has one line and, unless it is digital, one parcel. Group buys are two orders together.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Counts(NamedTuple):
    """Since the preview. `events` of histories, workflow `tasks`, billed `actions`; of PostgreSQL; of Valkey."""

    events: int
    tasks: int
    actions: int
    statements: int
    transactions: int
    commands: int


# By order type, and until when.
ORDER_COUNTS: Mapping[tuple[str, str], Counts] = {
    ("standard", "placed"): Counts(9, 1, 4, 24, 2, 5),
    ("standard", "paid"): Counts(17, 2, 7, 49, 5, 5),
    ("standard", "whole"): Counts(81, 12, 33, 142, 22, 5),
    ("flash_sale", "placed"): Counts(9, 1, 4, 26, 2, 10),
    ("flash_sale", "paid"): Counts(17, 2, 7, 51, 5, 10),
    ("flash_sale", "whole"): Counts(81, 12, 33, 144, 22, 10),
    ("presale", "placed"): Counts(9, 1, 4, 26, 2, 5),
    ("presale", "paid"): Counts(39, 5, 16, 71, 8, 5),
    ("presale", "whole"): Counts(103, 15, 42, 164, 25, 5),
    ("digital", "placed"): Counts(9, 1, 4, 30, 2, 5),
    ("digital", "paid"): Counts(19, 2, 8, 58, 6, 5),
    ("digital", "whole"): Counts(26, 3, 10, 68, 8, 7),
    ("group_buy", "placed"): Counts(36, 4, 17, 85, 8, 10),
    ("group_buy", "paid"): Counts(84, 10, 36, 178, 22, 10),
    ("group_buy", "whole"): Counts(212, 30, 88, 370, 56, 10),
}
