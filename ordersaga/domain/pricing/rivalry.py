"""The whole offers of a basket and which of them exclude one another. Sets of offers are bits of an integer here."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from ordersaga.domain.pricing.candidates import WALK, Candidate
from ordersaga.domain.pricing.exclusion import ByLine, exclude_each_other


class Rivalry:
    """`whole` are the offers in the order of their turns; a number is a place in it.

    `clash` are those that each excludes, `stages` those of each stage, `from_stage` those of it and
    of all behind it, `displacing` those that keep prices away,
    `cliques` groups of one stage of which all exclude one another.
    """

    def __init__(self, whole: Iterable[Candidate], by_line: ByLine) -> None:
        self.whole = sorted(whole, key=lambda item: (item.turn, item.order))
        self.clash = [
            bits_of(number for number, other in enumerate(self.whole) if exclude_each_other(item, other))
            for item in self.whole
        ]
        self.stages = [
            bits_of(number for number, item in enumerate(self.whole) if item.turn == turn) for turn in range(len(WALK))
        ]
        self.from_stage = [sum(self.stages[turn:]) for turn in range(len(WALK))]
        self.displacing = bits_of(number for number, item in enumerate(self.whole) if by_line.displaced_by(item))
        self.everything = (1 << len(self.whole)) - 1
        self.cliques = self._in_cliques()

    def stage_of(self, number: int) -> int:
        """All offers of the same stage."""
        return self.stages[self.whole[number].turn]

    def unrivalled(self, among: int) -> int:
        """Those that none of the others stands in the way of."""
        return bits_of(number for number in numbers_of(among) if not self.clash[number] & among)

    def excluded_by(self, numbers: Iterable[int]) -> int:
        excluded = 0
        for number in numbers:
            excluded |= self.clash[number]
        return excluded

    def cliques_of(self, among: int) -> list[tuple[int, ...]]:
        return [numbers_of(clique & among) for clique in self.cliques if clique & among]

    def _in_cliques(self) -> list[int]:
        cliques: list[int] = []
        for number, clash in enumerate(self.clash):
            fits = clash & self.stage_of(number)
            place = next((place for place, clique in enumerate(cliques) if not clique & ~fits), None)
            if place is None:
                cliques.append(1 << number)
            else:
                cliques[place] |= 1 << number
        return cliques


def bits_of(numbers: Iterable[int]) -> int:
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


@lru_cache(maxsize=10_000)
def numbers_of(bits: int) -> tuple[int, ...]:
    return tuple(number for number in range(bits.bit_length()) if bits >> number & 1)


def candidates_of(rivalry: Rivalry, bits: int) -> Sequence[Candidate]:
    return [rivalry.whole[number] for number in numbers_of(bits)]
