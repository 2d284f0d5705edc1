"""A case: one request, the rights it invokes, the person it is about, and the events that move its clock."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dsr.db.base import Base, Encrypted, new_id, sealed_column
from dsr.db.identity import IdentityCheck
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Outcome, Right


class Case(Base):
    """One request and all we do on it. `next_legal_on` is kept for sorting and recomputed from the events."""

    __tablename__ = "dsr_case"
    __table_args__ = (
        Index(None, "status", "next_legal_on", "id"),
        Index(None, "handler_id", "status", "next_legal_on", "id"),
        Index(None, "answered_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    status: Mapped[str] = mapped_column(String(16), default=Status.RECEIVED.value)
    version: Mapped[int] = mapped_column(default=1)
    channel: Mapped[str] = mapped_column(String(16), default="form")
    language: Mapped[str] = mapped_column(String(2))
    received_at: Mapped[datetime]
    received_on: Mapped[date]
    due_on: Mapped[date | None]
    next_legal_on: Mapped[date]
    handler_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    register_digest: Mapped[str] = mapped_column(String(64))
    status_token_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    receipt_code_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    submission_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    answered_at: Mapped[datetime | None]
    closed_on: Mapped[date | None]

    rights: Mapped[list[RequestedRight]] = relationship(order_by="RequestedRight.position")
    data_subject: Mapped[DataSubject] = relationship(uselist=False)
    identity_check: Mapped[IdentityCheck | None] = relationship(viewonly=True)
    identifiers: Mapped[list[Identifier]] = relationship(order_by="Identifier.kind")
    events: Mapped[list[ClockEvent]] = relationship(order_by="ClockEvent.started_at")

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.id

    @property
    def is_open(self) -> bool:
        """Whether the clock still asks something of the controller."""
        return self.status in (Status.RECEIVED, Status.IDENTIFYING, Status.HANDLING)


class RequestedRight(Base):
    """A right the case invokes, and how it ended. `reason` is told to the data subject."""

    __tablename__ = "requested_right"
    __table_args__ = (UniqueConstraint("case_id", "right"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"))
    right: Mapped[str] = mapped_column(String(24))
    position: Mapped[int]
    outcome: Mapped[str | None] = mapped_column(String(24))
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    reason_sealed: Mapped[bytes | None] = sealed_column()
    reason = Encrypted()

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id

    @property
    def kind(self) -> Right:
        """The right itself."""
        return Right(self.right)

    @property
    def result(self) -> Outcome | None:
        """How it ended, once decided."""
        return Outcome(self.outcome) if self.outcome else None


class DataSubject(Base):
    """The person of a case, as they wrote; `email_index` finds the address without opening it."""

    __tablename__ = "data_subject"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), primary_key=True)
    email_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    email_confirmed_at: Mapped[datetime | None]
    name_sealed: Mapped[bytes | None] = sealed_column()
    email_sealed: Mapped[bytes | None] = sealed_column()
    customer_number_sealed: Mapped[bytes | None] = sealed_column()
    details_sealed: Mapped[bytes | None] = sealed_column()
    name = Encrypted()
    email = Encrypted()
    customer_number = Encrypted()
    details = Encrypted()

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id


class Identifier(Base):
    """What the person is found by besides the address, once it is proved that it is theirs.

    `kind` is one of domain.identifiers, or SYSTEM.TABLE for the rows chosen there. `proof` is "lookup" where a system
    has it in a row of the confirmed address, "handler" where somebody checked it.
    """

    __tablename__ = "identifier"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(160), primary_key=True)
    proof: Mapped[str] = mapped_column(String(16))
    proved_at: Mapped[datetime]
    proved_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    value_sealed: Mapped[bytes | None] = sealed_column()
    value = Encrypted()

    @property
    def sealed_for(self) -> str:
        """The case and the kind: a value opens under no other."""
        return f"{self.case_id}:{self.kind}"


class ClockEvent(Base):
    """A suspension, an extension or the sending of the answer: what moves the clock (GDPR art. 12(3))."""

    __tablename__ = "clock_event"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    reason_sealed: Mapped[bytes | None] = sealed_column()
    reason = Encrypted()

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id
