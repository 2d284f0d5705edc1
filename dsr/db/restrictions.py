"""Data that may only be stored: our own ledger of restrictions, and the marks in the controller's systems (art. 18)."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dsr.db.base import Base, Encrypted, new_id, sealed_column
from dsr.domain.restriction import Ground


class Restriction(Base):
    """Categories of one person that are restricted, since when and why, and how it was lifted."""

    __tablename__ = "restriction"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), index=True)
    ground: Mapped[str] = mapped_column(String(8))
    categories: Mapped[list[str]] = mapped_column(JSON)
    since: Mapped[datetime]
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    """Who decided on it; nobody where it followed from an objection or a withdrawal."""
    is_final: Mapped[bool] = mapped_column(default=False)
    """Whether the processing stopped for good, so that nothing is to be lifted."""
    notice_key: Mapped[str | None] = mapped_column(String(96))
    """The notice of art. 18(3): no lifting before it was sent."""
    lift_on: Mapped[date | None]
    """The first day on which it may be lifted, as the notice says."""
    lift_reason_sealed: Mapped[bytes | None] = sealed_column()
    lift_reason = Encrypted()
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff_member.id"))

    markings: Mapped[list[Marking]] = relationship(order_by="Marking.system")

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id

    @property
    def why(self) -> Ground:
        """The ground itself."""
        return Ground(self.ground)


class RestrictionIdentifier(Base):
    """Keyed digests of the identifiers of a restricted person: whoever is about to use data can ask."""

    __tablename__ = "restriction_identifier"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    restriction_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("restriction.id"), primary_key=True)


class Marking(Base):
    """Rows marked in one system: noted before they are, with a receipt when they are, and when the marks are gone."""

    __tablename__ = "marking"
    __table_args__ = (UniqueConstraint("restriction_id", "system"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    restriction_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("restriction.id"))
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"))
    system: Mapped[str] = mapped_column(String(64))
    row_count: Mapped[int]
    noted_at: Mapped[datetime]
    marked_at: Mapped[datetime | None]
    unmarked_at: Mapped[datetime | None]
    rows_sealed: Mapped[bytes | None] = sealed_column()
    rows = Encrypted()
    """The changes, with what each row held before."""

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id


class Weighing(Base):
    """An objection weighed by a named person (art. 21(1)); the grounds, as they are told, are the right's reason."""

    __tablename__ = "weighing"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), primary_key=True)
    result: Mapped[str] = mapped_column(String(16))
    weighed_at: Mapped[datetime]
    weighed_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff_member.id"))
