"""How good routing is, measured on labelled messages through production's whole decision."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from dispatch.routing.labels import EMERGENCY, LABELS, NONE, STATIONS
from dispatch.routing.predict import Prediction, predict

# Rural petitions as they come in; the labelled sets are balanced on purpose.
NATURAL_MIX = {
    "none": 0.59,
    "public_works": 0.16,
    "sanitation": 0.13,
    "mutual_aid": 0.07,
    "mediation": 0.04,
    "culture": 0.01,
}
BINS = ((0.0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.85), (0.85, 0.95), (0.95, 1.01))


@dataclass(frozen=True)
class Case:
    """One labelled message and what production makes of it; `ms` of processor time it took."""

    label: str
    accepted: frozenset[str]
    slice: str
    found: Prediction
    ms: float

    @property
    def strict(self) -> bool:
        """The forced answer is the label itself."""
        return self.found.forced() == self.label

    @property
    def lenient(self) -> bool:
        """The forced answer is acceptable."""
        return self.found.forced() in self.accepted

    @property
    def to_station(self) -> bool:
        """A station gets it without a person."""
        return self.found.label in STATIONS

    @property
    def kept(self) -> bool:
        """What was decided without a person is acceptable."""
        return self.found.label in self.accepted


def judge(rows: Iterable[Mapping[str, Any]]) -> list[Case]:
    """Return a case for each row `{"text", "label", "secondary"?, "slice"?}`."""
    predict("")  # the model is read once, not with the first message
    return [_case(row) for row in rows]


def figures(cases: Sequence[Case]) -> dict[str, float]:
    """Return the figures that count, by name; shares between 0 and 1."""
    decided = [case for case in cases if case.found.label is not None]
    sent = [case for case in cases if case.to_station]
    none = [case for case in cases if case.label == NONE]
    own = [case for case in cases if case.label in STATIONS]
    danger = [case for case in cases if case.label == EMERGENCY]
    calm = [case for case in cases if case.label != EMERGENCY]
    return {
        "messages": len(cases),
        "strict": _share(cases, lambda case: case.strict),
        "lenient": _share(cases, lambda case: case.lenient),
        "macro_f1": macro_f1(cases),
        "top2_strict": _share(cases, lambda case: case.label in case.found.ranked[:2]),
        "calibration_error": calibration_error(cases),
        "coverage": _share(cases, lambda case: case.found.label is not None),
        "precision": _share(decided, lambda case: case.kept),
        "station_precision": _share(sent, lambda case: case.kept),
        "none_to_station": _share(none, lambda case: case.to_station),
        "none_to_wrong_station": _share(none, lambda case: case.to_station and not case.kept),
        "in_scope_routed": _share(own, lambda case: case.to_station),
        "in_scope_routed_right": _share(own, lambda case: case.to_station and case.kept),
        "in_scope_called_none": _share(own, lambda case: case.found.label == NONE),
        "none_answered": _share(none, lambda case: case.found.label == NONE),
        "none_precision": _share(
            [case for case in cases if case.found.label == NONE], lambda case: case.kept
        ),
        "emergency_recall": _share(danger, lambda case: case.found.label == EMERGENCY),
        "false_alarms": _share(calm, lambda case: case.found.label == EMERGENCY),
        "mix_strict": natural(cases, lambda case: case.strict),
        "mix_lenient": natural(cases, lambda case: case.lenient),
        "mix_coverage": natural(cases, lambda case: case.found.label is not None),
        "mix_station_precision": _mixed_precision(cases),
        "ms_mean": mean(case.ms for case in cases) if cases else 0.0,
        "ms_p99": _percentile([case.ms for case in cases], 0.99),
    }


def recalls(cases: Sequence[Case]) -> dict[str, float]:
    """Return the forced strict recall of each label that occurs."""
    return {
        label: _share([case for case in cases if case.label == label], lambda case: case.strict)
        for label in LABELS
        if any(case.label == label for case in cases)
    }


def slices(cases: Sequence[Case]) -> dict[str, tuple[int, float, float]]:
    """Return messages, strict and lenient accuracy of each slice."""
    names = sorted({case.slice for case in cases})
    parts = {name: [case for case in cases if case.slice == name] for name in names}
    return {
        name: (
            len(part),
            _share(part, lambda case: case.strict),
            _share(part, lambda case: case.lenient),
        )
        for name, part in parts.items()
    }


def calibration(cases: Sequence[Case]) -> list[tuple[float, float, int, float, float]]:
    """Return (from, to, messages, mean confidence, lenient accuracy) of each bin in use."""
    rows = []
    for low, high in BINS:
        part = [case for case in cases if low <= case.found.confidence < high]
        if part:
            sure = mean(case.found.confidence for case in part)
            rows.append((low, min(high, 1.0), len(part), sure, _share(part, lambda c: c.lenient)))
    return rows


def calibration_error(cases: Sequence[Case]) -> float:
    """Return the mean distance of confidence and lenient accuracy over the bins."""
    gaps = [size * abs(sure - right) for _, _, size, sure, right in calibration(cases)]
    return sum(gaps) / len(cases) if cases else 0.0


def confusions(cases: Sequence[Case]) -> list[tuple[str, str, int]]:
    """Return (label, forced answer, times) of the answers that are not acceptable."""
    pairs = Counter((case.label, case.found.forced()) for case in cases if not case.lenient)
    return [(label, answer, times) for (label, answer), times in pairs.most_common()]


def macro_f1(cases: Sequence[Case]) -> float:
    """Return the mean F1 of the forced answers over the labels that occur."""
    scores = []
    for label in {case.label for case in cases}:
        right = sum(case.label == label == case.found.forced() for case in cases)
        both = sum((case.label == label) + (case.found.forced() == label) for case in cases)
        scores.append(2 * right / both)
    return mean(scores) if scores else 0.0


def natural(cases: Sequence[Case], test: Callable[[Case], bool]) -> float:
    """Return the share for which `test` holds, each label weighing what it does in nature."""
    shares = {
        label: _share(part, test)
        for label in NATURAL_MIX
        if (part := [case for case in cases if case.label == label])
    }
    weight = sum(NATURAL_MIX[label] for label in shares)
    return sum(NATURAL_MIX[label] * share for label, share in shares.items()) / (weight or 1.0)


def _mixed_precision(cases: Sequence[Case]) -> float:
    sent = natural(cases, lambda case: case.to_station)
    right = natural(cases, lambda case: case.to_station and case.kept)
    return right / sent if sent else 0.0


def _case(row: Mapping[str, Any]) -> Case:
    begun = time.thread_time()
    found = predict(row["text"])
    ms = (time.thread_time() - begun) * 1000
    accepted = frozenset({row["label"], *row.get("secondary", ())})
    return Case(row["label"], accepted, str(row.get("slice", "-")), found, ms)


def _share(cases: Sequence[Case], test: Callable[[Case], bool]) -> float:
    return sum(map(test, cases)) / len(cases) if cases else 0.0


def _percentile(values: Sequence[float], part: float) -> float:
    return sorted(values)[int(part * (len(values) - 1))] if values else 0.0
