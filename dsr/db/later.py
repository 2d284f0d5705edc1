"""Who asked to be told when the last of what was kept is gone."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from dsr.db.base import Base, Encrypted, sealed_column


class LaterNotice(Base):
    """An address kept for one mail, which may be years away, and for nothing else."""

    __tablename__ = "later_notice"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), primary_key=True)
    language: Mapped[str] = mapped_column(String(2))
    asked_at: Mapped[datetime]
    email_sealed: Mapped[bytes | None] = sealed_column()
    email = Encrypted()

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id
