"""Errands for the owners of systems without a database: what was asked, what they found, and how they get in."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dsr.db.base import Base, Encrypted, new_id, sealed_column


class Errand(Base):
    """Something the owner of a system is asked to do for a case: look a person up, erase, correct, restrict."""

    __tablename__ = "errand"
    __table_args__ = (UniqueConstraint("key"), Index(None, "state", "due_on"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(160))
    """What it is for: one errand for each search, plan, restriction or day of the ledger."""
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), index=True)
    plan_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_plan.id"))
    system: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    """search, erase, again (after a restore), correct, restrict, lift (a restriction), stop (advertising), dates"""
    state: Mapped[str] = mapped_column(String(16), default="open")
    """open, declined (the owner cannot do it), answered, given up by a handler, or lapsed: nobody wants it any more"""
    asked_at: Mapped[datetime]
    asked_on: Mapped[date]
    due_on: Mapped[date]
    reminded_on: Mapped[date | None]
    owner_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    link_number: Mapped[int] = mapped_column(default=1)
    link_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    link_until: Mapped[datetime]
    items: Mapped[list[int]] = mapped_column(JSON, default=list)
    """The numbers of the items to erase, that were erased and may be back, or of which a date is missing."""
    categories: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The kinds of data to change something in, or to look at again."""
    done_in: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The kinds of data in which the owner did that; none, once answered, where the system has nothing of it."""
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(String(36))
    """The id of a staff member, or "owner"."""
    reason_sealed: Mapped[bytes | None] = sealed_column()
    evidence_sealed: Mapped[bytes | None] = sealed_column()
    reason = Encrypted()
    """Why the owner cannot do it, or why a handler gave it up: that one is told to the data subject."""
    evidence = Encrypted()
    """How the owner says it was done."""

    files: Mapped[list[ErrandFile]] = relationship(order_by="ErrandFile.added_at")

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id

    @property
    def is_outstanding(self) -> bool:
        """Whether somebody still has to do it."""
        return self.state in ("open", "declined")


class Item(Base):
    """Something the owner found. Wiped once they confirmed that it is erased."""

    __tablename__ = "errand_item"
    __table_args__ = (UniqueConstraint("case_id", "system", "number"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"))
    errand_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("errand.id"), index=True)
    system: Mapped[str] = mapped_column(String(64))
    number: Mapped[int]
    category: Mapped[str] = mapped_column(String(64))
    erased_at: Mapped[datetime | None]
    description_sealed: Mapped[bytes | None] = sealed_column()
    dates_sealed: Mapped[bytes | None] = sealed_column()
    description = Encrypted()
    dates = Encrypted()
    """The dates its retention counts from (JSON)."""

    files: Mapped[list[ErrandFile]] = relationship(order_by="ErrandFile.added_at")

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id


class ErrandFile(Base):
    """A file that came with an item or, without one, as evidence of an erasure; it is in the file store."""

    __tablename__ = "errand_file"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), index=True)
    errand_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("errand.id"), index=True)
    item_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("errand_item.id"), index=True)
    file: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[datetime]
    name_sealed: Mapped[bytes | None] = sealed_column()
    name = Encrypted()

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id
