"""Secrets in the database: unreadable without the key, bound to their owner, readable through a change of keys."""

from datetime import UTC, datetime, timedelta

import pytest

from ordersaga.domain.keys import KeyRing
from ordersaga.gateways.secrets import SecretBox, SecretUnreadable
from ordersaga.gateways.webhooks.signing_secrets import SigningSecret, new_secret, opened, replaced, sealed, valid

OLD, NEW = bytes(32), bytes(range(32))
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def box(current: str = "old", **keys: bytes) -> SecretBox:
    return SecretBox(KeyRing(keys or {"old": OLD}, current))


def test_what_was_sealed_is_opened_and_shows_nothing() -> None:
    secret = new_secret()
    text = sealed(box(), "whe_1", [secret])
    assert secret.text not in text
    assert opened(box(), "whe_1", text) == [secret]


def test_a_secret_that_was_moved_to_another_owner_is_not_opened() -> None:
    with pytest.raises(SecretUnreadable):
        box().open("whe_2", box().seal("whe_1", {"a": 1}))


def test_an_old_key_opens_what_it_sealed_and_the_new_one_seals() -> None:
    text = box().seal("whe_1", {"a": 1})
    both = box("new", old=OLD, new=NEW)
    assert both.open("whe_1", text) == {"a": 1}
    fresh = both.seal("whe_1", {"a": 1})
    assert box("new", new=NEW).open("whe_1", fresh) == {"a": 1}
    for unreadable in (fresh, "", "a.b.c.d.e", text[:-2]):
        with pytest.raises(SecretUnreadable):
            box().open("whe_1", unreadable)


def test_a_replaced_secret_signs_until_its_time_is_over() -> None:
    first = new_secret()
    both = replaced([first], at=NOW, overlap=timedelta(hours=1))
    assert valid(both, NOW + timedelta(minutes=59)) == [both[0].text, first.text]
    assert valid(both, NOW + timedelta(hours=1)) == [both[0].text]
    assert replaced(both, at=NOW, overlap=timedelta())[1:] == []
    third = replaced(both, at=NOW, overlap=timedelta(hours=1))
    assert [one.text for one in third[1:]] == [both[0].text], "at most two sign"
    assert opened(box(), "whe_1", sealed(box(), "whe_1", third)) == third
    assert SigningSecret(first.text) == first
