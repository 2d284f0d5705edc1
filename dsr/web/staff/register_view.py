"""The register in words (art. 30): per category the same facts on the page of staff and in the exports."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO

from dsr.config import Controller
from dsr.domain.copies import KEEPING_GROUNDS, ROLES
from dsr.domain.register import UNTIL_WITHDRAWN, Category, Period, Recipient, Register, Text
from dsr.domain.retention import RULES
from dsr.domain.wording import N_
from dsr.templating import translations
from dsr.web.staff.words import GROUNDS, LEGAL_BASES

HEADINGS = {
    "data_subjects": N_("About whom"),
    "fields": N_("Data"),
    "purpose": N_("Purpose"),
    "legal_basis": N_("Legal basis"),
    "role": N_("Our role"),
    "on_behalf_of": N_("On behalf of"),
    "source": N_("Source"),
    "retention": N_("Retention"),
    "longer_for": N_("Longer only for"),
    "erasure": N_("On a request to erase"),
    "first": N_("Before erasure"),
    "recipients": N_("Recipients"),
    "outside_eea": N_("Outside the EEA"),
    "turn_to": N_("Refer the person to"),
    "held_in": N_("Held in"),
    "masked": N_("Shown in part only"),
    "confidential": N_("Confidential"),
}


GENERAL = {
    "controller": N_("Controller"),
    "contact": N_("Contact"),
    "joint_controllers": N_("Joint controllers"),
    "privacy_officer": N_("Data protection officer"),
    "security": N_("Security measures"),
    "transfers": N_("Transfers"),
    "backups": N_("Backups"),
    "automated_decisions": N_("Decisions by a computer"),
}
"""What art. 30(1) asks of the controller as a whole, and what holds for every category."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A category in words; `facts` has a key of HEADINGS for all there is to say."""

    name: str
    label: str
    facts: dict[str, str]


def entries(register: Register, language: str, labels: Mapping[str, str]) -> list[Entry]:
    """The categories in the order of the register; `labels` is what people call a system, or SYSTEM.TABLE."""
    view = _View(register, language, labels)
    return [
        Entry(name, view.said(category.label), {key: words for key in HEADINGS if (words := view.fact(key, name))})
        for name, category in register.categories.items()
    ]


def general(register: Register, controller: Controller, language: str) -> dict[str, str]:
    """What holds for the whole register, by key of GENERAL; what it does not say is said not to be stated."""
    view = _View(register, language)
    joint = [each for each in register.recipients.values() if each.role == "joint-controller"]
    told = {
        "controller": controller.name,
        "contact": f"{controller.address}; {controller.email}; {controller.phone}",
        "joint_controllers": "; ".join(map(view.reached, joint)),
        "privacy_officer": controller.privacy_officer or view.not_stated,
        "security": view.said(register.security) or view.not_stated,
        "transfers": view.transfers,
        "backups": view.backups,
        "automated_decisions": view.said(register.automated_decisions) or view.not_stated,
    }
    return {key: words for key, words in told.items() if words}


def processing(register: Register, language: str) -> dict[str, dict[str, str]]:
    """What we do for other controllers (art. 30(2)): the controller -> the categories of processing, and transfers."""
    view = _View(register, language)
    found: dict[str, list[Category]] = {}
    for category in register.categories.values():
        if not category.is_ours:
            found.setdefault(view.said(category.on_behalf_of), []).append(category)
    return {controller: view.processed(categories) for controller, categories in found.items()}


