"""The answers of a form that is not yet submitted: sealed, behind the digest of a cookie, gone after 24 hours."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from dsr.db.base import Base, Encrypted, sealed_column


class Draft(Base):
    """The answers so far (JSON)."""

    __tablename__ = "draft"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    saved_at: Mapped[datetime] = mapped_column(index=True)
    answers_sealed: Mapped[bytes | None] = sealed_column()
    answers = Encrypted()

    @property
    def sealed_for(self) -> str:
        return self.digest.hex()
