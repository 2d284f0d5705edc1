"""What may only be stored is marked in a real database, and gets back what it held, on every engine."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from dsr.config import Settings
from dsr.db.cases import Case
from dsr.db.notices import Notice, Task
from dsr.db.plans import Suppression
from dsr.db.restrictions import Marking, Restriction
from dsr.domain.calendars import local_date
from dsr.domain.register import Register
from dsr.domain.restriction import Ground, Weighed
from dsr.domain.rights import Outcome, Right
from dsr.jobs import erasing, restricting, work
from dsr.services import audit, casework, giving_up, objection, plans, restriction
from dsr.services import work as work_steps
from tests.parts.dying import ends_well, killed_at
from tests.parts.erasures import approve
from tests.parts.restrictions import case_of_hanna, marks, with_marks
from tests.parts.shop import Shop, Workplace, identified_case

on_one_engine = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)


@pytest.fixture
def shop_settings(shop: Shop, shop_settings: Settings) -> Settings:
    return with_marks(shop, shop_settings)


def restricted_case(workplace: Workplace, *categories: str) -> tuple[Case, uuid.UUID]:
    case, handler, _ = identified_case(workplace, Right.RESTRICTION)
    restrict(workplace, case, handler.id, *categories)
    return case, handler.id


def restrict(workplace: Workplace, case: Case, by: uuid.UUID, *categories: str) -> None:
    register = workplace.context.settings.register
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        restriction.restrict(
            session, found, Ground.ACCURACY, categories, register=register, by=by, now=workplace.clock()
        )


def lift(workplace: Workplace, case: Case, by: uuid.UUID) -> None:
    settings, now = workplace.context.settings, workplace.clock()
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        held = restriction.in_force(session, case.id)[0]
        day = local_date(now) + timedelta(days=7)
        restriction.announce_lifting(session, found, held, "Het klopt nu.", day, by=by, settings=settings, now=now)
        session.execute(update(Notice).values(state="sent"))
    workplace.clock.now += timedelta(days=7)
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        restriction.lift(session, found, restriction.in_force(session, case.id)[0], by=by, now=workplace.clock())


def test_rows_are_marked_and_get_back_what_they_held(workplace: Workplace) -> None:
    workplace.shop.run("INSERT INTO ticket VALUES (5, 1, 'paid late', 2)")
    case, by = restricted_case(workplace, "ticket")
    work.run_all(workplace.context)
    assert marks(workplace.shop) == {1: 1, 2: 0, 5: 1}
    with workplace.transaction() as session:
        assert session.get_one(Case, case.id).rights[0].result is Outcome.FULFILLED
    lift(workplace, case, by)
    work.run_all(workplace.context)
    assert marks(workplace.shop) == {1: 0, 2: 0, 5: 2}
    with workplace.transaction() as session:
        assert audit.verify(session, Path("none")).faults == ()
        assert restriction.pending(session, session.get_one(Case, case.id)) == []


@on_one_engine
def test_a_trigger_that_may_reach_other_rows_holds_up_every_mark(workplace: Workplace) -> None:
    spread = "CREATE TRIGGER spread AFTER UPDATE ON ticket BEGIN UPDATE newsletter SET since = '1999-01-01'; END"
    workplace.shop.run(spread)
    before = workplace.shop.everything()
    case, by = restricted_case(workplace, "ticket")
    work.run_all(workplace.context)
    assert workplace.shop.everything() == before
    with workplace.transaction() as session:
        assert "shop.ticket: a trigger runs" in str(work_steps.of(session, case.id)["restrict"].error)
    workplace.shop.run("DROP TRIGGER spread")
    work.run_all(workplace.context)
    marked = workplace.shop.everything()
    workplace.shop.run(spread)
    lift(workplace, case, by)
    work.run_all(workplace.context)
    assert workplace.shop.everything() == marked


@on_one_engine
def test_what_was_marked_before_us_stays_marked_after_us(workplace: Workplace) -> None:
    workplace.shop.run("UPDATE ticket SET blocked = 1 WHERE id = 1")
    case, by = restricted_case(workplace, "ticket")
    work.run_all(workplace.context)
    lift(workplace, case, by)
    work.run_all(workplace.context)
    assert marks(workplace.shop)[1] == 1


@on_one_engine
def test_a_row_that_somebody_changed_meanwhile_is_left_alone(workplace: Workplace) -> None:
    case, by = restricted_case(workplace, "ticket")
    work.run_all(workplace.context)
    workplace.shop.run("UPDATE ticket SET blocked = 3 WHERE id = 1")
    lift(workplace, case, by)
    work.run_all(workplace.context)
    assert marks(workplace.shop)[1] == 3


@on_one_engine
def test_a_database_that_was_given_up_does_not_hold_up_a_restriction(workplace: Workplace) -> None:
    case, by = restricted_case(workplace, "ticket")
    settings, now = workplace.context.settings, workplace.clock()
    workplace.context.systems["shop"].close()
    Path(str(settings.systems["shop"].path)).rename(settings.base / "away.db")
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        assert (found.rights[0].result, giving_up.candidates(session, found, settings)) == (None, ["shop"])
        giving_up.give_up_system(session, found, "shop", "Die is er niet meer.", by=by, settings=settings, now=now)
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        assert found.rights[0].result is Outcome.PARTLY_FULFILLED
        assert restriction.systems_unmarked(session, found, settings.register) == []


@on_one_engine
def test_a_database_that_was_given_up_does_not_hold_up_the_lifting(workplace: Workplace) -> None:
    case, by = restricted_case(workplace, "ticket")
    work.run_all(workplace.context)
    lift(workplace, case, by)
    settings, now = workplace.context.settings, workplace.clock()
    workplace.context.systems["shop"].close()
    shop = Path(str(settings.systems["shop"].path))
    away = shop.rename(settings.base / "away.db")
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        assert giving_up.candidates(session, found, settings) == ["shop"]
        giving_up.give_up_system(session, found, "shop", "Die is er niet meer.", by=by, settings=settings, now=now)
    work.run_all(workplace.context)
    away.rename(shop)
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        assert (giving_up.candidates(session, found, settings), work_steps.of(session, case.id)["restrict"].state) == (
            [],
            "done",
        )
        giving_up.ask_again(session, found, "shop", by=by, now=now)
    assert marks(workplace.shop)[1] == 1
    work.run_all(workplace.context)
    assert marks(workplace.shop)[1] == 0


@on_one_engine
def test_a_category_without_a_column_is_restricted_in_our_own_ledger(workplace: Workplace) -> None:
    before = workplace.shop.everything()
    case, _ = restricted_case(workplace, "customer")
    work.run_all(workplace.context)
    assert workplace.shop.everything() == before
    lines = [["hanna@example.org"], ["Bram <bram@example.org>"]]
    with workplace.transaction() as session:
        assert list(restriction.may_be_used(session, lines)) == lines[1:]
        assert list(restriction.may_be_used(session, lines, "ticket")) == lines
        assert session.get_one(Case, case.id).rights[0].result is Outcome.FULFILLED


@on_one_engine
def test_what_another_case_still_restricts_does_not_go_free_for_a_moment(workplace: Workplace) -> None:
    workplace.shop.run("UPDATE ticket SET blocked = 2 WHERE id = 1")
    workplace.shop.run("CREATE TABLE freed (id INTEGER, mark INTEGER)")
    seen = "INSERT INTO freed VALUES (NEW.id, NEW.blocked)"
    workplace.shop.run(f"CREATE TRIGGER seen AFTER UPDATE ON ticket WHEN NEW.blocked <> 1 BEGIN {seen}; END")
    case, by = restricted_case(workplace, "ticket")
    work.run_all(workplace.context)
    second = case_of_hanna(workplace, Right.RESTRICTION)
    restrict(workplace, second, by, "ticket")
    work.run_all(workplace.context)
    lift(workplace, case, by)
    work.run_all(workplace.context)
    assert marks(workplace.shop)[1] == 1
    assert workplace.shop.rows("freed") == []
    lift(workplace, second, by)
    work.run_all(workplace.context)
    assert marks(workplace.shop)[1] == 2, "what was there before the first of them"


@on_one_engine
def test_a_mark_is_no_change_of_a_row_that_is_planned_or_kept(
    workplace: Workplace,
    approved: Case,
) -> None:
    by = approved.handler_id or uuid.uuid4()
    restrict(workplace, approved, by, "invoice", "ticket")
    with workplace.transaction() as session:
        found = restricting.begin(workplace.context, session, approved.id)
    restricting.restrict(workplace.context, approved.id, found)
    assert {row["blocked"] for row in workplace.shop.rows("invoice") if row["customer_id"] == 1} == {1}
    work.run_all(workplace.context)
    assert 1 not in marks(workplace.shop), "the approved plan stood"
    lift(workplace, approved, by)
    work.run_all(workplace.context)
    assert {row["blocked"] for row in workplace.shop.rows("invoice")} == {0}
    workplace.clock.set(date(2027, 1, 1))
    erasing.run_ledger(workplace.context)
    assert 119 not in [row["id"] for row in workplace.shop.rows("invoice")]
    with workplace.transaction() as session:
        assert session.scalars(select(Task.kind)).all() == []


@pytest.mark.parametrize("fault", ["rows-marked", "marks-committed"])
@on_one_engine
def test_killed_here_the_next_run_knows_what_was_there(workplace: Workplace, key_file: Path, fault: str) -> None:
    workplace.shop.run("UPDATE ticket SET blocked = 2 WHERE id = 1")
    case, by = restricted_case(workplace, "ticket")
    killed_at(workplace, key_file, fault)
    ends_well(workplace, key_file)
    assert marks(workplace.shop) == {1: 1, 2: 0}
    with workplace.transaction() as session:
        marking = session.scalars(select(Marking)).one()
        assert (marking.row_count, marking.marked_at is not None) == (1, True)
    lift(workplace, case, by)
    work.run_all(workplace.context)
    assert marks(workplace.shop) == {1: 2, 2: 0}


@on_one_engine
def test_killed_when_the_marks_were_gone_the_next_run_takes_none_away(workplace: Workplace, key_file: Path) -> None:
    case, by = restricted_case(workplace, "ticket")
    work.run_all(workplace.context)
    lift(workplace, case, by)
    killed_at(workplace, key_file, "marks-removed")
    workplace.shop.run("UPDATE ticket SET blocked = 5 WHERE id = 1")
    ends_well(workplace, key_file)
    assert marks(workplace.shop) == {1: 5, 2: 0}


@on_one_engine
def test_an_objection_stops_at_once_and_is_then_weighed(workplace: Workplace) -> None:
    case, handler, _ = identified_case(workplace, Right.OBJECTION)
    with workplace.transaction() as session:
        casework.stop_first(session, session.get_one(Case, case.id), by=handler.id, now=workplace.clock())
    work.run_all(workplace.context)
    assert marks(workplace.shop)[1] == 1
    with workplace.transaction() as session:
        (held,) = restriction.in_force(session, case.id)
        assert (held.why, held.categories, held.is_final) == (Ground.OBJECTION, ["ticket"], False)
        found = session.get_one(Case, case.id)
        with pytest.raises(restriction.NotLiftable):
            restriction.lift(session, found, held, by=handler.id, now=workplace.clock())
        with pytest.raises(casework.NotPossible):
            objection.weigh(session, found, Weighed.COMPELLING, " ", by=handler.id, now=workplace.clock())
        objection.weigh(session, found, Weighed.UPHELD, "", by=handler.id, now=workplace.clock())
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        assert found.rights[0].result is Outcome.FULFILLED
        assert restriction.in_force(session, case.id)[0].is_final
        decided = objection.first_decisions(session, found, workplace.context.settings.register)
        assert (decided["ticket"].ground, decided["customer"].ground) == ("c", "a")
        assert objection.first_decisions(session, found, Register({}, {})) == {}, "it may have left the register"
        with pytest.raises(casework.NotPossible):
            objection.weigh(session, found, Weighed.UPHELD, "", by=handler.id, now=workplace.clock())


def test_a_withdrawn_consent_stops_and_erases_what_rested_on_it_alone(workplace: Workplace) -> None:
    before = workplace.shop.everything()
    case, handler, approver = identified_case(workplace, Right.CONSENT_WITHDRAWAL)
    settings, now = workplace.context.settings, workplace.clock()
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        casework.stop_first(session, found, by=handler.id, now=now)
        objection.plan_erasure(session, found, register=settings.register, by=handler.id, now=now)
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        assert session.get(Suppression, session.get_one(Case, case.id).data_subject.email_index)
        assert session.scalars(select(Restriction)).one().categories == ["newsletter"]
        plan = plans.current(session, case.id)
        assert plan is not None
        assert {name: count for name, count in plan.counts.items() if count} == {"erase": 1}
    approve(workplace, case, plan, approver.id)
    work.run_all(workplace.context)
    after = workplace.shop.everything()
    assert [row["email"] for row in after.pop("newsletter")] == ["bram@example.org"]
    assert after == {table: rows for table, rows in before.items() if table != "newsletter"}
    with workplace.transaction() as session:
        assert session.get_one(Case, case.id).rights[0].result is Outcome.FULFILLED


@on_one_engine
def test_advertising_that_rests_on_consent_stops_before_the_identity_is_known(workplace: Workplace) -> None:
    case = case_of_hanna(workplace, Right.CONSENT_WITHDRAWAL, is_confirmed=False)
    with workplace.transaction() as session:
        casework.stop_first(session, session.get_one(Case, case.id), by=audit.DATA_SUBJECT, now=workplace.clock())
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        assert session.get(Suppression, session.get_one(Case, case.id).data_subject.email_index)
        assert restriction.in_force(session, case.id) == []
