"""Which recipients were told, as the data subject may hear it (GDPR art. 19, second sentence)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.cases import Case
from dsr.db.notifications import Notification
from dsr.domain.calendars import local_date
from dsr.domain.notifications import TELLING, About, Answer, Informed, Waiver
from dsr.domain.register import Register
from dsr.services import audit, notifications
from dsr.services.receipt_codes import check_receipt_code


def of_case(session: Session, case: Case, settings: Settings) -> list[Informed]:
    """What the data subject may hear of it: who was told or not, as it stands; nothing of what is confidential.

    Who was told alike of several parts is named once; otherwise it is said what each was about.
    """
    found: dict[Informed, list[str]] = {}
    for each in notifications.of_case(session, case.id):
        recipient = settings.register.recipients.get(each.recipient)
        if recipient and not recipient.confidential and each.stage in TELLING:
            told = _as_told(each, recipient.named(case.language))
            found.setdefault(told, []).extend(_labels(each, settings.register, case.language))
    named = Counter((told.name, told.deed) for told in found)
    return [
        replace(told, what=tuple(dict.fromkeys(labels))) if named[told.name, told.deed] > 1 else told
        for told, labels in found.items()
    ]


def _as_told(notification: Notification, name: str) -> Informed:
    return Informed(
        name,
        notification.kind,
        notification.stage,
        told_on=local_date(notification.told_at) if notification.told_at else None,
        waiver=Waiver(notification.waiver) if notification.waiver else None,
        why=notification.why,
        answer=Answer(notification.answer) if notification.answer else None,
        about=About(notification.about),
    )


def _labels(notification: Notification, register: Register, language: str) -> list[str]:
    known = (register.categories.get(change.category) for change in notifications.changes_of(notification))
    return [category.label.in_language(language) for category in known if category and not category.confidential]


def open_list(session: Session, case: Case, receipt_code: str, *, settings: Settings, now: datetime) -> list[Informed]:
    """Who was told or not, as it stands, for the person, after their receipt code: art. 19, second sentence.

    Raises WrongReceiptCode or ReceiptCodeLocked; commit all the same: a try counts.
    """
    check_receipt_code(session, case, receipt_code, now=now)
    audit.record(session, "recipients-read", by=audit.DATA_SUBJECT, now=now, case_id=case.id)
    return of_case(session, case, settings)
