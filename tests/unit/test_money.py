"""Money is whole minor units of one ISO 4217 currency, and is shared without losing any (M1, M7)."""

import pytest

from ordersaga.domain.errors import CurrencyMismatch, MoneyInvalid
from ordersaga.domain.money import CURRENCIES, Money, exponent, prorate, total


@pytest.mark.parametrize(("currency", "places"), [("TWD", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("BHD", 3)])
def test_each_currency_has_the_decimals_that_iso_4217_gives_it(currency: str, places: int) -> None:
    assert exponent(currency) == places


def test_every_listed_currency_has_an_exponent_of_nought_two_or_three() -> None:
    assert {exponent(currency) for currency in CURRENCIES} == {0, 2, 3}


@pytest.mark.parametrize("code", ["", "twd", "XXX", "TW", "ABCD"])
def test_a_code_that_iso_4217_does_not_list_is_refused(code: str) -> None:
    with pytest.raises(MoneyInvalid):
        Money(1, code)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("99.9", "BRL", 9_990),
        ("0.07", "BRL", 7),
        ("1234567890123.45", "USD", 123_456_789_012_345),
        (" 58.90 ", "BRL", 5_890),
        ("-1.5", "USD", -150),
        ("12", "JPY", 12),
        ("12.0", "JPY", 12),
        ("1.2345000", "KWD", None),
        ("1.234", "KWD", 1_234),
        ("0.5", "KWD", 500),
    ],
)
def test_a_decimal_is_read_exactly_or_not_at_all(text: str, currency: str, amount: int | None) -> None:
    if amount is None:
        with pytest.raises(MoneyInvalid, match="more decimals"):
            Money.parse(text, currency)
    else:
        assert Money.parse(text, currency) == Money(amount, currency)


@pytest.mark.parametrize("text", ["", "1,5", "1e3", "nan", ".5", "5.", "+5", "1 000", "--1", "0x10"])
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(MoneyInvalid, match="not a decimal"):
        Money.parse(text, "TWD")


@pytest.mark.parametrize("amount", [1.0, True, "1", None])
def test_an_amount_that_is_no_whole_number_is_refused(amount: object) -> None:
    with pytest.raises(MoneyInvalid, match="whole number"):
        Money(amount, "TWD")  # type: ignore[arg-type]


def test_an_amount_times_a_fraction_is_refused() -> None:
    with pytest.raises(MoneyInvalid):
        Money(100, "TWD") * 0.5  # type: ignore[operator]


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(5, "TWD", "0.05 TWD"), (-5, "TWD", "-0.05 TWD"), (1_234, "KWD", "1.234 KWD"), (7, "JPY", "7 JPY")],
)
def test_an_amount_is_written_with_its_currencys_decimals(amount: int, currency: str, text: str) -> None:
    assert str(Money(amount, currency)) == text


def test_two_currencies_are_neither_added_nor_subtracted_nor_summed() -> None:
    yen, euro = Money(1, "JPY"), Money(1, "EUR")
    with pytest.raises(CurrencyMismatch) as refusal:
        yen + euro
    assert refusal.value.details == {"currencies": ["JPY", "EUR"]}
    with pytest.raises(CurrencyMismatch):
        yen - euro
    with pytest.raises(CurrencyMismatch):
        total([yen, euro], "JPY")


def test_the_sum_of_nothing_is_nothing_of_that_currency() -> None:
    assert total([], "KWD") == Money(0, "KWD")


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (1001, (1000, 1000, 1000, 1), (334, 334, 333, 0)),  # a tiny last line never goes below zero
        (1000, (1000, 1000, 1000), (334, 333, 333)),  # no cent is lost by rounding
        (1, (1, 2, 1), (0, 1, 0)),  # ties go to the heavier weight
        (1, (0, 1), (0, 1)),  # a line of nothing gets nothing
        (0, (0, 0), (0, 0)),
        (0, (), ()),
        (10, (3,), (10,)),  # more than the weights: a shipping fee may exceed the goods
    ],
)
def test_an_amount_is_shared_to_the_last_cent(amount: int, weights: tuple[int, ...], shares: tuple[int, ...]) -> None:
    assert prorate(amount, weights) == shares


@pytest.mark.parametrize(("amount", "weights"), [(-1, (1,)), (1, (1, -1)), (1, (0, 0)), (1, ())])
def test_what_cannot_be_shared_is_refused(amount: int, weights: tuple[int, ...]) -> None:
    with pytest.raises(MoneyInvalid):
        prorate(amount, weights)
