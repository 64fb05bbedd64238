"""The tree of refusals: one stable code each, all of them drawn in one place."""

import json
import re
from collections.abc import Iterator

import pytest

from ordersaga.domain import errors
from ordersaga.domain.errors import CurrencyMismatch, OrderError


def below(kind: type[OrderError]) -> Iterator[type[OrderError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from below(child)


KINDS: list[type[OrderError]] = [OrderError, *below(OrderError)]


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_code_is_lower_case_words(kind: type[OrderError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)


def test_the_docstring_draws_the_tree_as_it_is() -> None:
    drawn = dict(re.findall(r"[├└]── (\w+) +(\w+)", errors.__doc__ or ""))
    assert drawn == {
        kind.__name__: "a" if kind is errors.Refused else kind.code for kind in KINDS if kind is not OrderError
    }


def test_details_are_ready_for_json() -> None:
    assert json.dumps(CurrencyMismatch("JPY", "EUR").details) == '{"currencies": ["JPY", "EUR"]}'
