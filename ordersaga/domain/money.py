"""Money: an integer count of minor units and an ISO 4217 currency (M1, M7)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ordersaga.domain.errors import CurrencyMismatch, MoneyInvalid

# ISO 4217's exceptions to two decimal places; every other active code has two.
_EXPONENTS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
CURRENCIES = frozenset(
    """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
    IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
    MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
    RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD
    UYI UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG""".split()
)
_DECIMAL = re.compile(r"(-?)(\d+)(?:\.(\d+))?")


def exponent(currency: str) -> int:
    """The number of decimal places of a currency. Raises `MoneyInvalid` for a code that ISO 4217 does not list."""
    if currency not in CURRENCIES:
        raise MoneyInvalid(f"{currency!r} is not an ISO 4217 currency")
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (cents, or yen) of one currency. Mixing currencies raises `CurrencyMismatch`."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise MoneyInvalid(f"an amount is a whole number of minor units, not {self.amount!r}")
        exponent(self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, factor: int) -> "Money":
        return Money(self.amount * factor, self.currency)

    def __str__(self) -> str:
        places = exponent(self.currency)
        sign, digits = "-" if self.amount < 0 else "", f"{abs(self.amount):0{places + 1}d}"
        number = f"{digits[:-places]}.{digits[-places:]}" if places else digits
        return f"{sign}{number} {self.currency}"

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.amount

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Read a decimal such as `"99.9"` exactly; more decimals than the currency has raise `MoneyInvalid`."""
        places = exponent(currency)
        match = _DECIMAL.fullmatch(text.strip())
        if match is None:
            raise MoneyInvalid(f"{text!r} is not a decimal number")
        sign, whole, fraction = match[1], match[2], (match[3] or "").rstrip("0")
        if len(fraction) > places:
            raise MoneyInvalid(f"{text!r} has more decimals than {currency} ({places})")
        amount = int(whole + fraction.ljust(places, "0"))
        return cls(-amount if sign else amount, currency)


def total(parts: Iterable[Money], currency: str) -> Money:
    """The sum of `parts`, which all are in `currency`; zero of it for none."""
    return sum(parts, start=Money.zero(currency))


def prorate(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Share `amount` in proportion to `weights`, exact to the unit (R-PRC-3, M1).

    Largest remainder; ties go to the heavier weight, then to the earlier place. Σ shares = `amount`; a weight of
    zero gets zero; no share exceeds its weight as long as `amount` ≤ Σ weights. With all weights zero a positive
    `amount` cannot be shared: `MoneyInvalid`.
    """
    if amount < 0 or any(weight < 0 for weight in weights):
        raise MoneyInvalid("neither what is shared nor a weight may be negative")
    whole = sum(weights)
    if whole == 0:
        if amount:
            raise MoneyInvalid("nothing to share by: every weight is zero")
        return (0,) * len(weights)
    shares = [amount * weight // whole for weight in weights]
    remainders = [amount * weight % whole for weight in weights]
    by_claim = sorted(range(len(weights)), key=lambda place: (-remainders[place], -weights[place], place))
    for place in by_claim[: amount - sum(shares)]:
        shares[place] += 1
    return tuple(shares)
