"""What the model sees of a text: runs of one to three characters, and what kinds of words meet.

Where a run stands says more: at the edge of a clause ("了>", "<没"), or in the text's last words,
where people say that it is over ("$没事了"). Two characters near each other count too, whatever
stands between them ("没~来" in "没有人回来").

A kind of words (`model/word_kinds.csv`: who, falls, lies still, long ago, only feared …) counts
for itself and with each other kind near by: so "三叔栽倒了没声气" is like "我娘摔了叫不醒" even
where no three characters are the same.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise

LONGEST_TEXT = 2000  # characters, as many as a request may have
OPENING = 40  # characters: a letter's title, or all of a spoken line
NEAR = 3  # kinds of words: the next ones with which a kind is counted together
ENDING = 8  # characters: the last words
APART = 4  # characters: how far two may be from each other
KIND_MARK = "+"  # in the name of what is no run of characters
FIRST, LAST, END_MARK, PAIR = "<", ">", "$", "~"  # no segment has these

# Masks, and the codes that stand for places in public petitions: "A7县", "M13县".
_MASKED = re.compile(r"〔[^〕]*〕|某某|[A-Za-z][0-9]*(?=[市县区州])")
_NUMBER = re.compile(r"[0-9０-９]+")
_DIALECT = ("冇", "没")
_BREAK = re.compile(r"[^0-9a-z\u3400-\u9fff]+")


def segments(text: str) -> list[str]:
    """Return the stretches of `text` between punctuation, with every number as one 0."""
    text = _MASKED.sub("", text[:LONGEST_TEXT]).lower()
    return [part for part in _BREAK.split(_NUMBER.sub("0", text)) if part]


def runs(text: str) -> Counter[str]:
    """Return how often each run of characters occurs; those of the opening count twice."""
    met: list[str] = []  # all of them, and counted at once: that is quickest
    passed = 0
    parts = segments(text)
    for part in parts:
        plain, edges, pairs = _segment(part)
        met += plain
        met += edges
        if passed < OPENING:
            met += plain
            met += pairs
        passed += len(part)
    met += [END_MARK + run for run in _runs("".join(parts[-ENDING:])[-ENDING:])]
    met += [name for name, _ in _meetings([kind for kind, _ in _all_kinds(text)])]
    return Counter(met)


def bare(run: str) -> str:
    """Return the characters of a run of `runs` as they stand in the text: "没…来" of a pair."""
    return run.strip(FIRST + LAST + END_MARK).replace(PAIR, "…")


@lru_cache(maxsize=64)
def _segment(part: str) -> tuple[list[str], list[str], list[str]]:
    """Return the runs, edges and pairs of a segment: a message's are met again in its halves."""
    return _runs(part), _edges(part), _pairs(part)


def _runs(part: str) -> list[str]:
    twos = list(map("".join, pairwise(part)))
    threes = map("".join, zip(twos, part[2:], strict=False))
    return [*part, *twos, *threes]


def _edges(part: str) -> list[str]:
    return [FIRST + part[0], FIRST + part[:2], part[-1] + LAST, part[-2:] + LAST]


def _pairs(part: str) -> list[str]:
    return [
        one + PAIR + other
        for far in range(2, APART + 1)
        for one, other in zip(part, part[far:], strict=False)
    ]


@lru_cache(maxsize=64)
def kinds(part: str) -> list[tuple[str, str]]:
    """Return (kind, word) of the words in `part` that have a kind, longest first, as they stand."""
    kind_of, longest = _words()
    plain = part.replace(*_DIALECT)
    found, passed = [], 0
    for start, first in enumerate(plain):
        if start < passed or first not in longest:
            continue
        for end in range(min(start + longest[first], len(plain)), start, -1):
            kind = kind_of.get(plain[start:end])
            if kind is not None:
                found.append((kind, part[start:end]))
                passed = end
                break
    return found


@lru_cache(maxsize=2)
def _all_kinds(text: str) -> list[tuple[str, str]]:
    # what counts, and the words to say it by, are asked for one after the other
    return [pair for part in segments(text) for pair in kinds(part)]


def spoken(text: str) -> dict[str, str]:
    """Return the words of `text` that each kind, and each meeting of two, stands for."""
    found = _all_kinds(text)
    words: dict[str, str] = {}
    for name, places in _meetings([kind for kind, _ in found]):
        words.setdefault(name, "…".join(found[place][1] for place in places))
    return words


def weigh(counts: Mapping[str, int], rarity: Mapping[str, float]) -> dict[str, float]:
    """Return the known runs with their weights: the rarer and the oftener the more, length 1."""
    known = [run for run in counts if run in rarity]
    return dict(zip(known, weights(counts, ((run, rarity[run]) for run in known)), strict=True))


def weights(counts: Mapping[str, int], rare: Iterable[tuple[str, float]]) -> list[float]:
    """Return the weight of each of these (run, rarity); see `weigh`."""
    loud = LOUDNESS
    raw = [loud[counts[run]] * rarity for run, rarity in rare]
    length = math.sqrt(sum([weight * weight for weight in raw]))
    return [weight / length for weight in raw]


# How much a run counts that occurs so many times; those of the opening count twice.
LOUDNESS = (0.0, *(1 + math.log(times) for times in range(1, 4 * LONGEST_TEXT)))


def _meetings(found: list[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for place, kind in enumerate(found):
        yield f"{KIND_MARK}{kind}", (place,)
        for other, near in enumerate(found[place + 1 : place + 1 + NEAR], place + 1):
            if near != kind:
                yield KIND_MARK.join(("", kind, near)), (place, other)


def words_checksum() -> str:
    """Return the SHA-256 of the words' file: a model is whole only with the words it learnt by."""
    return hashlib.sha256(_words_file().encode()).hexdigest()


def _words_file() -> str:
    place = resources.files("dispatch.routing") / "model" / "word_kinds.csv"
    return place.read_text(encoding="utf-8")


@cache
def _words() -> tuple[dict[str, str], dict[str, int]]:
    """Return each word's kind, and the length of the longest word by its first character."""
    rows = csv.DictReader(io.StringIO(_words_file(), newline=""))
    kind_of = {word: row["kind"] for row in rows for word in row["words"].split("|")}
    longest: dict[str, int] = {}
    for word in kind_of:
        longest[word[0]] = max(longest.get(word[0], 0), len(word))
    return kind_of, longest
