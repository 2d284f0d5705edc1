"""What we write: one function per notice. A template per language is the whole text; the HTML says the same.

A mail carries a reference and a link, never a name and nothing of the request: anybody may be reading the mailbox.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from inspect import signature
from typing import Any

from dsr.config import Controller
from dsr.templating import render

WIDTH = 76  # characters of a line of plain text

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every notice has: who writes, in which language, about which case (if any), and where to read on."""

    controller: Controller
    language: str
    link: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A notice in words. `is_reply` tells other programs that it answers something they may have sent (RFC 3834)."""

    subject: str
    text: str
    html: str
    is_reply: bool = False


def acknowledgement(head: Letterhead, *, due_on: str, code: str | None = None) -> Message:
    """Their request arrived: the last day to answer (ISO) and, where one is needed, the code for the address."""
    return _write("acknowledgement", head, is_reply=True, due_on=date.fromisoformat(due_on), code=code)


def new_code(head: Letterhead, *, code: str) -> Message:
    """The code they asked for anew."""
    return _write("new-code", head, is_reply=True, code=code)


def confirmation_reminder(head: Letterhead) -> Message:
    """They have not confirmed their address yet."""
    return _write("confirmation-reminder", head)


def copy_ready(head: Letterhead, *, expires_on: str) -> Message:
    """Their copy can be fetched, through one day (ISO)."""
    return _write("copy-ready", head, expires_on=date.fromisoformat(expires_on))


def answer_ready(head: Letterhead) -> Message:
    """Our answer can be read."""
    return _write("answer-ready", head)


def kept_erased(head: Letterhead) -> Message:
    """The last of what was kept is gone; they asked to be told."""
    return _write("kept-erased", head)


def extension(head: Letterhead, *, due_on: str) -> Message:
    """We need more time; the page says why (art. 12(3)). `due_on` is the new last day (ISO)."""
    return _write("extension", head, due_on=date.fromisoformat(due_on))


def lifting(head: Letterhead, *, lift_on: str) -> Message:
    """What they asked us not to use will be used again from a day (ISO); the page says why (art. 18(3))."""
    return _write("lifting", head, lift_on=date.fromisoformat(lift_on))


def erasure_planned(head: Letterhead, *, not_before: str, is_final: bool = True) -> Message:
    """One person decides alone on this plan: it waits until a day (ISO), so that somebody can object.

    `is_final`: it cannot be undone, which is so for an erasure and not for a correction.
    """
    return _write("erasure-planned", head, not_before=date.fromisoformat(not_before), is_final=is_final)


def plan_to_approve(head: Letterhead) -> Message:
    """To an approver: a plan waits for a second person."""
    return _write("plan-to-approve", head)


def staff_digest(
    head: Letterhead,
    *,
    cases: Sequence[Item],
    missed: Sequence[str],
    tasks: Sequence[Item],
    ledger: Sequence[Item] = (),
) -> Message:
    """To staff, once a day: cases whose legal date is near or past, the days on which no digest went out, open tasks.

    A case has reference, on (ISO) and days (to that date; negative when late); a task has kind and, perhaps, reference.
    Of what was kept, `ledger` has what and where, and how many rows were erased or are waiting for a person.
    """
    dated = [{**case, "on": date.fromisoformat(case["on"])} for case in cases]
    days = [date.fromisoformat(day) for day in missed]
    return _write("staff-digest", head, cases=dated, missed=days, tasks=tasks, ledger=ledger)


def staff_task(head: Letterhead, *, tasks: Sequence[Item]) -> Message:
    """To staff: something came up that a person must look at."""
    return _write("staff-task", head, tasks=tasks)


def staff_password(head: Letterhead, *, until: str) -> Message:
    """To somebody of staff: the link by which they choose a password, until a day (ISO)."""
    return _write("staff-password", head, until=date.fromisoformat(until))


def errand(head: Letterhead, *, system: str, work: str, due_on: str) -> Message:
    """To the owner of a system: look somebody up there, erase, correct (`work`), by a day (ISO). Not whom or what."""
    return _write("errand", head, system=system, work=work, due_on=date.fromisoformat(due_on))


def errand_reminder(head: Letterhead, *, errands: Sequence[Item]) -> Message:
    """To the owner of a system, at most once a day: what still waits, each with reference, system, on and days."""
    dated = [{**each, "on": date.fromisoformat(each["on"])} for each in errands]
    return _write("errand-reminder", head, errands=dated)


def errand_stopped(head: Letterhead, *, system: str) -> Message:
    """To the owner of a system: what they were asked to erase there is to stay."""
    return _write("errand-stopped", head, system=system)


def owner_code(head: Letterhead, *, code: str) -> Message:
    """To the owner of a system: the code that opens the page of the link."""
    return _write("owner-code", head, code=code)


def notification(head: Letterhead, *, until: str) -> Message:
    """To a recipient of data: something became of them (art. 19). Whose and what says the page, until a day (ISO)."""
    return _write("notification", head, until=date.fromisoformat(until))


def notification_reminder(head: Letterhead, *, told_on: str, until: str) -> Message:
    """To a recipient that was told on a day (ISO) and says nothing; the page can be read until another (ISO)."""
    told, last = date.fromisoformat(told_on), date.fromisoformat(until)
    return _write("notification-reminder", head, told_on=told, until=last)


def notification_code(head: Letterhead, *, code: str) -> Message:
    """To a recipient: the code that opens the page of the link."""
    return _write("notification-code", head, code=code)


KINDS: Mapping[str, Callable[..., Message]] = {
    "acknowledgement": acknowledgement,
    "new-code": new_code,
    "confirmation-reminder": confirmation_reminder,
    "copy-ready": copy_ready,
    "answer-ready": answer_ready,
    "kept-erased": kept_erased,
    "extension": extension,
    "lifting": lifting,
    "erasure-planned": erasure_planned,
    "plan-to-approve": plan_to_approve,
    "staff-digest": staff_digest,
    "staff-task": staff_task,
    "staff-password": staff_password,
    "errand": errand,
    "errand-reminder": errand_reminder,
    "errand-stopped": errand_stopped,
    "owner-code": owner_code,
    "notification": notification,
    "notification-reminder": notification_reminder,
    "notification-code": notification_code,
}
STAFF_KINDS = frozenset({"plan-to-approve", "staff-digest", "staff-task", "staff-password"})
OWNER_KINDS = frozenset({"errand", "errand-reminder", "errand-stopped", "owner-code"})
RECIPIENT_KINDS = frozenset({"notification", "notification-reminder", "notification-code"})


def check(kind: str, facts: Mapping[str, Any]) -> None:
    """Whether a notice can be written from these facts: KeyError for an unknown kind, TypeError for wrong facts."""
    _, own = _split(facts)
    signature(KINDS[kind]).bind(None, **own)


def write(kind: str, facts: Mapping[str, Any], *, controller: Controller, language: str) -> Message:
    """The notice of this kind, in words. `facts` are those of its function, with `link` and, of a case, `reference`."""
    (link, reference), own = _split(facts)
    return KINDS[kind](Letterhead(controller, language, link, reference), **own)


def _split(facts: Mapping[str, Any]) -> tuple[tuple[str, str | None], dict[str, Any]]:
    own = dict(facts)
    return (own.pop("link"), own.pop("reference", None)), own


def _write(name: str, head: Letterhead, *, is_reply: bool = False, **facts: Any) -> Message:
    source = render(f"notices/{name}/{head.language}.txt", language=head.language, head=head, **facts)
    first, _, body = source.partition("\n")
    subject = first.removeprefix("Subject: ")
    paragraphs = [paragraph.splitlines() for paragraph in body.strip().split("\n\n")]
    html = render("notices/layout.html", language=head.language, head=head, subject=subject, paragraphs=paragraphs)
    return Message(subject, "\n\n".join(map(_fill, paragraphs)) + "\n", html, is_reply)


def _fill(lines: Sequence[str]) -> str:
    if lines[0].startswith("- "):
        return "\n".join(lines)
    return textwrap.fill(" ".join(lines), WIDTH, break_long_words=False, break_on_hyphens=False)
