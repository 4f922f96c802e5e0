"""One assignment for many tasks that compete for the same people: a storm, a township.

In a village two places are open at a time, and choosing in line decides as well. Where there are
many, choosing in line gives the first task a person whom it could spare. Here all choose at once:
who is served stays as in line, whom each one gets is what is best for all of them together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

FEW = 30  # people a place looks at first; more where that leaves it without anybody
MORE = 8  # times as many


@dataclass(frozen=True)
class Wish:
    """How many people a task wants now, and whom: (score above 0, person), the best first."""

    places: int
    people: Sequence[tuple[float, Hashable]]


def assign(wishes: Sequence[Wish]) -> list[list[int]]:
    """Return for each wish the positions in its `people` of those it gets, the best first.

    Nobody is given twice. The wishes stand in line: none goes without a person who is given to a
    later one. Among the ways to keep to that, the sum of the scores is the greatest.
    """
    looked_at = [min(FEW, len(wish.people)) for wish in wishes]
    while True:
        found = _solve(wishes, looked_at)
        short = [
            turn
            for turn, wish in enumerate(wishes)
            if len(found[turn]) < min(wish.places, len(wish.people))
            and looked_at[turn] < len(wish.people)
        ]
        if not short:
            return found
        for turn in short:
            looked_at[turn] = min(looked_at[turn] * MORE, len(wishes[turn].people))


def _solve(wishes: Sequence[Wish], looked_at: Sequence[int]) -> list[list[int]]:
    """The best assignment among the first `looked_at` people of each wish.

    A row for each place, a column for each person, and one for each place that stays empty.
    """
    # Loaded where it is needed: most processes and most villages never are.
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    turns = [turn for turn, wish in enumerate(wishes) for _ in range(wish.places)]
    if not turns:
        return [[] for _ in wishes]
    columns, weights = _columns(wishes, looked_at)
    people = 1 + max(chain.from_iterable(columns), default=-1)
    indices = chain.from_iterable(
        chain(columns[turn], (people + row,)) for row, turn in enumerate(turns)
    )
    data = chain.from_iterable(chain(weights[turn], (1.0,)) for turn in turns)
    ends = [0, *accumulate(len(columns[turn]) + 1 for turn in turns)]
    matrix = csr_array(
        (np.fromiter(data, float, ends[-1]), np.fromiter(indices, np.int32, ends[-1]), ends),
        shape=(len(turns), people + len(turns)),
    )
    rows, chosen = min_weight_full_bipartite_matching(matrix, maximize=True)
    return _by_wish(wishes, columns, turns, zip(rows.tolist(), chosen.tolist(), strict=True))


def _columns(
    wishes: Sequence[Wish], looked_at: Sequence[int]
) -> tuple[list[list[int]], list[list[float]]]:
    """Return for each wish the columns of its people, and the weight of each.

    An earlier turn weighs more than any score, so that nobody before goes without for the sake
    of those after; an empty place weighs 1, less than anybody.
    """
    index: dict[Hashable, int] = {}
    found: dict[tuple[int, int], list[int]] = {}  # by list: many wishes have the same people
    columns, weights = [], []
    step = 1 + max((wish.people[0][0] for wish in wishes if wish.people), default=0.0)
    for turn, (wish, few) in enumerate(zip(wishes, looked_at, strict=True)):
        ahead = 1 + step * (len(wishes) - turn)
        alike = id(wish.people), few
        if alike not in found:
            people = (person for _, person in wish.people[:few])
            found[alike] = [index.setdefault(person, len(index)) for person in people]
        columns.append(found[alike])
        weights.append([ahead + score for score, _ in wish.people[:few]])
    return columns, weights


def _by_wish(
    wishes: Sequence[Wish],
    columns: Sequence[Sequence[int]],
    turns: Sequence[int],
    pairs: Iterable[tuple[int, int]],
) -> list[list[int]]:
    """Turn (row, column) into positions in each wish's people."""
    where = [{column: at for at, column in enumerate(mine)} for mine in columns]
    found: list[list[int]] = [[] for _ in wishes]
    for row, column in pairs:
        turn = turns[row]
        if column in where[turn]:
            found[turn].append(where[turn][column])
    return [sorted(mine) for mine in found]
