"""Taking times in turn, so that what slows the machine down slows both down."""

from __future__ import annotations

import time
from collections.abc import Callable


def seconds(run: Callable[[], object]) -> float:
    """How long one run takes."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def in_turn(rounds: int, ours: Callable[[int], float], bare: Callable[[int], float]) -> tuple[list[float], list[float]]:
    """The seconds that `ours` and `bare` report for each round, A B A B; a first round of both is not counted."""
    pairs = [(ours(number), bare(number)) for number in range(rounds + 1)][1:]
    return [mine for mine, _ in pairs], [base for _, base in pairs]
