"""The shop with a column that marks what may only be stored, and a register that says what rests on what."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from dsr.config import Settings
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.db.staff import StaffMember
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from tests.parts import cast
from tests.parts.registers import load_register
from tests.parts.shop import REGISTER, Shop, Workplace


def _marked(register: str) -> str:
    """Tickets may be objected to, and are marked, as invoices are; the newsletter is advertising by consent."""
    mark = 'restricted = { column = "blocked" }'
    before, ticket = register.split("[categories.ticket]")
    ticket = ticket.replace('legal_basis = "contract"', 'legal_basis = "legitimate-interest"', 1)
    ticket = ticket.replace('legal_basis = "consent"', 'legal_basis = "consent"\nmarketing = true')
    ticket = ticket.replace("[tables.shop.ticket]", f'[tables.shop.ticket]\nknown_triggers = ["seen"]\n{mark}')
    ticket = ticket.replace("[tables.shop.invoice]", f"[tables.shop.invoice]\n{mark}")
    return f"{before}[categories.ticket]{ticket}"


MARKED_REGISTER = _marked(REGISTER)


def add_mark(shop: Shop) -> None:
    """The column that marks a ticket, and that of an invoice."""
    shop.run("ALTER TABLE ticket ADD blocked INTEGER DEFAULT 0 NOT NULL")
    shop.run("ALTER TABLE invoice ADD blocked INTEGER DEFAULT 0 NOT NULL")


def with_marks(shop: Shop, settings: Settings) -> Settings:
    """The settings of a shop that marks what may only be stored."""
    add_mark(shop)
    file = settings.base / "register.toml"
    file.write_text(MARKED_REGISTER)
    return replace(settings, register=load_register(file))


def marks(shop: Shop) -> dict[int, int]:
    """Ticket -> its mark."""
    return {row["id"]: row["blocked"] for row in shop.rows("ticket")}


def case_of_hanna(workplace: Workplace, right: Right, *, is_confirmed: bool = True) -> Case:
    """One more case of Hanna, handled by nobody in particular."""
    with workplace.transaction() as session:
        case = cast.add_case(session, right, status=Status.HANDLING)
        case.data_subject.email_index = keys().digest("email", "hanna@example.org")
        if is_confirmed:
            cast.confirm(session, case, session.scalars(select(StaffMember)).first() or cast.add_member(session))
        return case
