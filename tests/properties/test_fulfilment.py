"""Sourcing and splitting: every unit comes from somewhere and travels once, and money goes with it (R-SPL-1)."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordersaga.domain.catalogue import TransportClass
from ordersaga.domain.errors import OutOfStock
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.domain.sourcing import Demand, Source, source
from ordersaga.domain.splitting import Limits, Parcel, parcels_at_most, split
from tests.goods import TAIPEI, line, warehouse

WAREHOUSES = {
    each.warehouse_id: each
    for each in (
        warehouse("w1"),
        warehouse("w2", "Beitou", "Taipei"),
        warehouse("w3", "Kaohsiung"),
        warehouse("w4", "Tokyo", country="JP"),
    )
}
SKUS = ("A", "B", "C", "D")
DEMANDS = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 6)), min_size=1, max_size=6).map(
    lambda wanted: [Demand(number, sku, f"seller-{sku in 'AB'}", n) for number, (sku, n) in enumerate(wanted, 1)]
)
SHELVES = st.dictionaries(
    st.sampled_from(SKUS), st.dictionaries(st.sampled_from(sorted(WAREHOUSES)), st.integers(0, 12))
)


@given(DEMANDS, SHELVES)
def test_demand_is_met_exactly_or_the_short_skus_are_named(
    demands: list[Demand], shelves: dict[str, dict[str, int]]
) -> None:
    wanted: Counter[str] = Counter()
    for demand in demands:
        wanted[demand.sku] += demand.quantity
    short = sorted(sku for sku, units in wanted.items() if units > sum(shelves.get(sku, {}).values()))
    if short:
        with pytest.raises(OutOfStock) as refusal:
            source(demands, shelves, WAREHOUSES, TAIPEI)
        assert [item["sku"] for item in refusal.value.details["items"]] == short
        return
    sources = source(demands, shelves, WAREHOUSES, TAIPEI)
    taken: Counter[tuple[str, str]] = Counter()
    served: Counter[int] = Counter()
    for item in sources:
        assert item.quantity > 0
        taken[item.sku, item.warehouse_id] += item.quantity
        served[item.line_no] += item.quantity
    assert served == {demand.line_no: demand.quantity for demand in demands}
    assert all(units <= shelves[sku][warehouse_id] for (sku, warehouse_id), units in taken.items())


@given(DEMANDS, SHELVES)
def test_one_warehouse_serves_all_whenever_one_can(demands: list[Demand], shelves: dict[str, dict[str, int]]) -> None:
    wanted: Counter[str] = Counter()
    for demand in demands:
        wanted[demand.sku] += demand.quantity
    one_can = any(all(shelves.get(sku, {}).get(name, 0) >= n for sku, n in wanted.items()) for name in WAREHOUSES)
    try:
        used = {item.warehouse_id for item in source(demands, shelves, WAREHOUSES, TAIPEI)}
    except OutOfStock:
        assert not one_can
    else:
        assert not one_can or len(used) == 1


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[PricedLine], list[Source], Limits]:
    limits = Limits(weight_g=draw(st.integers(1, 3_000)), volume_mm3=draw(st.integers(1, 3_000)))
    lines, sources = [], []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        by_warehouse = draw(st.dictionaries(st.sampled_from(["w1", "w2"]), st.integers(1, 6), min_size=1))
        lines.append(
            line(
                number,
                sum(by_warehouse.values()),
                merchant_id=draw(st.sampled_from(["own", "other"])),
                payable=draw(st.integers(0, 10**6)),
                shipping=draw(st.integers(0, 10**4)),
                weight_g=draw(st.integers(0, 4_000)),
                volume_mm3=draw(st.integers(0, 4_000)),
                transport_class=draw(st.sampled_from(TransportClass)),
            )
        )
        sources += [Source(number, f"SKU-{number}", name, units) for name, units in by_warehouse.items()]
    return lines, sources, limits


def units(parcel: Parcel) -> int:
    return sum(item.quantity for item in parcel.lines)


@given(orders())
def test_every_unit_travels_exactly_once_from_where_it_was_sourced(
    order: tuple[list[PricedLine], list[Source], Limits],
) -> None:
    lines, sources, limits = order
    travels: Counter[tuple[int, str]] = Counter()
    for parcel in split(lines, sources, limits):
        for item in parcel.lines:
            travels[item.line_no, parcel.warehouse_id] += item.quantity
    assert travels == {(item.line_no, item.warehouse_id): item.quantity for item in sources}


@given(orders())
def test_parcels_sum_to_the_order_to_the_minor_unit(order: tuple[list[PricedLine], list[Source], Limits]) -> None:
    lines, sources, limits = order
    payable: Counter[int] = Counter()
    shipping: Counter[int] = Counter()
    for parcel in split(lines, sources, limits):
        for item in parcel.lines:
            assert item.payable >= 0
            assert item.shipping >= 0
            payable[item.line_no] += item.payable
            shipping[item.line_no] += item.shipping
    assert payable == {item.line_no: item.payable for item in lines}
    assert shipping == {item.line_no: item.shipping for item in lines}


@given(orders())
def test_an_order_has_no_more_parcels_than_its_lines_packed_alone(
    order: tuple[list[PricedLine], list[Source], Limits],
) -> None:
    lines, sources, limits = order
    further_warehouses = len(sources) - len({source.line_no for source in sources})
    assert len(split(lines, sources, limits)) <= parcels_at_most(lines, limits) + further_warehouses


@given(orders())
def test_a_parcel_keeps_the_limits_or_holds_a_single_unit(order: tuple[list[PricedLine], list[Source], Limits]) -> None:
    lines, sources, limits = order
    by_number = {item.line_no: item for item in lines}
    for parcel in split(lines, sources, limits):
        assert parcel.weight_g == sum(by_number[item.line_no].weight_g * item.quantity for item in parcel.lines)
        assert parcel.volume_mm3 == sum(by_number[item.line_no].volume_mm3 * item.quantity for item in parcel.lines)
        if units(parcel) > 1:
            assert parcel.weight_g <= limits.weight_g
            assert parcel.volume_mm3 <= limits.volume_mm3


@given(orders())
def test_a_parcel_is_of_one_seller_one_warehouse_and_one_transport_class(
    order: tuple[list[PricedLine], list[Source], Limits],
) -> None:
    lines, sources, limits = order
    by_number = {item.line_no: item for item in lines}
    parcels = split(lines, sources, limits)
    assert [parcel.sequence for parcel in parcels] == list(range(1, len(parcels) + 1))
    for parcel in parcels:
        kinds = {
            (by_number[item.line_no].merchant_id, by_number[item.line_no].transport_class) for item in parcel.lines
        }
        assert kinds == {(parcel.merchant_id, parcel.transport_class)}


@given(orders(), st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_no_parcel(
    order: tuple[list[PricedLine], list[Source], Limits], random: Random
) -> None:
    lines, sources, limits = order
    shuffled_lines = random.sample(lines, len(lines))
    shuffled_sources = random.sample(sources, len(sources))
    assert split(shuffled_lines, shuffled_sources, limits) == split(lines, sources, limits)
