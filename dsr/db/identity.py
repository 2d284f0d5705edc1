"""Who is asking: codes that confirm an address, lookups in the controller's systems, and the recorded check."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dsr.db.base import Base, new_id


class EmailCode(Base):
    """The code of six digits that is out for a case; a new one replaces it."""

    __tablename__ = "email_code"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)


class Lookup(Base):
    """Whether a system knows an identifier of the case: yes or no, never a row."""

    __tablename__ = "lookup"
    __table_args__ = (UniqueConstraint("case_id", "system", "identifier"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"))
    system: Mapped[str] = mapped_column(String(64))
    identifier: Mapped[str] = mapped_column(String(32))
    is_known: Mapped[bool]
    looked_up_at: Mapped[datetime]


class IdentityCheck(Base):
    """The handler's record that the person is who they say: method, result, by whom; never the evidence."""

    __tablename__ = "identity_check"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), primary_key=True)
    method: Mapped[str] = mapped_column(String(32))
    is_confirmed: Mapped[bool]
    checked_at: Mapped[datetime]
    checked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff_member.id"))
