"""Who reads mail at an address: the code that is out for it, and the session of who typed that."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from dsr.db.base import Base


class MailboxCode(Base):
    """The code of six digits that was mailed to an address; a new one replaces it."""

    __tablename__ = "mailbox_code"

    mailbox: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)


class MailboxSession(Base):
    """That somebody typed the code of an address; the browser holds the token."""

    __tablename__ = "mailbox_session"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    mailbox: Mapped[bytes] = mapped_column(LargeBinary(32))
    ends_at: Mapped[datetime] = mapped_column(index=True)
