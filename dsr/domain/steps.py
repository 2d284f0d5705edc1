"""The steps that led to a date: rule, article, before, after, and why, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from dsr.domain.wording import N_, Translate, Value, WriteDate, say

_ARTICLE_12_3 = N_("GDPR art. 12(3)")
_EDPB_159 = N_("EDPB Guidelines 01/2022, para 159")
_ARTICLE_3_1 = N_("Reg. 1182/71 art. 3(1)")
_ARTICLE_3_2 = N_("Reg. 1182/71 art. 3(2)(c)")
_ARTICLE_3_4 = N_("Reg. 1182/71 art. 3(4)")

# code: (rule, law, sentence). The rule numbers are those of the test vectors.
_SENTENCES: Mapping[str, tuple[str, str, str]] = {
    "received": ("R0", _ARTICLE_3_1, N_("Received. The day itself does not count; weekends and holidays do.")),
    "month": ("R1", _ARTICLE_3_2, N_("One month later.")),
    "month_clamped": (
        "R1",
        _ARTICLE_3_2,
        N_("One month later. That month has no day %(day)s, so its last day counts."),
    ),
    "suspended": (
        "R2",
        _EDPB_159,
        N_(
            "Clock stopped: %(reason)s asked on %(asked_on)s, answered on %(answered_on)s."
            " The days in between are added: %(days)s."
        ),
    ),
    "suspension_without_ground": (
        "R2",
        _EDPB_159,
        N_("The question of %(asked_on)s did not stop the clock: there was no valid ground for it."),
    ),
    "suspension_asked_late": (
        "R2",
        _EDPB_159,
        N_("The question of %(asked_on)s did not stop the clock: it was not asked without undue delay."),
    ),
    "suspension_after_due": (
        "R2",
        _EDPB_159,
        N_("The question of %(asked_on)s did not stop the clock: the answer was due on %(latest_on)s."),
    ),
    "standing_still": (
        "R7",
        _EDPB_159,
        N_("The clock stands still since %(asked_on)s: %(reason)s was asked and there is no answer yet."),
    ),
    "extended": (
        "R5",
        _ARTICLE_12_3,
        N_("Extended by two months, announced on %(notified_on)s (possible through %(latest_on)s)."),
    ),
    "extended_and_suspended": (
        "R5",
        _ARTICLE_12_3,
        N_(
            "Extended by two months, announced on %(notified_on)s (possible through %(latest_on)s)."
            " The months are counted first, then the days the clock stood still."
        ),
    ),
    "extension_late": (
        "R4",
        _ARTICLE_12_3,
        N_("No extension: it was announced on %(notified_on)s, after %(latest_on)s."),
    ),
    "extension_without_reasons": (
        "R4",
        _ARTICLE_12_3,
        N_("No extension: the announcement of %(notified_on)s gave no reasons."),
    ),
    "extension_again": (
        "R4",
        _ARTICLE_12_3,
        N_("No second extension: the announcement of %(notified_on)s changes nothing."),
    ),
    "rolled": (
        "R3",
        _ARTICLE_3_4,
        N_("Not a working day (%(days)s): the first working day after it."),
    ),
    "not_covered": (
        "R3",
        _ARTICLE_3_4,
        N_(
            "Check this date by hand: the holidays of %(profile)s are known for %(first)s to %(last)s,"
            " and %(year)s lies outside those years."
        ),
    ),
}


@dataclass(frozen=True)
class Step:
    """One step of a count: from `start` to `end` (the same day when the rule moved nothing).

    `code` is stable; `why_template` and `law` are msgids; `params` are the template's values.
    """

    code: str
    start: date
    end: date
    params: Mapping[str, Value]

    @property
    def rule(self) -> str:
        """The rule's number, R0 to R9."""
        return _SENTENCES[self.code][0]

    @property
    def law(self) -> str:
        """The article the rule comes from."""
        return _SENTENCES[self.code][1]

    @property
    def why_template(self) -> str:
        """The sentence before its values are filled in."""
        return _SENTENCES[self.code][2]

    @property
    def why(self) -> str:
        """The sentence in English, its dates in ISO form."""
        return self.say()

    def say(self, translate: Translate = str, write_date: WriteDate = date.isoformat) -> str:
        """The sentence in another language, its dates written by `write_date`."""
        return say(self.why_template, self.params, translate, write_date)

    def to_record(self) -> dict[str, str]:
        """The step as the machine interface writes it."""
        return {
            "rule": self.rule,
            "law": self.law,
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "why": self.why,
        }


@dataclass
class Trail:
    """The steps taken so far; each begins where the one before it ended."""

    at: date
    steps: list[Step] = field(default_factory=list)

    def add(self, code: str, to: date | None = None, **params: Value) -> None:
        """Take a step: to another day, or none that moves the date."""
        self.steps.append(Step(code, self.at, to or self.at, params))
        self.at = to or self.at
