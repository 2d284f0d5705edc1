"""Holds on the data of a person: who placed them, why, and when somebody looks again."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from dsr.db.base import Base, Encrypted, new_id, sealed_column


class Hold(Base):
    """Rows of one person, of one category or of all, that stay until somebody lifts this."""

    __tablename__ = "hold"
    __table_args__ = (Index(None, "lifted_at", "review_on"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), index=True)
    category: Mapped[str | None] = mapped_column(String(64))
    """None: every category"""
    ground: Mapped[str] = mapped_column(String(16))
    review_on: Mapped[date]
    placed_at: Mapped[datetime]
    placed_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff_member.id"))
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    reason_sealed: Mapped[bytes | None] = sealed_column()
    lift_reason_sealed: Mapped[bytes | None] = sealed_column()
    reason = Encrypted()
    lift_reason = Encrypted()

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.id


class HoldIdentifier(Base):
    """Keyed digests of the identifiers of the person: a hold is found before an erasure and after it."""

    __tablename__ = "hold_identifier"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    hold_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hold.id"), primary_key=True)
