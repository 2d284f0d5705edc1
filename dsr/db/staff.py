"""People inside and their sessions."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dsr.db.base import Base, Encrypted, new_id, sealed_column


class StaffMember(Base):
    """Somebody who works with cases. Roles: handler, approver, administrator, auditor; they may be combined."""

    __tablename__ = "staff_member"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    email_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    name_sealed: Mapped[bytes | None] = sealed_column()
    email_sealed: Mapped[bytes | None] = sealed_column()
    name = Encrypted()
    email = Encrypted()
    language: Mapped[str] = mapped_column(String(2), default="nl")
    roles: Mapped[list[str]] = mapped_column(JSON)
    password_hash: Mapped[str] = mapped_column(String(200))
    link_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    """Of the link by which they choose a password, until it was used."""
    link_until: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    added_at: Mapped[datetime]

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.id


class StaffSession(Base):
    """A sign-in on the server's side; the browser holds the token, we hold its digest."""

    __tablename__ = "staff_session"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    staff_member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff_member.id"), index=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    staff_member: Mapped[StaffMember] = relationship()
