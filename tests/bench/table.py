"""The rows of the table and how they are printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from statistics import median

HEADINGS = ("work", "measured", "baseline of this run", "ratio", "limit", "")


@dataclass(frozen=True, slots=True)
class Row:
    """A piece of work, what it took, what the same took done bare, and whether the limit was met."""

    work: str
    measured: str
    baseline: str = ""
    ratio: str = ""
    limit: str = ""
    verdict: str = ""


def judged(is_met: bool) -> str:
    """The last word of a row."""
    return "met" if is_met else "NOT MET"


def not_built(work: str, limit: str) -> Row:
    """A row for a part of the program that is not there yet."""
    return Row(work, "not built yet", limit=limit)


def not_measured(work: str, reason: str) -> Row:
    """A row that this run leaves out, or that this machine cannot measure."""
    return Row(work, f"not measured: {reason}")


def compared(work: str, ours: Sequence[float], bare: Sequence[float], *, named: str, most: float) -> Row:
    """Medians of pairs of times in seconds, taken in turn; the limit is on the median of the pairs' ratios."""
    ratio = median(mine / base for mine, base in zip(ours, bare, strict=True))
    return Row(
        work,
        milliseconds(median(ours)),
        f"{milliseconds(median(bare))} ({named})",
        f"{ratio:.2f}x",
        f"<= {most:g}x",
        judged(ratio <= most),
    )


def milliseconds(seconds: float) -> str:
    """A time as a reader compares it."""
    return f"{seconds * 1000:.1f} ms"


def lines(rows: Iterable[Row]) -> Iterable[str]:
    """The table as text, in columns."""
    table = [HEADINGS, *(astuple(row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    return ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