@dataclass(frozen=True, slots=True)
class _View:
    register: Register
    language: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def fact(self, key: str, name: str) -> str:
        """What the register says of a category under one heading; empty where it says nothing."""
        if key == "turn_to":
            return self.register.turn_to(name, self.language) or ""
        if key in ("held_in", "masked"):
            return ", ".join(getattr(self, f"_{key}")(name))
        told: Callable[[Category], str] = getattr(self, f"_{key}")
        return told(self.register.categories[name])

    @property
    def not_stated(self) -> str:
        return self._gettext(N_("not stated"))

    @property
    def transfers(self) -> str:
        if self.register.data_stays_in_eea:
            return self._gettext(N_("The data stay in the EEA."))
        return "; ".join(self._transfer(each) for each in self.register.recipients.values() if not each.inside_eea)

    @property
    def backups(self) -> str:
        days = self.register.backup_days
        if not days:
            return self.not_stated if days is None else self._gettext(N_("none"))
        words = translations(self.language).ngettext("kept for %(num)d day", "kept for %(num)d days", days)
        return str(words % {"num": days})

    def reached(self, recipient: Recipient) -> str:
        """A recipient with the way to reach it."""
        return ", ".join(filter(None, (recipient.named(self.language), recipient.contact)))

    def processed(self, categories: Iterable[Category]) -> dict[str, str]:
        """What is done with categories of one controller, and where they go outside the EEA."""
        done = [f"{self.said(category.label)}: {self.said(category.purpose)}" for category in categories]
        outside = dict.fromkeys(words for category in categories if (words := self._outside_eea(category)))
        return {"processing": "; ".join(done), "outside_eea": "; ".join(outside) or self._gettext(N_("none"))}

    def said(self, text: Text | None) -> str:
        return text.in_language(self.language) if text else ""

    def _gettext(self, sentence: str) -> str:
        return str(translations(self.language).gettext(sentence))

    def _data_subjects(self, category: Category) -> str:
        return ", ".join(map(self.said, category.data_subjects)) or self.not_stated

    def _fields(self, category: Category) -> str:
        return ", ".join(map(self.said, category.fields)) or self.not_stated

    def _purpose(self, category: Category) -> str:
        return self.said(category.purpose)

    def _legal_basis(self, category: Category) -> str:
        return self._gettext(LEGAL_BASES[category.legal_basis])

    def _role(self, category: Category) -> str:
        return self._gettext(N_("controller") if category.is_ours else N_("processor"))

    def _on_behalf_of(self, category: Category) -> str:
        return self.said(category.on_behalf_of)

    def _source(self, category: Category) -> str:
        return self.said(category.source)

    def _retention(self, category: Category) -> str:
        kept, _ = category.retention, self._gettext
        if isinstance(kept, Period):
            return self._period(kept)
        if kept == UNTIL_WITHDRAWN:
            return _(N_("until consent is withdrawn"))
        if kept not in RULES:
            return _(N_("not stated: no duty to keep")) if category.is_ours else self.not_stated
        return f"{_(RULES[kept].text)} ({_(RULES[kept].law)})"

    def _period(self, period: Period) -> str:
        if period.until:
            return self._gettext(N_("until %(event)s")) % {"event": self.said(period.until)}
        length, start = self._length(period), self.said(period.after)
        if start:
            return self._gettext(N_("at most %(period)s after %(start)s")) % {"period": length, "start": start}
        return self._gettext(N_("at most %(period)s")) % {"period": length}

    def _length(self, period: Period) -> str:
        ngettext = translations(self.language).ngettext
        counted = (
            (period.years, ngettext("%(num)d year", "%(num)d years", period.years)),
            (period.months, ngettext("%(num)d month", "%(num)d months", period.months)),
            (period.weeks, ngettext("%(num)d week", "%(num)d weeks", period.weeks)),
            (period.days, ngettext("%(num)d day", "%(num)d days", period.days)),
        )
        and_ = self._gettext(N_("and"))
        return f" {and_} ".join(words % {"num": number} for number, words in counted if number)

    def _longer_for(self, category: Category) -> str:
        return "; ".join(self._gettext(KEEPING_GROUNDS[ground]) for ground in category.may_keep_for)

    def _erasure(self, category: Category) -> str:
        if not category.is_ours:
            return ""
        ground = self._gettext(GROUNDS[category.erasure_ground])
        return f"{ground}: {self.said(category.refusal_reason)}" if category.refusal_reason else ground

    def _first(self, category: Category) -> str:
        return self.said(category.first)

    def _recipients(self, category: Category) -> str:
        return "; ".join(map(self._recipient, self._of(category))) or self._gettext(N_("none"))

    def _of(self, category: Category) -> list[Recipient]:
        return [self.register.recipients[name] for name in category.recipients]

    def _recipient(self, recipient: Recipient) -> str:
        named = f"{recipient.named(self.language)} ({self._gettext(ROLES[recipient.role])})"
        return ", ".join(filter(None, (named, self.said(recipient.when), self._secret(recipient))))

    def _secret(self, recipient: Recipient) -> str:
        return (
            self._gettext(N_("confidential: %(ground)s")) % {"ground": recipient.confidential}
            if recipient.confidential
            else ""
        )

    def _outside_eea(self, category: Category) -> str:
        return "; ".join(self._transfer(each) for each in self._of(category) if not each.inside_eea)

    def _transfer(self, recipient: Recipient) -> str:
        country = self.said(recipient.country) or self._gettext(N_("country not stated"))
        return f"{recipient.named(self.language)} ({country}): {self.said(recipient.safeguard)}"

    def _held_in(self, name: str) -> Iterator[str]:
        category = self.register.categories[name]
        for system, tables in self.register.tables.items():
            named = (table for table, mapped in tables.items() if mapped.category == name)
            places = [system if system in category.held_in else f"{system}.{table}" for table in named]
            yield from (self.labels.get(place, place) for place in places)
        if category.held_by:
            yield self.said(category.held_by)

    def _masked(self, name: str) -> Iterator[str]:
        for tables in self.register.tables.values():
            for table, mapped in tables.items():
                called, masked = mapped.named(self.language) or table, mapped.masked if mapped.category == name else ()
                yield from (f"{called}: {mapped.column_named(column, self.language)}" for column in masked)

    def _confidential(self, category: Category) -> str:
        return category.confidential or ""


def as_csv(shown: Iterable[Entry], whole: Mapping[str, str], headings: Iterable[str], language: str) -> str:
    """The entries with one row each, which ends with what holds for the whole register.

    A spreadsheet shows it as text, and never runs it as a formula.
    """
    sheet = StringIO()
    writer = csv.writer(sheet, delimiter=_DELIMITERS[language])
    writer.writerow(map(_as_text, headings))
    writer.writerows(
        [_as_text(words) for words in (entry.label, *_cells(entry.facts, HEADINGS), *_cells(whole, GENERAL))]
        for entry in shown
    )
    return sheet.getvalue()


_DELIMITERS = {"nl": ";", "en": ","}
"""By what a spreadsheet in that language tells columns apart when it opens a file."""


def _cells(facts: Mapping[str, str], keys: Iterable[str]) -> Iterator[str]:
    return (facts.get(key, "") for key in keys)


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.lstrip()[:1] in ("=", "+", "-", "@") or cell[:1] in ("\t", "\r", "\n") else cell
