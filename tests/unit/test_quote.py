"""A quote's token: it reads back as it was, and stays small however many lines and discounts it promises (R-SUB-3)."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey
from pydantic import SecretStr

from api.quote import Quote
from api.schemas.orders import SubmitRequest
from api.sealing import Sealer
from ordersaga.domain.errors import QuoteInvalid
from ordersaga.domain.pricing.allocation import Allocation, Kind
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.promise import promise
from ordersaga.domain.pricing.quote import CartItem, PricedOrder
from ordersaga.settings import QuoteSettings
from tests.goods import TAIPEI, goods, priced

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
CHOSEN = Wishes(coupon_codes=("ABCDEFGHIJKLMNOP",), promotion_codes=("TEN",), points=50)
KEY = bytes(32)
SEALER = Sealer(QuoteSettings(keys={"k": SecretStr(base64.b64encode(KEY).decode())}, ttl_seconds=900))


def discounted(lines: int, discounts: int) -> PricedOrder:
    """A cart with so many discounts on each line, of amounts of all kinds, under long codes."""
    skus = [goods(f"GOODS-OF-A-LONG-NAME-{number * 7919 % 10_007:05}", 10_000 + number) for number in range(lines)]
    order = priced([CartItem(sku.sku, 3) for sku in skus], skus)
    shares = [
        Allocation(
            kind=Kind.DISCOUNT,
            source="promotion",
            code=f"A-CAMPAIGN-OF-SOME-LENGTH-{place:02}",
            funded_by="platform",
            amount=(number * 7919 + place * 104_729) * 7919 % 9973,
            units=((3, 0),),
        )
        for number in range(lines)
        for place in range(discounts)
    ]
    changed = [
        replace(line, allocations=(*line.allocations, *shares[place * discounts : (place + 1) * discounts]))
        for place, line in enumerate(order.lines)
    ]
    return replace(order, lines=tuple(changed))


def quoted(order: PricedOrder, wishes: Wishes = CHOSEN) -> Quote:
    items = tuple(CartItem(line.sku, line.quantity) for line in order.lines)
    return SEALER.new_quote(
        buyer="alice", items=items, address=TAIPEI, channel="app", wishes=wishes, choices={}, priced=order, at=AT
    )


@pytest.mark.parametrize(
    "wishes", [CHOSEN, Wishes(), Wishes(coupon_codes=())], ids=["chosen", "left to the shop", "no coupon"]
)
def test_a_quote_reads_back_as_it_was(wishes: Wishes) -> None:
    order = discounted(lines=3, discounts=2)
    quote = quoted(order, wishes)
    assert SEALER.open(SEALER.seal(quote)) == quote
    assert quote.promised == promise(order)
    assert [code for _, code, _ in quote.rules] == ["A-CAMPAIGN-OF-SOME-LENGTH-00", "A-CAMPAIGN-OF-SOME-LENGTH-01"]


def test_the_largest_carts_token_fits_a_submit_twice() -> None:
    token = SEALER.seal(quoted(discounted(lines=100, discounts=10)))
    assert len(token) < 32_768 / 2
    SubmitRequest(quote_token=token)


def test_a_token_of_another_layout_is_no_quote() -> None:
    earlier = json.dumps({"quote_id": "q_1", "buyer": "alice", "items": [["TEA", 1]]}).encode()
    header = {"alg": "dir", "enc": "A256GCM", "kid": "k"}
    token = jwe.encrypt_compact(header, earlier, OctKey.import_key(KEY))
    with pytest.raises(QuoteInvalid):
        SEALER.open(token)


def test_a_token_is_a_standard_jwe() -> None:
    """Whoever has the key can read and write one by any library; the older revision of a rolling upgrade does."""
    quote = quoted(discounted(lines=2, discounts=1))
    key, algorithms = OctKey.import_key(KEY), ["dir", "A256GCM", "DEF"]
    theirs = jwe.decrypt_compact(SEALER.seal(quote), key, algorithms=algorithms)
    assert theirs.plaintext is not None
    header = {"alg": "dir", "enc": "A256GCM", "zip": "DEF", "kid": "k"}
    assert theirs.headers() == header
    assert SEALER.open(jwe.encrypt_compact(header, theirs.plaintext, key, algorithms=algorithms)) == quote


def test_a_token_that_was_touched_anywhere_is_no_quote() -> None:
    token = SEALER.seal(quoted(discounted(lines=1, discounts=1)))
    header, _, nonce, text, tag = token.split(".")
    shifted = (base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), base64.urlsafe_b64decode(f"{tag}=="))
    longer, shorter = (
        base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"".join(shifted)[:-15], shifted[1][1:])
    )
    touched = [
        token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :] for place, letter in enumerate(token)
    ]
    forms = [
        f"{token}.",
        f"{token}=",
        token[:-1],
        f".{token}",
        f"{header}.{nonce}.{text}.{tag}",
        f"{token}\n",
        "",
        "ä.ö",
    ]
    for wrong in (*touched, *forms, f"{header}..{nonce}.{longer}.{shorter}", f"{header}.x.{nonce}.{text}.{tag}"):
        with pytest.raises(QuoteInvalid):
            SEALER.open(wrong)
