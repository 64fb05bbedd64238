"""Who may share a line with whom (R-PRC-2)."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.candidates import Candidate

_MOST_SETS = 2_000
"""Of more offers by line than shops have, which exclude one another on one line in more ways, a heavy set is taken."""


def exclude_each_other(one: Candidate, other: Candidate) -> bool:
    """Whether two offers do not both apply to a line that they share."""
    if one is other or not one.mask & other.mask or not (one.is_particular or other.is_particular):
        return False
    return not (one.offer.permits(other.offer) and other.offer.permits(one.offer))


class ByLine:
    """The offers that go line by line: on each line those that take most there, of those that nothing displaces."""

    def __init__(self, candidates: Sequence[Candidate], basket: Basket) -> None:
        self._candidates = sorted(candidates, key=lambda item: item.order)
        self._weights = [self._weights_on_list(item, basket) for item in self._candidates]
        self._lines = range(len(basket.skus))
        self._rivals = {
            (one, other)
            for one, mine in enumerate(self._candidates)
            for other, theirs in enumerate(self._candidates)
            if exclude_each_other(mine, theirs)
        }
        self._best = lru_cache(maxsize=None)(self._best_of)
        self._heaviest = lru_cache(maxsize=None)(self._heaviest_of)

    def beside(self, whole: Sequence[Candidate]) -> list[tuple[Candidate, list[int]]]:
        """Each offer with the lines on which it applies beside the `whole` ones, in the order of their turns."""
        on_lines: list[list[int]] = [[] for _ in self._candidates]
        for place, free in enumerate(self._free_beside(whole)):
            for number in self._best(place, free):
                on_lines[number].append(place)
        return [(item, places) for item, places in zip(self._candidates, on_lines, strict=True) if places]

    def most_beside(self, whole: Sequence[Candidate]) -> tuple[int, int]:
        """The buyer's preferences and the amount that are not exceeded beside the `whole` ones, and others."""
        amount = sum(self._heaviest(place, free) for place, free in enumerate(self._free_beside(whole)))
        return sum(item.chosen for item in self._candidates), amount

    def _free_beside(self, whole: Sequence[Candidate]) -> list[tuple[int, ...]]:
        """For each line the offers that take something there and are not displaced."""
        free: list[list[int]] = [[] for _ in self._lines]
        for number, item in enumerate(self._candidates):
            displaced = 0
            for other in whole:
                if exclude_each_other(item, other):
                    displaced |= other.mask
            for place in self._weights[number]:
                if not displaced >> place & 1:
                    free[place].append(number)
        return [tuple(numbers) for numbers in free]

    def displaced_by(self, other: Candidate) -> bool:
        """Whether a whole offer displaces any of these."""
        return any(exclude_each_other(item, other) for item in self._candidates)

    @staticmethod
    def _weights_on_list(item: Candidate, basket: Basket) -> dict[int, int]:
        """Line → what the offer takes of its list amount, where that is something."""
        _, parts = item.take(basket.amounts)
        rooms = [basket.amounts[place] - basket.floors[place] for place in item.lines]
        taken = [min(part, room) for part, room in zip(parts, rooms, strict=True)]
        return {place: weight for place, weight in zip(item.lines, taken, strict=True) if weight}

    def _best_of(self, place: int, free: tuple[int, ...]) -> tuple[int, ...]:
        """Of the offers on one line the set that the buyer chose, then that takes most, then that comes first."""

        def rank(found: tuple[int, ...]) -> tuple[int, int, tuple[int, ...]]:
            chosen = sum(self._candidates[one].chosen for one in found)
            return -chosen, -self._weight(place, found), tuple(sorted(found))

        best = [min(self._sets(place, group), key=rank) for group in self._rival_groups(free)]
        return tuple(sorted(one for found in best for one in found))

    def _heaviest_of(self, place: int, free: tuple[int, ...]) -> int:
        """No set on this line takes more."""
        amount = 0
        for group in self._rival_groups(free):
            sets = self._sets(place, group)
            is_all = len(sets) < _MOST_SETS
            amount += max(self._weight(place, found) for found in sets) if is_all else self._weight(place, group)
        return amount

    def _weight(self, place: int, numbers: Iterable[int]) -> int:
        return sum(self._weights[number][place] for number in numbers)

    def _rival_groups(self, free: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """The offers in groups, so that none has a rival in another."""
        left = list(free)
        while left:
            group = [left.pop(0)]
            for member in group:
                joined = [one for one in left if (member, one) in self._rivals]
                left = [one for one in left if one not in joined]
                group += joined
            yield tuple(group)

    def _sets(self, place: int, group: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The sets of a group in which none is a rival of another, those of the heaviest first, and not without end."""
        if len(group) == 1:
            return [group]
        heaviest_first = tuple(sorted(group, key=lambda one: -self._weights[one][place]))
        return list(islice(self._without_rivals(heaviest_first), _MOST_SETS))

    def _without_rivals(self, group: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if not group:
            yield ()
            return
        first, others = group[0], group[1:]
        beside = tuple(one for one in others if (first, one) not in self._rivals)
        yield from ((first, *found) for found in self._without_rivals(beside))
        if len(beside) < len(others):
            yield from self._without_rivals(others)
