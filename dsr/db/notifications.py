"""Notifications to recipients (GDPR art. 19): one row for each recipient of what was changed."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dsr.db.base import Base, Encrypted, new_id, sealed_column
from dsr.domain.notifications import About, State
from dsr.domain.rights import Right


class Notification(Base):
    """That a recipient is to be told, was told, or is not told. `source_id` is the plan or decision it follows from."""

    __tablename__ = "notification"
    __table_args__ = (UniqueConstraint("source_id", "recipient"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), index=True)
    source_id: Mapped[uuid.UUID]
    right: Mapped[str] = mapped_column(String(24))
    about: Mapped[str] = mapped_column(String(16), default=About.RIGHT.value)
    """Whether it tells what the right came to, or what came after that."""
    recipient: Mapped[str] = mapped_column(String(64))
    """Its name in the register."""
    state: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[datetime]
    changed_on: Mapped[date]
    """Since when the data are erased, corrected or restricted."""
    due_on: Mapped[date]
    told_at: Mapped[datetime | None]
    reminded_on: Mapped[date | None]
    channel: Mapped[str | None] = mapped_column(String(16))
    waiver: Mapped[str | None] = mapped_column(String(16))
    link_number: Mapped[int] = mapped_column(default=0)
    link_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    link_until: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(String(16))
    answered_at: Mapped[datetime | None]
    changes_sealed: Mapped[bytes | None] = sealed_column()
    why_sealed: Mapped[bytes | None] = sealed_column()
    remark_sealed: Mapped[bytes | None] = sealed_column()
    changes = Encrypted()
    """What became of each category (JSON)."""
    why = Encrypted()
    """Why the recipient is not told, in the words of the handler."""
    remark = Encrypted()
    """What the recipient wrote with its answer."""

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id

    @property
    def kind(self) -> Right:
        """The right it follows from."""
        return Right(self.right)

    @property
    def stage(self) -> State:
        """How far it is."""
        return State(self.state)
