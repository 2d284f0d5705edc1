"""The people of the demo at work: each step goes through the services that the pages call, by the demo's clock."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.db.notifications import Notification
from dsr.demo.clock import Clock
from dsr.demo.mailbox import Mailbox
from dsr.demo.people import COLLEAGUES, PASSWORD, Colleague, email_of
from dsr.domain.intake import Answers
from dsr.domain.notifications import OUTSTANDING, Channel
from dsr.domain.rights import Outcome, Right
from dsr.jobs import tasks, work
from dsr.jobs.context import Context
from dsr.services import (
    answers,
    approvals,
    audit,
    casework,
    copies,
    deadlines,
    deciding,
    errand_answers,
    errands,
    identity,
    intake,
    lookup,
    notifications,
    plans,
    recipients,
    staff,
)
from dsr.services import work as steps
from dsr.services.errand_answers import Noted
from dsr.services.owners import OWNER

_CODE = re.compile(r"\b\d{6}\b")


@dataclass
class Office:
    """The firm with its worker and its mail; `clock` says when everything is done."""

    context: Context
    clock: Clock
    mailbox: Mailbox
    _ids: dict[str, uuid.UUID] = field(default_factory=dict)

    def hire(self) -> None:
        """Give every colleague an account."""
        for colleague in COLLEAGUES:
            with self.context.transaction() as session:
                member = staff.add_staff_member(
                    session,
                    name=colleague.name,
                    email=colleague.email,
                    roles=colleague.roles,
                    password=PASSWORD,
                    by=audit.COMMAND,
                    now=self.clock(),
                )
                self._ids[colleague.name] = member.id

    def receive(self, name: str, *rights: Right, details: str = "", language: str = "nl") -> uuid.UUID:
        """Somebody sends the form; returns the case."""
        given: Answers = {"rights": [*map(str, rights)], "details": details, "name": name, "email": email_of(name)}
        with self.context.transaction() as session:
            token = intake.save_draft(session, None, given, now=self.clock())
            sent = intake.submit_request(
                session, token, settings=self.context.settings, language=language, now=self.clock()
            )
            case_id = sent.case.id
        self.work_off()
        return case_id

    def confirm_email(self, case_id: uuid.UUID, name: str) -> None:
        """The person types the code from the mail."""
        code = _CODE.search(self.mailbox.newest(1, to=email_of(name))[0].text)
        self._do(case_id, identity.confirm_email, code[0] if code else "")

    def take(self, case_id: uuid.UUID, by: Colleague) -> None:
        """A handler takes the case on."""
        self._do(case_id, casework.take_case, by=self._id(by))

    def identify(self, case_id: uuid.UUID, by: Colleague) -> None:
        """The handler records the identity check; the worker searches, and asks who looks after the binder."""
        self._do(case_id, lookup.confirm_identity, by=self._id(by))

    def look_up(self, case_id: uuid.UUID, *quotes: str) -> None:
        """Who looks after the binder notes the quotes that are in it."""
        for quote in quotes:
            self._answer(case_id, errand_answers.note_item, Noted("quote", quote), settings=self.context.settings)
        self._answer(case_id, errand_answers.finish_search, is_nothing=not quotes)

    def destroy(self, case_id: uuid.UUID) -> None:
        """Who looks after the binder puts through the shredder what was asked."""
        self._answer(case_id, _shred, settings=self.context.settings)

    def make_copy(self, case_id: uuid.UUID, by: Colleague) -> None:
        """The handler has the copy made."""
        with self.context.transaction() as session:
            steps.ask(session, case_id, "copy", by=self._id(by), now=self.clock())
        self.work_off()

    def release_copy(self, case_id: uuid.UUID, by: Colleague) -> None:
        """The handler looks at the copy and lays it ready."""
        self._do(case_id, copies.view_copy, by=self._id(by), settings=self.context.settings)
        self._do(case_id, copies.release_copy, by=self._id(by), settings=self.context.settings)

    def plan(self, case_id: uuid.UUID, by: Colleague) -> None:
        """The handler asks for an erasure plan; the worker draws it up."""
        self._do(case_id, plans.propose, {}, by=self._id(by))

    def approve(self, case_id: uuid.UUID, by: Colleague) -> None:
        """A second person approves the plan; the worker carries it out."""
        with self.context.transaction(writes=False) as session:
            plan = plans.current(session, case_id)
        digest = plan.digest if plan else ""
        self._do(case_id, approvals.approve_plan, digest, by=self._id(by), settings=self.context.settings)

    def decide(self, case_id: uuid.UUID, right: Right, outcome: Outcome, by: Colleague, reason: str = "") -> None:
        """The handler decides on a right."""
        self._do(case_id, deciding.decide_by_hand, right, outcome, reason, by=self._id(by))

    def tell_recipients(self, case_id: uuid.UUID, by: Colleague) -> None:
        """The handler mails every recipient of what was erased, and calls who has no address for that."""
        with self.context.transaction(writes=False) as session:
            waiting = [each.id for each in notifications.of_case(session, case_id) if each.stage in OUTSTANDING]
        for notification_id in waiting:
            self._do(case_id, _tell, notification_id, by=self._id(by), settings=self.context.settings)

    def extend(self, case_id: uuid.UUID, reason: str, by: Colleague) -> None:
        """The handler announces two further months."""
        self._do(case_id, deadlines.extend_deadline, reason, by=self._id(by), settings=self.context.settings)

    def answer(self, case_id: uuid.UUID, by: Colleague) -> None:
        """The handler sends the letter."""
        self._do(case_id, answers.send_answer, by=self._id(by), settings=self.context.settings)

    def close(self, case_id: uuid.UUID, by: Colleague) -> None:
        """The handler closes the case."""
        self._do(case_id, casework.close_case, by=self._id(by))

    def begin_day(self) -> None:
        """What the worker does once a day."""
        tasks.remind(self.context)
        tasks.anchor(self.context)
        self.work_off()

    def work_off(self) -> None:
        """The worker does what waits, and sends the mail."""
        work.run_all(self.context)
        tasks.deliver(self.context, self.mailbox)

    def _id(self, colleague: Colleague) -> uuid.UUID:
        return self._ids[colleague.name]

    def _answer(self, case_id: uuid.UUID, verb: Callable[..., Any], *words: Any, **facts: Any) -> None:
        with self.context.transaction() as session:
            waiting = [errand for errand in errands.of_case(session, case_id) if errand.is_outstanding]
            for errand in waiting:
                verb(session, errand, *words, **facts, by=OWNER, now=self.clock())
        self.work_off()

    def _do(self, case_id: uuid.UUID, verb: Callable[..., Any], *words: Any, **facts: Any) -> None:
        with self.context.transaction() as session:
            verb(session, session.get_one(Case, case_id), *words, **facts, now=self.clock())
        self.work_off()


def _tell(
    session: Session, case: Case, notification_id: uuid.UUID, *, by: uuid.UUID, settings: Settings, now: datetime
) -> None:
    told = session.get_one(Notification, notification_id)
    if recipients.email_of(told, settings):
        recipients.tell_by_mail(session, case, told, by=by, settings=settings, now=now)
    else:
        notifications.note_told(session, case, told, Channel.PHONE, by=by, now=now)


def _shred(session: Session, errand: Errand, **facts: Any) -> None:
    errand_answers.confirm_erasure(session, errand, errand.items, "Door de versnipperaar gehaald.", **facts)
