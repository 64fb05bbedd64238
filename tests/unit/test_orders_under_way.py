"""The index of orders under way leaves out those that are at an end, and no others."""

import re

from ordersaga.persistence.tables.orders import UNDER_WAY
from worker.backlog import final_states


def test_the_index_leaves_out_every_state_that_is_an_end_of_some_type() -> None:
    assert sorted(re.findall(r"'(\w+)'", UNDER_WAY.text)) == final_states()
