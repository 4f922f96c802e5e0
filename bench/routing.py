"""Routing beside its ceiling: the whole decision, and one pass over the same text's characters.

python bench/routing.py [--rounds 20]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import click

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from dispatch.routing import model  # noqa: E402
from dispatch.routing.features import runs  # noqa: E402
from dispatch.routing.predict import predict  # noqa: E402
from village.catalog.files import read  # noqa: E402


@click.command()
@click.option("--rounds", default=20, show_default=True, help="Rounds over all texts.")
def main(rounds: int) -> None:
    """Print milliseconds a message of the decision and of its ceiling, and the time to load."""
    begun = time.perf_counter()
    state = model.state()
    print(f"model {state.version} ({state.detail}) read in {time.perf_counter() - begun:.2f} s")
    short = [row["text"] for row in read("request_texts")]
    long = ["".join([*short[first:], *short[:first]])[:2000] for first in range(5)]
    for name, texts in (("short", short), ("long", long)):
        decision, ceiling = timed(predict, texts, rounds), timed(runs, texts, rounds)
        size = sum(map(len, texts)) / len(texts)
        print(
            f"{name:<6}{size:>6.0f} characters: decision {decision:.2f} ms, "
            f"counting runs {ceiling:.2f} ms, ratio {decision / ceiling:.1f}"
        )


def timed(work: Callable[[str], object], texts: list[str], rounds: int) -> float:
    """Return the median milliseconds of processor time that a text takes."""
    work(texts[0])
    spans = []
    for _ in range(rounds):
        begun = time.thread_time()
        for text in texts:
            work(text)
        spans.append((time.thread_time() - begun) / len(texts) * 1000)
    return median(spans)


if __name__ == "__main__":
    main()
