"""Why a request was routed as it was: in words for those who decide, and a sentence for her.

The words are those of `grounds.csv`; what was decided is read from the stored `routing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from village.catalog import files
from village.models import Request
from village.safe_path import SAFE_PATH_KINDS, is_safe_path

HIDE_ME = "hide_me"
Routing = Mapping[str, Any]


def of(request: Request) -> dict[str, Any]:
    """Return what spoke for the decision, for those who decide now.

    `{decided, inputs, version, confidence, ranked: [{station, name, confidence}], reasons:
    [{kind, text, weight}], flags: [{kind, text, matched, priority}], lines, proposed}`: `decided`
    is a sentence, `inputs` and `lines` are sentences, `ranked` has the best first, `proposed` is
    the station that a head would pass it on to, while the chair decides (R10). No station is
    named for what takes the safe path (2.10).
    """
    routing, safe = request.routing, is_safe_path(request)
    return {
        "decided": _decided(routing),
        "inputs": list(_inputs(routing)),
        "version": routing.get("version", ""),
        "confidence": routing.get("confidence", 0.0),
        "ranked": [] if safe else _ranked(routing),
        "reasons": [_reason(reason) for reason in routing.get("reasons", ())],
        "flags": flags(routing),
        "lines": list(_lines(request)),
        "proposed": None if safe else (routing.get("asked") or {}).get("proposed"),
    }


def _decided(routing: Routing) -> str:
    """Say what was decided, by what, and how sure that was."""
    if routing.get("waits_for") == "safe_path":
        return word("decided_safe_path")
    by, decision = routing.get("by", "model"), routing["decision"]
    if decision == "triage" and any(each["kind"] == "voice" for each in routing["reasons"]):
        return word("decided_voice")
    if (by, decision) == ("rule", "triage"):
        return word("by_rule") + word("decided_chair")
    share = round(100 * routing.get("confidence", 0.0))
    name = station_name(routing.get("station"))
    return word(f"by_{by}") + word(f"decided_{decision}", station=name, share=share)


def _inputs(routing: Routing) -> Iterator[str]:
    """Say what the decision looked at, as it was then."""
    seen = routing.get("inputs")
    if seen is None:
        return
    yield word("input_voice" if seen.get("voice") else "input_text", **seen)
    yield (
        word("input_category", category=seen["category"])
        if seen["category"]
        else word("input_free")
    )
    if seen["place"]:
        yield word("input_place")
    if seen["kinds"]:
        yield word("input_danger")
    if rule := routing.get("rule"):
        yield word("input_rule", version=rule["version"])


def _ranked(routing: Routing) -> list[dict[str, Any]]:
    first = {"station": routing.get("station"), "confidence": routing.get("confidence", 0.0)}
    found = [*([first] if first["station"] else []), *routing.get("alternatives", ())]
    return [{**each, "name": station_name(each["station"])} for each in found]


def _reason(reason: Mapping[str, Any]) -> dict[str, Any]:
    text = _words().get(f"step_{reason['text']}", reason["text"])
    return {**reason, "text": word(f"reason_{reason['kind']}", text=text)}


def _lines(request: Request) -> Iterator[str]:
    """What has been asked since, of her and of the chair, and what she said."""
    if is_safe_path(request):
        yield from _help(request.routing)
    if asks := request.routing.get("asks"):
        yield word(f"asks_{asks['answer'] or 'open'}", **asks["names"])
    if asked := request.emergency:
        answers = {True: "yes", False: "no", None: "open"}
        said = answers[asked.get("danger_now")]
        yield word(f"danger_{said}", question=asked["question"])
    if count := len(request.routing.get("parts", ())):
        yield word("line_parts", count=count)
    if request.transfers:
        yield word("line_transfers", count=request.transfers)
    if chair := request.routing.get("asked"):
        yield word("line_asked", station=station_name(chair["station"]), reason=chair["reason"])


def _help(routing: Routing) -> Iterator[str]:
    """Say whom to name to a person on the safe path, and what is reported in any case (2.10)."""
    found = (routing.get("inputs") or {}).get("kinds", ())
    for row in files.read("emergency_kinds"):
        if row["kind"] in SAFE_PATH_KINDS and row["kind"] in found:
            numbers = row["numbers"].replace("=", "").replace(";", "、")
            yield word("line_help", numbers=numbers, advice=row["advice"])
    if "child" in found:
        yield word("line_child")


def flags(routing: Routing) -> list[dict[str, Any]]:
    """Return the flags of a decision, each with its sentence in `text`."""
    return [
        {**flag, "text": word(f"flag_{flag['kind']}", reason=flag["reason"])}
        for flag in routing.get("flags", ())
    ]


def told(request: Request) -> list[str]:
    """Return what the machine's findings mean to her who wrote, in plain sentences."""
    return list(_told(request))


def _told(request: Request) -> Iterator[str]:
    routing = request.routing
    # what must give nothing away names no station and no matter on her screen
    if not request.neutral and request.status != "draft":
        yield from _where(request)
    said = {flag["kind"] for flag in routing.get("flags", ())}
    if request.hide_me:
        yield word("told_hidden_by_words" if HIDE_ME in said else "told_hidden")


def _where(request: Request) -> Iterator[str]:
    """Say where it lies now: people may have moved it since it was routed."""
    routing, name = request.routing, station_name(request.station)
    if request.status == "not_ours":
        yield word("told_not_ours")
    elif request.status == "triage":
        own = any(each["kind"] == "own" for each in routing["reasons"])
        said = "kept" if routing.get("kept") else "own" if own else "triage"
        yield word("told_chair" if request.station else f"told_{said}")
    elif request.station is not None and request.station != routing.get("station"):
        yield word("told_moved", station=name)
    elif request.station is not None:
        yield word(
            f"told_routed{'_chosen' if routing.get('by') == 'category' else ''}", station=name
        )


def station_name(kind: str | None) -> str:
    """Return what the five stations are called in general; an empty text for None."""
    names = {row["kind"]: row["zh"] for row in files.read("station_kinds")}
    return names[kind] if kind else ""


def word(kind: str, **values: Any) -> str:
    """Return a sentence of `grounds.csv`; KeyError if there is none."""
    return _words()[kind].format_map(values)


@cache
def _words() -> dict[str, str]:
    return {row["kind"]: row["zh"] for row in files.read("grounds")}
