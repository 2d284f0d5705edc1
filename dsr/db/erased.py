"""What was erased in the controller's systems, as long as a backup of theirs may bring it back."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dsr.db.base import Base, Encrypted, new_id, sealed_column


class ErasedRows(Base):
    """Rows of one table that went, or of which a part went, at one moment: keys and fingerprints, sealed."""

    __tablename__ = "erased_rows"
    __table_args__ = (Index(None, "system", "erased_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), index=True)
    system: Mapped[str] = mapped_column(String(64))
    table: Mapped[str] = mapped_column(String(128))
    erased_at: Mapped[datetime]
    columns_kept: Mapped[list[str] | None] = mapped_column(JSON)
    """None where the whole row went"""
    row_count: Mapped[int]
    purge_on: Mapped[date] = mapped_column(index=True)
    rows_sealed: Mapped[bytes | None] = sealed_column()
    rows = Encrypted()
    """JSON: the key of each row and its fingerprint before."""

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id
