"""What a person wants to stand with their data where these are not rewritten (art. 16)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from dsr.db.base import Base, Encrypted, new_id, sealed_column


class Statement(Base):
    """A statement of the data subject, found again by the digest of their address: later copies tell it."""

    __tablename__ = "statement"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), index=True)
    email_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    made_at: Mapped[datetime]
    made_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff_member.id"))
    text_sealed: Mapped[bytes | None] = sealed_column()
    text = Encrypted()

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id
