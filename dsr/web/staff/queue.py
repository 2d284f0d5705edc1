"""The queue: open cases in the order of their next legal date, in groups, a page at a time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import Any, cast, get_args

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db import queries
from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.db.queries import Group, Place, QueueFilter
from dsr.domain.calendars import local_date
from dsr.domain.deadlines import days_left
from dsr.domain.rights import Right
from dsr.domain.wording import N_
from dsr.services.identity import email_digest
from dsr.web.pages import gettext
from dsr.web.runtime import now
from dsr.web.security import allows
from dsr.web.staff.pages import me, staff, staff_page
from dsr.web.staff.states import identity_of, state_of
from dsr.web.staff.words import RIGHTS

_GROUPS = {"late": N_("Too late"), "week": N_("This week"), "later": N_("Later")}
_YEAR = timedelta(days=365)


@staff.get("/")
@allows("case.read")
def queue() -> ResponseReturnValue:
    """The page of the queue that the address asks for; a search leads to its case."""
    sought = request.args.get("q", "").replace("\0", "").strip()
    today = local_date(now())
    with transaction(writes=False) as session:
        found = _find(session, sought) if sought else []
        if len(found) == 1:
            return redirect(url_for("staff.case", reference=found[0].reference))
        shown, after = _filter(), _place()
        following = None
        if sought:
            cases = found
        else:
            page = queries.queue(session, shown, today=today, after=after)
            cases, following = page.cases, page.following
        return staff_page(
            "staff/queue.html",
            search_query=sought,
            groups=list(_grouped(session, cases, shown, today)),
            counts=_counts(session, today),
            trend=_trend(session, today),
            filters=_filter_fields(),
            is_filtered=shown != QueueFilter(),
            is_first=after is None,
            next_url=url_for("staff.queue", **_chosen(), after=_write(following)) if following else None,
            mine_url=url_for("staff.queue", handler="mine"),
        )


def _find(session: Session, sought: str) -> list[Case]:
    """A case by its reference, or the cases of an e-mail address."""
    by_reference = queries.case_by_reference(session, sought.upper())
    return [by_reference] if by_reference else queries.cases_of(session, email_digest(sought))


def _chosen() -> dict[str, Any]:
    return {name: request.args[name] for name in ("handler", "right", "group") if request.args.get(name)}


def _filter() -> QueueFilter:
    """What the address asks for; a value that we do not know is no filter."""
    handler, right, group = (request.args.get(name) for name in ("handler", "right", "group"))
    return QueueFilter(
        handler=me() if handler == "mine" else "nobody" if handler == "nobody" else None,
        right=Right(right) if right in set(Right) else None,
        group=cast("Group", group) if group in get_args(Group) else None,
    )


def _place() -> Place | None:
    try:
        day, _, case_id = request.args.get("after", "").partition("_")
        return date.fromisoformat(day), uuid.UUID(case_id)
    except ValueError:
        return None


def _write(place: Place) -> str:
    return f"{place[0].isoformat()}_{place[1]}"


def _filter_fields() -> list[dict[str, Any]]:
    chosen = _chosen()
    rights = [(right.value, gettext(name)) for right, name in RIGHTS.items()]
    handlers = [("mine", gettext("mine")), ("nobody", gettext("nobody"))]
    groups = [(key, gettext(name)) for key, name in _GROUPS.items()]
    return [
        _field("group", gettext("Show"), gettext("all open"), groups, chosen),
        _field("right", gettext("Right"), gettext("all"), rights, chosen),
        _field("handler", gettext("Handler"), gettext("everybody"), handlers, chosen),
    ]


def _field(name: str, label: str, every: str, options: list[tuple[str, str]], chosen: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "label": label, "options": [("", every), *options], "value": chosen.get(name, "")}


def _grouped(session: Session, cases: list[Case], shown: QueueFilter, today: date) -> Iterator[dict[str, Any]]:
    rows = _rows(session, cases, today)
    for group, members in groupby(rows, key=lambda row: row["group"]):
        only = QueueFilter(shown.handler, shown.right, group)
        count = queries.count_open(session, only, today=today) if group in _GROUPS else 0
        yield {"name": gettext(_GROUPS.get(group, "Ended")), "count": _capped(count), "rows": list(members)}


def _rows(session: Session, cases: list[Case], today: date) -> list[dict[str, Any]]:
    ids = [case.id for case in cases]
    names = queries.staff_names(session, (case.handler_id for case in cases))
    plan_states, work = queries.plan_states(session, ids), queries.open_work(session, ids)
    identified = queries.identified(session, ids)
    return [
        {
            "case": case,
            "group": queries.group_of(case.next_legal_on, today) if case.is_open else "",
            "url": url_for("staff.case", reference=case.reference),
            "days": days_left(case.next_legal_on, today),
            "rights": ", ".join(gettext(RIGHTS[right.kind]) for right in case.rights).capitalize(),
            "state": state_of(case, {each.kind: each for each in work.get(case.id, [])}, plan_states.get(case.id)),
            "identity": identity_of(case, case.id in identified),
            "handler": names.get(case.handler_id) if case.handler_id else None,
        }
        for case in cases
    ]


def _counts(session: Session, today: date) -> list[dict[str, Any]]:
    def count(label: str, tone: str = "", **chosen: Any) -> dict[str, Any]:
        number = queries.count_open(session, QueueFilter(**chosen), today=today)
        return {
            "number": _capped(number),
            "label": gettext(label),
            "tone": tone if number else "",
            "url": url_for("staff.queue", **chosen),
        }

    return [
        count(N_("too late"), "red", group="late"),
        count(N_("this week"), "amber", group="week"),
        {"number": _capped(queries.count_plans_to_approve(session)), "label": gettext("for approval")},
        count(N_("without handler"), handler="nobody"),
        count(N_("open")),
    ]


def _capped(count: int) -> str:
    return str(count) if count < queries.COUNT_LIMIT else f"{queries.COUNT_LIMIT - 1}+"


def _trend(session: Session, today: date) -> dict[str, Any] | None:
    """One year of answers by month, the oldest first; None before the first answer."""
    answers = [(local_date(at), due_on) for at, due_on in queries.answers_since(session, now() - _YEAR)]
    if not answers:
        return None
    months = [{"total": 0, "late": 0} for _ in range(12)]
    for answered_on, due_on in answers:
        age = (today.year - answered_on.year) * 12 + today.month - answered_on.month
        month = months[11 - min(age, 11)]
        month["total"] += 1
        month["late"] += due_on is not None and answered_on > due_on
    late = sum(month["late"] for month in months)
    return {"percent": round(100 * (len(answers) - late) / len(answers)), "months": months}
