"""The outbox: a row for every mail, until it has gone; and what staff must look at."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dsr.db.base import Base, Encrypted, new_id, sealed_column


class Notice(Base):
    """One mail on its way. The body is rendered once, sealed, and wiped when the mail has gone or been given up."""

    __tablename__ = "notice"
    __table_args__ = (
        Index(None, "state", "next_try_at"),
        Index(None, "case_id", "made_at"),
        Index(None, "recipient_index", "next_try_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(96), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("dsr_case.id"))
    language: Mapped[str] = mapped_column(String(2))
    made_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default="queued")
    """queued, sending, sent or failed"""
    attempt: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    """When it may be claimed: the next try, or the end of the lease of the running one."""
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(64))
    """The mail server's code for the last fault, without its words: those repeat the address."""
    message_id: Mapped[str | None] = mapped_column(String(320))
    recipient_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    recipient_sealed: Mapped[bytes | None] = sealed_column()
    facts_sealed: Mapped[bytes | None] = sealed_column()
    message_sealed: Mapped[bytes | None] = sealed_column()
    recipient = Encrypted()
    facts = Encrypted()
    """What the text needs to know (JSON)."""
    message = Encrypted()
    """The mail as every attempt sends it, headers included."""

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.id


class Reminder(Base):
    """That staff were told of a date: one row per case, kind and date, told or superseded."""

    __tablename__ = "reminder"
    __table_args__ = (UniqueConstraint("case_id", "kind", "on"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"))
    kind: Mapped[str] = mapped_column(String(16))
    on: Mapped[date]
    state: Mapped[str] = mapped_column(String(16))
    """told or superseded"""


class Task(Base):
    """Something a person must look at, because the program could not do it or should not decide it."""

    __tablename__ = "task"
    __table_args__ = (UniqueConstraint("key"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(96))
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("dsr_case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    made_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    """When staff got a mail about it."""
    done_at: Mapped[datetime | None]
    is_left: Mapped[bool] = mapped_column(default=False)
    """True where a handler decided that it is not done."""
    reason_sealed: Mapped[bytes | None] = sealed_column()
    reason = Encrypted()
    """How it was done or why not, in the words of the handler."""

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.id


class Work(Base):
    """Something the worker must do for a case: look up, search, copy, plan, erase. One open row per case and kind."""

    __tablename__ = "work"
    __table_args__ = (UniqueConstraint("case_id", "kind"), Index(None, "state", "next_try_at"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="queued")
    """queued, done or refused"""
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    asked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    error: Mapped[str | None] = mapped_column(String(400))
    """Why the last try did not succeed, in words without personal data."""


class Heartbeat(Base):
    """When each job last ran to its end."""

    __tablename__ = "heartbeat"

    job: Mapped[str] = mapped_column(String(32), primary_key=True)
    ran_at: Mapped[datetime]
