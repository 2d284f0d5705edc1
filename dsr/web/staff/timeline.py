"""The timeline of a case: every event of the audit trail as a sentence in the past tense, with who did it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from dsr.db.audit import AuditEntry
from dsr.domain.lifecycle import Status
from dsr.domain.wording import N_, Translate, Value, WriteDate, say
from dsr.web.staff.words import (
    ANSWERS,
    NOTIFICATIONS,
    OUTCOMES,
    RESTRICTION_ARTICLES,
    RIGHTS,
    SET_ASIDE_GROUNDS,
    TASKS,
    TOLD_BY,
    WAIVERS,
    WEIGHED,
)

ACTORS = {
    "data-subject": N_("the data subject"),
    "worker": N_("the program"),
    "command": N_("the operator"),
    "owner": N_("the owner"),
    "recipient": N_("the recipient"),
}
STATUSES = {
    Status.RECEIVED: N_("new"),
    Status.IDENTIFYING: N_("identity being checked"),
    Status.HANDLING: N_("being handled"),
    Status.ANSWERED: N_("answered"),
    Status.CLOSED: N_("closed"),
    Status.SET_ASIDE: N_("set aside"),
    Status.WITHDRAWN: N_("withdrawn"),
}
NOTICES = {
    "acknowledgement": N_("acknowledgement"),
    "new-code": N_("new code"),
    "confirmation-reminder": N_("reminder to confirm"),
    "copy-ready": N_("copy ready"),
    "answer-ready": N_("answer ready"),
    "kept-erased": N_("what was kept is gone"),
    "extension": N_("extension"),
    "erasure-planned": N_("announcement that the request will be carried out"),
    "lifting": N_("announcement that a restriction ends"),
    "staff-digest": N_("digest for staff"),
    "staff-task": N_("task for staff"),
    "staff-password": N_("link for a password"),
    "plan-to-approve": N_("plan to approve"),
    "notification": N_("notification to a recipient"),
    "notification-reminder": N_("reminder for a recipient"),
    "notification-code": N_("code for a recipient"),
    "errand": N_("errand for an owner"),
    "errand-reminder": N_("reminder for an owner"),
    "errand-stopped": N_("message that an errand is not needed any more"),
    "owner-code": N_("code for an owner"),
}
SENTENCES: Mapping[str, str] = {
    "request-received": N_("Received through the form."),
    "email-confirmed": N_("The data subject confirmed the e-mail address."),
    "code-requested": N_("The data subject asked for a new code."),
    "receipt-code-locked": N_("The receipt code was typed wrong too often and is locked for a while."),
    "advertising-stopped": N_("Advertising was stopped."),
    "identifiers-looked-up": N_("The system %(system)s was asked whether it knows the address."),
    "earlier-request-found": N_("An earlier request was made from this address, and rows of it are kept."),
    "identifier-confirmed": N_("%(actor)s added a number by which the data subject is found."),
    "identifier-forgotten": N_("%(actor)s took back by what the data subject is found."),
    "persons-chosen": N_("%(actor)s said which of the people in %(place)s this is (%(chosen)s of %(of)s)."),
    "identity-confirmed": N_("%(actor)s recorded the identity check."),
    "status-changed": N_("The state became: %(after)s (%(actor)s)."),
    "case-taken": N_("%(actor)s took the case."),
    "case-handed-over": N_("%(actor)s handed the case over to %(to)s."),
    "case-set-aside": N_("%(actor)s set the case aside: %(ground)s."),
    "rights-noted": N_("%(actor)s noted the rights: %(rights)s."),
    "right-decided": N_("%(actor)s decided: %(right)s %(outcome)s."),
    "deadline-extended": N_("%(actor)s extended the deadline to %(due_on)s."),
    "data-found": N_("The program searched the systems (%(systems)s); rows found: %(rows)s."),
    "copy-made": N_("The program made the copy; rows: %(rows)s."),
    "copy-viewed": N_("%(actor)s looked at the copy."),
    "copy-released": N_("%(actor)s released the copy, until %(until)s."),
    "copy-downloaded": N_("The data subject downloaded the copy (%(times)s times so far)."),
    "copy-purged": N_("The program removed the copy."),
    "plan-asked": N_("%(actor)s asked for erasure plan %(plan)s."),
    "plan-proposed": N_("The program drew up the erasure plan; rows to erase: %(erase)s, to keep: %(keep)s."),
    "plan-approved": N_("%(actor)s approved the plan."),
    "plan-returned": N_("%(actor)s returned plan %(plan)s."),
    "plan-dropped": N_("%(actor)s decided by hand; plan %(plan)s was dropped."),
    "plan-voided": N_("Plan %(plan)s lapsed: the data had changed."),
    "rows-erased": N_("The erasure in %(system)s was done; rows gone: %(erased)s, in part: %(changed)s."),
    "plan-executed": N_("The erasure plan was carried out."),
    "notification-made": N_("Recipient %(recipient)s: %(state)s (%(actor)s)."),
    "recipient-judged": N_("Recipient %(recipient)s: %(state)s (%(actor)s)."),
    "recipient-mailed": N_("%(actor)s had the recipient %(recipient)s mailed."),
    "recipient-reminded": N_("The recipient %(recipient)s was reminded."),
    "notification-opened": N_("The recipient %(recipient)s opened the page with the code."),
    "recipient-told": N_("%(actor)s told the recipient %(recipient)s: %(channel)s."),
    "recipient-waived": N_("%(actor)s decided not to tell the recipient %(recipient)s: %(waiver)s."),
    "recipients-read": N_("The data subject read who was told."),
    "recipient-answered": N_("The recipient %(recipient)s answered: %(answer)s (%(actor)s)."),
    "correction-asked": N_("%(actor)s had the rows read that can be corrected."),
    "rows-laid-out": N_("The rows in %(system)s can be corrected now."),
    "correction-proposed": N_(
        "%(actor)s proposed a correction; rows to change: %(change)s, for the books: %(for_books)s."
    ),
    "rows-corrected": N_("The correction in %(system)s was done; rows changed: %(changed)s."),
    "correction-made": N_("The correction was carried out."),
    "restricted": N_("Restricted: %(categories)s (art. %(article)s)."),
    "rows-marked": N_("In %(system)s the restriction was marked; rows: %(rows)s."),
    "lifting-announced": N_("%(actor)s announced that the restriction ends on %(until)s."),
    "restriction-lifted": N_("%(actor)s lifted the restriction."),
    "rows-unmarked": N_("In %(system)s the marks of the restriction were taken away; rows: %(rows)s."),
    "objection-weighed": N_("%(actor)s weighed the objection: %(result)s."),
    "statement-added": N_("%(actor)s added a statement of the data subject."),
    "kept-rows-erased": N_("The retention in %(system)s ended; rows erased: %(erased)s."),
    "ledger-dated-again": N_(
        "Kept rows in %(system)s got new days: %(earlier)s earlier, %(later)s later, %(dated)s that had none."
    ),
    "erasure-replayed": N_(
        "After a restore of %(system)s: rows erased again: %(again)s, gone already: %(gone)s, left: %(left)s."
    ),
    "ledger-taken-over": N_("%(rows)s rows of %(system)s stood in the ledger before, and are counted here now."),
    "later-notice-asked": N_("A mail is wanted when what is kept is gone (%(actor)s)."),
    "later-notice-dropped": N_("No mail is wanted any more when what is kept is gone (%(actor)s)."),
    "later-notice-needless": N_("Nothing was kept, so no mail is sent when it is gone."),
    "later-notice-written": N_("The data subject is told that what was kept is gone."),
    "hold-placed": N_("%(actor)s placed a hold, to be looked at again on %(review_on)s."),
    "hold-reviewed": N_("%(actor)s kept the hold, to be looked at again on %(review_on)s."),
    "hold-lifted": N_("%(actor)s lifted the hold."),
    "errand-asked": N_("The owner of %(system)s was asked."),
    "errand-sent-again": N_("%(actor)s had the owner of %(system)s asked again."),
    "errand-handed-over": N_("%(actor)s asked another owner about %(system)s."),
    "errand-opened": N_("The owner of %(system)s opened the errand with the code."),
    "errand-reminded": N_("The owner of %(system)s was reminded."),
    "errand-answered": N_("%(actor)s answered for %(system)s; items: %(items)s."),
    "errand-declined": N_("%(actor)s said that it cannot be done in %(system)s."),
    "errand-given-up": N_("%(actor)s went on without an answer from %(system)s."),
    "system-given-up": N_("%(actor)s went on without %(system)s."),
    "system-asked-again": N_("%(actor)s had %(system)s asked again."),
    "item-noted": N_("%(actor)s noted something in %(system)s."),
    "item-removed": N_("%(actor)s took away something noted in %(system)s."),
    "task-done": N_("%(actor)s settled a task: %(task)s. It is done."),
    "task-left": N_("%(actor)s settled a task: %(task)s. It is not done."),
    "answer-sent": N_("%(actor)s sent the answer."),
    "letter-opened": N_("The data subject opened the letter."),
    "notice-sent": N_("A mail left: %(kind)s."),
    "notice-failed": N_("A mail could not be delivered: %(kind)s."),
}
Labels = Mapping[str, Mapping[str, str]]
"""What to call a system, a category or a recipient: detail of an entry -> key -> label."""
MOVES_CLOCK = frozenset({"request-received", "deadline-extended", "answer-sent"})


def sentence(
    entry: AuditEntry,
    names: Mapping[uuid.UUID, str],
    translate: Translate = str,
    write_date: WriteDate = date.isoformat,
    labels: Labels = MappingProxyType({}),
) -> str:
    """What an entry tells; an event without a sentence of its own is named as it is stored."""
    template = SENTENCES.get(entry.event)
    if template is None:
        return entry.event
    details = entry.details.items()
    values: dict[str, Value] = {name: _value(name, value, names, labels.get(name, {})) for name, value in details}
    said = say(template, {**values, "actor": _person(entry.actor, names)}, translate, write_date)
    return said[0].upper() + said[1:]


def events(
    entries: Sequence[AuditEntry],
    names: Mapping[uuid.UUID, str],
    translate: Translate,
    write_date: WriteDate,
    labels: Labels,
) -> list[dict[str, Any]]:
    """The entries as the timeline draws them."""
    return [
        {
            "at": entry.at,
            "text": sentence(entry, names, translate, write_date, labels),
            "moves_clock": entry.event in MOVES_CLOCK,
        }
        for entry in entries
    ]


_NAMED: Mapping[str, Mapping[Any, str]] = {
    "after": STATUSES,
    "before": STATUSES,
    "ground": SET_ASIDE_GROUNDS,
    "kind": NOTICES,
    "channel": TOLD_BY,
    "state": NOTIFICATIONS,
    "waiver": WAIVERS,
    "answer": ANSWERS,
    "outcome": OUTCOMES,
    "right": RIGHTS,
    "result": WEIGHED,
    "task": TASKS,
    "article": RESTRICTION_ARTICLES,
}


def _value(name: str, value: Any, names: Mapping[uuid.UUID, str], labels: Mapping[str, str]) -> Value:
    if name in _NAMED:
        return _NAMED[name].get(value, str(value))
    if name in ("due_on", "until", "review_on"):
        return date.fromisoformat(value)
    if name == "to":
        return _person(value, names)
    if isinstance(value, list):
        return tuple(RIGHTS.get(each, labels.get(each, str(each))) for each in value)
    if isinstance(value, dict):
        return sum(value.values())
    return value if isinstance(value, int) else labels.get(value, str(value))


def _person(actor: str, names: Mapping[uuid.UUID, str]) -> str:
    if actor in ACTORS:
        return ACTORS[actor]
    return names.get(uuid.UUID(actor), actor)
