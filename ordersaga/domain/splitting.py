"""Order → seller → warehouse → transport class → parcels within weight and volume limits (R-SPL-1).

Amounts are carried exactly: every parcel takes the shares of the units that it holds, as they were allocated when the
order was priced, so parcels sum to the order, to the minor unit (M11).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ordersaga.domain.catalogue import TransportClass
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.domain.sourcing import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one parcel may weigh and measure. A single unit beyond them travels alone."""

    weight_g: int
    volume_mm3: int


@dataclass(frozen=True, slots=True, order=True)
class ParcelLine:
    """`quantity` units of a line, by number, with what was paid for just these units and their delivery."""

    line_no: int
    sku: str
    quantity: int
    payable: int
    shipping: int
    units: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    sequence: int
    merchant_id: str
    warehouse_id: str
    transport_class: TransportClass
    weight_g: int
    volume_mm3: int
    lines: tuple[ParcelLine, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    line: PricedLine
    number: int
    warehouse_id: str
    payable: int
    shipping: int

    @property
    def destination(self) -> tuple[str, str, str]:
        return self.line.merchant_id, self.warehouse_id, self.line.transport_class.value


def parcels_at_most(lines: Iterable[PricedLine], limits: Limits) -> int:
    """No split of `lines` from one warehouse each has more parcels than this."""
    return sum(-(-line.quantity // _units_per_parcel(line, limits)) for line in lines)


def _units_per_parcel(line: PricedLine, limits: Limits) -> int:
    by_weight = limits.weight_g // line.weight_g if line.weight_g else line.quantity
    by_volume = limits.volume_mm3 // line.volume_mm3 if line.volume_mm3 else line.quantity
    return max(1, min(by_weight, by_volume))


def split(
    lines: Sequence[PricedLine],
    sources: Iterable[Source],
    limits: Limits,
    *,
    units: Mapping[int, Sequence[int]] | None = None,
    first: int = 1,
) -> tuple[Parcel, ...]:
    """The parcels of an order, numbered from `first`. Every sourced unit is in exactly one of them.

    Where not every unit of the lines is packed, `units` are those that are: line number → their numbers.
    """
    by_destination: defaultdict[tuple[str, str, str], list[_Unit]] = defaultdict(list)
    for unit in _units(lines, sources, units):
        by_destination[unit.destination].append(unit)
    boxes = [box for key in sorted(by_destination) for box in _pack(by_destination[key], limits)]
    return tuple(_parcel(sequence, box) for sequence, box in enumerate(boxes, start=first))


def _units(
    lines: Sequence[PricedLine], sources: Iterable[Source], units: Mapping[int, Sequence[int]] | None
) -> Iterator[_Unit]:
    by_number = {line.line_no: line for line in lines}
    shares = {line.line_no: line.units() for line in lines}
    every = {line.line_no: range(1, line.quantity + 1) for line in lines}
    numbers = {line_no: iter(chosen) for line_no, chosen in (units or every).items()}
    for source in sorted(sources):
        for _ in range(source.quantity):
            number = next(numbers[source.line_no])
            share = shares[source.line_no][number - 1]
            yield _Unit(by_number[source.line_no], number, source.warehouse_id, share.payable, share.shipping)


def _pack(units: Iterable[_Unit], limits: Limits) -> list[list[_Unit]]:
    """First fit, heaviest and largest first: few parcels, and the same ones whatever the order of lines."""
    heaviest_first = sorted(units, key=lambda unit: (-unit.line.weight_g, -unit.line.volume_mm3, unit.line.line_no))
    boxes: list[_Box] = []
    for unit in heaviest_first:
        box = next((box for box in boxes if box.fits(unit, limits)), None)
        if box is None:
            boxes.append(box := _Box([], 0, 0))
        box.add(unit)
    return [box.units for box in boxes]


@dataclass(slots=True)
class _Box:
    units: list[_Unit]
    weight_g: int
    volume_mm3: int

    def fits(self, unit: _Unit, limits: Limits) -> bool:
        return (
            self.weight_g + unit.line.weight_g <= limits.weight_g
            and self.volume_mm3 + unit.line.volume_mm3 <= limits.volume_mm3
        )

    def add(self, unit: _Unit) -> None:
        self.units.append(unit)
        self.weight_g += unit.line.weight_g
        self.volume_mm3 += unit.line.volume_mm3


def _parcel(sequence: int, units: Sequence[_Unit]) -> Parcel:
    by_line: defaultdict[int, list[_Unit]] = defaultdict(list)
    for unit in units:
        by_line[unit.line.line_no].append(unit)
    first = units[0]
    return Parcel(
        sequence=sequence,
        merchant_id=first.line.merchant_id,
        warehouse_id=first.warehouse_id,
        transport_class=first.line.transport_class,
        weight_g=sum(unit.line.weight_g for unit in units),
        volume_mm3=sum(unit.line.volume_mm3 for unit in units),
        lines=tuple(
            ParcelLine(
                line_no,
                members[0].line.sku,
                len(members),
                sum(unit.payable for unit in members),
                sum(unit.shipping for unit in members),
                tuple(sorted(unit.number for unit in members)),
            )
            for line_no, members in sorted(by_line.items())
        ),
    )
