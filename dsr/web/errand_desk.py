"""The page of an errand, the same for its owner and for a handler who answers in their place."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from datetime import date
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from dsr.db.cases import Case
from dsr.db.errands import Errand, Item
from dsr.db.plans import CasePlan
from dsr.domain.calendars import local_date
from dsr.domain.deadlines import days_left
from dsr.domain.errands import EVERY_DATE, HEADINGS, UnreadableDate, dates_of, read_date
from dsr.domain.errors import DomainError
from dsr.domain.identifiers import PHONE
from dsr.domain.rectification import is_for_books
from dsr.domain.register import Category
from dsr.domain.wording import N_
from dsr.services import (
    corrections,
    errand_answers,
    errand_dates,
    errand_erasures,
    errand_items,
    errand_replays,
    errands,
    statements,
)
from dsr.services.errand_answers import AnsweredAlready, NotAnAnswer, Noted
from dsr.services.errands import AGAIN, CORRECT, DATES, ERASE, LIFT, RESTRICT, SEARCH, STOP
from dsr.services.lookup import identifiers_of
from dsr.web import uploads
from dsr.web.pages import called, gettext, language
from dsr.web.runtime import now, settings

TITLES: Mapping[str, str] = {
    SEARCH: N_("Look up in: %(system)s"),
    ERASE: N_("Erase in: %(system)s"),
    CORRECT: N_("Correct in: %(system)s"),
    RESTRICT: N_("Only store in: %(system)s"),
    LIFT: N_("Use again in: %(system)s"),
    STOP: N_("No more advertising from: %(system)s"),
    AGAIN: N_("Erase again in: %(system)s"),
    DATES: N_("Dates for: %(system)s"),
}
QUESTIONS: Mapping[str, str] = {
    SEARCH: N_("Would you look something up in: %(system)s?"),
    ERASE: N_("Would you erase something in: %(system)s?"),
    CORRECT: N_("Would you correct something in: %(system)s?"),
    RESTRICT: N_("Would you mark something in: %(system)s?"),
    LIFT: N_("Would you take a mark away in: %(system)s?"),
    STOP: N_("Would you take somebody off a list in: %(system)s?"),
    AGAIN: N_("Would you look whether something came back in: %(system)s?"),
    DATES: N_("Would you look up a date in: %(system)s?"),
}
"""What the owner reads before the code: nothing about anybody."""
CHANGES: Mapping[str, tuple[str, str]] = {
    CORRECT: ("", N_("Such as: changed on the card by me, on 3 March.")),
    RESTRICT: (
        N_(
            "Mark these, so that everybody sees it: they may only be stored. Do not use or change them, and throw "
            "nothing away, until you hear from us."
        ),
        N_("Such as: a red sheet in front of the folder, on 3 March."),
    ),
    LIFT: (N_("These may be used again. Take the mark away."), N_("Such as: the red sheet taken out, on 3 March.")),
    STOP: (
        N_("This person wants no more advertising from us. Take them off the list, and do not put them back."),
        N_("Such as: taken off the list for the newsletter, on 3 March."),
    ),
    AGAIN: (
        N_(
            "Something older was put back here. What was erased before must not come back with it: look, and destroy "
            "it."
        ),
        N_("Such as: deleted from the disk once more by me, on 3 March."),
    ),
}
"""What to do where something changes, and how somebody may say that it was done."""


class Refused(DomainError):
    """What was filled in cannot be taken as it is; `field` is where on the page."""

    def __init__(self, fault: DomainError, field: str) -> None:
        super().__init__(fault.template, **fault.params)
        self.field = field


def act(session: Session, errand: Errand, verb: str, *, by: str) -> str:
    """Do what was sent; returns where on the page to go on. Raises Refused, or AnsweredAlready."""
    take, kinds = _ACTS[verb]
    if errand.kind not in kinds or not errands.is_needed(session, errand):
        raise AnsweredAlready  # a page of another errand, or an old one
    try:
        return take(session, errand, by)
    except NotAnAnswer as fault:
        raise Refused(fault, _field(fault.field)) from None
    except uploads.FileRefused as fault:
        raise Refused(fault, _field("files")) from None


def _field(name: str) -> str:
    """A field of the form of one category has that category in its name."""
    category = request.form.get("category", "")
    return f"{name}-{category}" if category else name


def _date(field: str) -> date | None:
    try:
        return read_date(request.form.get(field, ""))
    except UnreadableDate as fault:
        raise Refused(fault, field) from None


def _note(session: Session, errand: Errand, by: str) -> str:
    category = request.form.get("category", "")
    known = settings().register.categories.get(category)
    dates = {anchor: _date(_field(anchor)) for anchor in (dates_of(known) if known else ())}
    files = uploads.received(_field("files"))
    text = request.form.get(_field("description"), "")
    noted = Noted(category, text, dates, files)
    errand_answers.note_item(session, errand, noted, by=by, settings=settings(), now=now())
    return f"category-{category}"


def _remove(session: Session, errand: Errand, by: str) -> str:
    number = request.form.get("number", 0, type=int)
    errand_answers.remove_item(session, errand, number, by=by, settings=settings(), now=now())
    return "found"


def _finish(session: Session, errand: Errand, by: str) -> str:
    is_nothing = request.form.get("answer") == "nothing"
    errand_answers.finish_search(session, errand, is_nothing=is_nothing, by=by, now=now())
    return ""


def _erase(session: Session, errand: Errand, by: str) -> str:
    ticked = {int(number) for number in request.form.getlist("items") if number.isdecimal()}
    evidence, files = request.form.get("evidence", ""), uploads.received("files")
    errand_answers.confirm_erasure(session, errand, ticked, evidence, files, by=by, settings=settings(), now=now())
    return ""


def _confirm(session: Session, errand: Errand, by: str) -> str:
    done_in = request.form.getlist("done_in")
    evidence, files = request.form.get("evidence", ""), uploads.received("files")
    errand_answers.confirm_change(session, errand, done_in, evidence, files, by=by, now=now())
    return ""


def _absent(session: Session, errand: Errand, by: str) -> str:
    errand_answers.say_absent(session, errand, by=by, now=now())
    return ""


def _give_dates(session: Session, errand: Errand, by: str) -> str:
    given = {number: {anchor: _date(f"{anchor}-{number}") for anchor in EVERY_DATE} for number in errand.items}
    errand_dates.give(session, errand, given, by=by, register=settings().register, now=now())
    return ""


def _decline(session: Session, errand: Errand, by: str) -> str:
    errand_answers.decline(session, errand, request.form.get("reason", ""), by=by, now=now())
    return ""


_ACTS: Mapping[str, tuple[Callable[[Session, Errand, str], str], Container[str]]] = {
    "gevonden": (_note, (SEARCH,)),
    "weg": (_remove, (SEARCH,)),
    "klaar": (_finish, (SEARCH,)),
    "gewist": (_erase, (ERASE,)),
    "gedaan": (_confirm, CHANGES),
    "niet-hier": (_absent, CHANGES),
    "datums": (_give_dates, (DATES,)),
    "kan-niet": (_decline, TITLES),
}
"""What is sent, what it does, and for which errands."""
VERBS = tuple(_ACTS)


def describe(session: Session, errand: Errand) -> dict[str, Any]:
    """What the page of an errand shows: whom it is about, what to do, and what was noted so far."""
    case = session.get_one(Case, errand.case_id)
    items = errand_items.items_of(session, case.id, errand.system)
    until = errand_erasures.kept_until(session, errand) if errand.kind == ERASE else {}
    system = called(errand.system)
    return {
        "errand": errand,
        "reference": case.reference,
        "system": system,
        "title": gettext(TITLES[errand.kind]) % {"system": system},
        "question": gettext(QUESTIONS[errand.kind]) % {"system": system},
        "days": days_left(errand.due_on, local_date(now())),
        "person": case.data_subject,
        "phone": identifiers_of(case).get(PHONE, ""),
        "is_needed": errands.is_needed(session, errand),
        "kinds": _kinds(errand, items),
        "going": [_shown(item) for item in items if item.number in errand.items],
        "staying": [
            _shown(item) | {"until": until.get(item.number)}
            for item in items
            if item.number in until or errand.kind == AGAIN
        ],
        "headings": HEADINGS,
        "typed_items": request.form.getlist("items") if request.method == "POST" else [],
        "typed_done_in": request.form.getlist("done_in") if request.method == "POST" else [],
        **(_change(session, case, errand) if errand.kind in CHANGES else {"example": ""}),
    }


def _change(session: Session, case: Case, errand: Errand) -> dict[str, Any]:
    """What is to change, where, and what the data subject says of a correction."""
    plan = session.get(CasePlan, errand.plan_id) if errand.plan_id else None
    known = settings().register.categories
    index = case.data_subject.email_index if errand.kind == CORRECT else b""
    todo, example = CHANGES[errand.kind]
    return {
        "todo": gettext(todo) if todo else "",
        "example": gettext(example),
        "lines": corrections.lines_by_hand(plan, settings().register, language()) if plan else [],
        "places": [
            {"name": name, "label": _label(name), "is_for_books": errand.kind == CORRECT and is_for_books(known[name])}
            for name in errand.categories
            if name in known
        ],
        "gone": [
            (_label(name), day, count) for (name, day), count in sorted(errand_replays.gone(session, errand).items())
        ],
        "statements": [each.text for each in statements.of_person(session, index)],
    }


def _label(category: str) -> str:
    known = settings().register.categories.get(category)
    return known.label.in_language(language()) if known else category


def _kinds(errand: Errand, items: list[Item]) -> list[dict[str, Any]]:
    tables = settings().register.tables.get(errand.system, {})
    return [_kind(name, settings().register.categories[name], items) for name in tables]


def _kind(name: str, category: Category, items: list[Item]) -> dict[str, Any]:
    return {
        "name": name,
        "label": category.label.in_language(language()),
        "fields": [field.in_language(language()) for field in category.fields],
        "dates": dates_of(category),
        "noted": [_shown(item) for item in items if item.category == name],
    }


def _shown(item: Item) -> dict[str, Any]:
    known = settings().register.categories.get(item.category)
    return {
        "number": item.number,
        "label": _label(item.category),
        "description": item.description,
        "dates": errand_items.read_dates(item),
        "wanted": dates_of(known) if known else (),
        "files": [(file.name, file.size) for file in item.files],
    }
