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
    ("standard", "placed"): Counts(9, 1, 4, 25, 2, 5),
    ("standard", "paid"): Counts(17, 2, 7, 51, 6, 5),
    ("standard", "whole"): Counts(89, 14, 33, 156, 25, 5),
    ("flash_sale", "placed"): Counts(9, 1, 4, 27, 2, 8),
    ("flash_sale", "paid"): Counts(17, 2, 7, 53, 6, 8),
    ("flash_sale", "whole"): Counts(89, 14, 33, 158, 25, 8),
    ("presale", "placed"): Counts(9, 1, 4, 27, 2, 5),
    ("presale", "paid"): Counts(39, 5, 16, 74, 10, 5),
    ("presale", "whole"): Counts(111, 17, 42, 179, 29, 5),
    ("digital", "placed"): Counts(9, 1, 4, 30, 2, 5),
    ("digital", "paid"): Counts(19, 2, 8, 59, 7, 5),
    ("digital", "whole"): Counts(26, 3, 10, 69, 9, 7),
    ("group_buy", "placed"): Counts(36, 4, 17, 89, 10, 10),
    ("group_buy", "paid"): Counts(84, 10, 36, 188, 30, 10),
    ("group_buy", "whole"): Counts(228, 34, 88, 404, 68, 10),
}
