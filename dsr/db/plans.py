"""The plan that two people agree on, its execution per system, and the ledger of what was kept."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dsr.db.base import Base, Encrypted, new_id, sealed_column
from dsr.domain.rights import Right


class Search(Base):
    """A search for a case: rows per category, with counts. The rows themselves stay where they are."""

    __tablename__ = "search"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), index=True)
    searched_at: Mapped[datetime]
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """One object per table: system, table, category, rows, and of those soft_deleted."""
    systems: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON, default=dict)
    """System -> state (found, waits, down, refused, given-up) and, where it has none, the error in words."""
    persons_sealed: Mapped[bytes | None] = sealed_column()
    persons = Encrypted()
    """Where several people answered: as JSON, SYSTEM.TABLE -> the key and some columns of each, for a handler."""

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id

    @property
    def states(self) -> dict[str, str]:
        """System -> state."""
        return {system: told["state"] for system, told in self.systems.items()}

    @property
    def missing(self) -> list[str]:
        """The systems that have not answered yet."""
        return [system for system, state in self.states.items() if state not in ("found", "given-up")]


class GivenUp(Base):
    """A database that will not answer for a case any more, as a handler said, and why: that is told in the letter."""

    __tablename__ = "given_up"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), primary_key=True)
    system: Mapped[str] = mapped_column(String(64), primary_key=True)
    given_up_at: Mapped[datetime]
    given_up_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff_member.id"))
    reason_sealed: Mapped[bytes | None] = sealed_column()
    reason = Encrypted()

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id


class CasePlan(Base):
    """A plan and the two people behind it. The rows are sealed as one document, bound by `digest`."""

    __tablename__ = "case_plan"
    __table_args__ = (UniqueConstraint("case_id", "number"), Index(None, "state"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"))
    number: Mapped[int]
    right: Mapped[str] = mapped_column(String(24), default=Right.ERASURE.value)
    """The right that it carries out."""
    follows_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_plan.id"))
    """The plan of which this one decides on systems that had not answered."""
    outstanding: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The systems that had not answered when it was drawn up."""
    state: Mapped[str] = mapped_column(String(16))
    """asked, open (rows laid out), proposed, approved, executed, void, returned or dropped"""
    digest: Mapped[str] = mapped_column(String(64))
    register_digest: Mapped[str] = mapped_column(String(64))
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    decisions_sealed: Mapped[bytes | None] = sealed_column()
    rows_sealed: Mapped[bytes | None] = sealed_column()
    note_sealed: Mapped[bytes | None] = sealed_column()
    made_at: Mapped[datetime]
    made_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff_member.id"))
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    executed_at: Mapped[datetime | None]
    decisions = Encrypted()
    rows = Encrypted()
    note = Encrypted()
    """Why it was returned or voided, in words."""

    executions: Mapped[list[Execution]] = relationship(order_by="Execution.system")

    @property
    def systems_done(self) -> set[str]:
        """The systems with a receipt of what was done there, also of a plan that was voided halfway."""
        return {each.system for each in self.executions if each.state == "done" and not each.is_lost}

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id


class Execution(Base):
    """The attempt on one system, and its receipt."""

    __tablename__ = "execution"
    __table_args__ = (UniqueConstraint("plan_id", "system"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_plan.id"))
    system: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    """started or done"""
    attempts: Mapped[int] = mapped_column(default=1)
    started_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    is_observed: Mapped[bool] = mapped_column(default=True)
    """False where the commit was found done after a crash; of what was given up, where nobody saw whether it was."""
    is_given_up: Mapped[bool] = mapped_column(default=False)
    """True where a handler gave up waiting for the system or its owner: nothing is known to have been done."""
    erased: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """Rows per table."""
    changed: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """Rows per table of which a part went."""

    @property
    def is_lost(self) -> bool:
        """Whether it was begun in a database that a handler gave up: nobody saw how it ended."""
        return self.is_given_up and not self.is_observed


class LedgerEntry(Base):
    """Rows of one table that a law keeps until one day. The keys and fingerprints are sealed; no contact data."""

    __tablename__ = "ledger_entry"
    __table_args__ = (Index(None, "state", "may_erase_from"), Index(None, "state", "dated_with"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), index=True)
    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_plan.id"))
    system: Mapped[str] = mapped_column(String(64))
    category: Mapped[str] = mapped_column(String(64))
    table: Mapped[str] = mapped_column(String(128))
    verdict: Mapped[str] = mapped_column(String(16))
    rule: Mapped[str | None] = mapped_column(String(32))
    law: Mapped[str | None] = mapped_column(String(160))
    keep_through: Mapped[date | None]
    may_erase_from: Mapped[date | None]
    """None: it has no day yet, and is looked at again from `look_on`"""
    why: Mapped[str | None] = mapped_column(String(64))
    """Why it stays where no rule says so: a hold, a date that is missing, the table of the rows that need it"""
    dated_with: Mapped[str | None] = mapped_column(String(64))
    """The digest of the rules that gave the dates"""
    look_on: Mapped[date | None]
    columns_kept: Mapped[list[str] | None] = mapped_column(JSON)
    row_count: Mapped[int]
    rows_sealed: Mapped[bytes | None] = sealed_column()
    rows = Encrypted()
    state: Mapped[str] = mapped_column(String(16), default="kept")
    """kept, erased, or task where somebody has to look"""
    erased_at: Mapped[datetime | None]

    @property
    def sealed_for(self) -> uuid.UUID:
        return self.case_id


class LedgerIdentifier(Base):
    """Keyed digests of the identifiers of a person of whom something is kept: a later request finds the ledger."""

    __tablename__ = "ledger_identifier"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dsr_case.id"), primary_key=True)


class Suppression(Base):
    """An address that gets no advertising any more (art. 21(3)): the digest is all that is needed to honour it."""

    __tablename__ = "suppression"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    since: Mapped[datetime]
