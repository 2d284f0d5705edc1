"""What is handed over: the access copy and the letter."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dsr.db.base import Base, Encrypted, new_id, sealed_column


class AccessCopy(Base):
    """The copy of art. 15(3), an encrypted archive in the file store. Looked at and released by the handler."""

    __tablename__ = "access_copy"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), primary_key=True)
    file: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    page_at: Mapped[int] = mapped_column(BigInteger)
    """Where the readable page begins in the archive, in bytes."""
    row_count: Mapped[int]
    missing: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The systems that had not answered when it was made."""
    kept_missing: Mapped[int] = mapped_column(default=0)
    """How many rows that an earlier request left are not in it: they were changed since, or are gone."""
    made_at: Mapped[datetime]
    viewed_at: Mapped[datetime | None]
    viewed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    released_at: Mapped[datetime | None]
    released_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    expires_on: Mapped[date | None]
    downloads: Mapped[int] = mapped_column(default=0)
    purged_at: Mapped[datetime | None]


class Letter(Base):
    """A letter to the data subject, as it was sent: final text, sealed."""

    __tablename__ = "letter"
    __table_args__ = (UniqueConstraint("case_id", "kind"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"))
    kind: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(2))
    html_sealed: Mapped[bytes | None] = sealed_column()
    html = Encrypted()
    sent_at: Mapped[datetime | None]
    sent_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff_member.id"))

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id


class CodeAttempt(Base):
    """Wrong tries at a secret, counted per thing tried at, so that limits hold over all processes."""

    __tablename__ = "code_attempt"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    window_start: Mapped[datetime]
    count: Mapped[int]
