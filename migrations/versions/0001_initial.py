"""Initial tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=48), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_case_id"), ["case_id"], unique=False)

    op.create_table(
        "code_attempt",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_code_attempt")),
    )
    op.create_table(
        "draft",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_draft")),
    )
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draft_saved_at"), ["saved_at"], unique=False)

    op.create_table(
        "heartbeat",
        sa.Column("job", sa.String(length=32), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "mailbox_code",
        sa.Column("mailbox", sa.LargeBinary(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", name=op.f("pk_mailbox_code")),
    )
    with op.batch_alter_table("mailbox_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mailbox_code_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "mailbox_session",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mailbox", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_mailbox_session")),
    )
    with op.batch_alter_table("mailbox_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mailbox_session_ends_at"), ["ends_at"], unique=False)

    op.create_table(
        "staff_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("email_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("link_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("link_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_member")),
        sa.UniqueConstraint("email_index", name=op.f("uq_staff_member_email_index")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_staff_member_link_digest")),
    )
    op.create_table(
        "suppression",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_suppression")),
    )
    op.create_table(
        "dsr_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("next_legal_on", sa.Date(), nullable=False),
        sa.Column("handler_id", sa.Uuid(), nullable=True),
        sa.Column("register_digest", sa.String(length=64), nullable=False),
        sa.Column("status_token_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("receipt_code_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("submission_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["handler_id"], ["staff_member.id"], name=op.f("fk_dsr_case_handler_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dsr_case")),
        sa.UniqueConstraint("reference", name=op.f("uq_dsr_case_reference")),
        sa.UniqueConstraint("status_token_digest", name=op.f("uq_dsr_case_status_token_digest")),
        sa.UniqueConstraint("submission_digest", name=op.f("uq_dsr_case_submission_digest")),
    )
    with op.batch_alter_table("dsr_case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dsr_case_answered_at"), ["answered_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_dsr_case_handler_id_status_next_legal_on_id"),
            ["handler_id", "status", "next_legal_on", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_dsr_case_status_next_legal_on_id"), ["status", "next_legal_on", "id"], unique=False
        )

    op.create_table(
        "staff_session",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("staff_member_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_member_id"], ["staff_member.id"], name=op.f("fk_staff_session_staff_member_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_staff_session")),
    )
    with op.batch_alter_table("staff_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_session_staff_member_id"), ["staff_member_id"], unique=False)

    op.create_table(
        "access_copy",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("file", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("page_at", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("kept_missing", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("viewed_by_id", sa.Uuid(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by_id", sa.Uuid(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("downloads", sa.Integer(), nullable=False),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_access_copy_case_id_dsr_case")),
        sa.ForeignKeyConstraint(
            ["released_by_id"], ["staff_member.id"], name=op.f("fk_access_copy_released_by_id_staff_member")
        ),
        sa.ForeignKeyConstraint(
            ["viewed_by_id"], ["staff_member.id"], name=op.f("fk_access_copy_viewed_by_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_access_copy")),
    )
    op.create_table(
        "case_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("right", sa.String(length=24), nullable=False),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.Column("outstanding", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("register_digest", sa.String(length=64), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("decisions_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("rows_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by_id", sa.Uuid(), nullable=True),
        sa.Column("executed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["staff_member.id"], name=op.f("fk_case_plan_approved_by_id_staff_member")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_case_plan_case_id_dsr_case")),
        sa.ForeignKeyConstraint(["follows_id"], ["case_plan.id"], name=op.f("fk_case_plan_follows_id_case_plan")),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff_member.id"], name=op.f("fk_case_plan_made_by_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_plan")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_case_plan_case_id_number")),
    )
    with op.batch_alter_table("case_plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_plan_state"), ["state"], unique=False)

    op.create_table(
        "clock_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_clock_event_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_event")),
    )
    with op.batch_alter_table("clock_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clock_event_case_id"), ["case_id"], unique=False)

    op.create_table(
        "data_subject",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("email_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("email_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("email_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("customer_number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("details_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_data_subject_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_data_subject")),
    )
    with op.batch_alter_table("data_subject", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_data_subject_email_index"), ["email_index"], unique=False)

    op.create_table(
        "email_code",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_email_code_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_email_code")),
    )
    op.create_table(
        "erased_rows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("table", sa.String(length=128), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("columns_kept", sa.JSON(), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("purge_on", sa.Date(), nullable=False),
        sa.Column("rows_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_erased_rows_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erased_rows")),
    )
    with op.batch_alter_table("erased_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_erased_rows_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_erased_rows_purge_on"), ["purge_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_erased_rows_system_erased_at"), ["system", "erased_at"], unique=False)

    op.create_table(
        "given_up",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_up_by_id", sa.Uuid(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_given_up_case_id_dsr_case")),
        sa.ForeignKeyConstraint(
            ["given_up_by_id"], ["staff_member.id"], name=op.f("fk_given_up_given_up_by_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("case_id", "system", name=op.f("pk_given_up")),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=True),
        sa.Column("ground", sa.String(length=16), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by_id", sa.Uuid(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_id", sa.Uuid(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("lift_reason_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_hold_case_id_dsr_case")),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["staff_member.id"], name=op.f("fk_hold_lifted_by_id_staff_member")),
        sa.ForeignKeyConstraint(["placed_by_id"], ["staff_member.id"], name=op.f("fk_hold_placed_by_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hold_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_hold_lifted_at_review_on"), ["lifted_at", "review_on"], unique=False)

    op.create_table(
        "identifier",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=160), nullable=False),
        sa.Column("proof", sa.String(length=16), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_by_id", sa.Uuid(), nullable=True),
        sa.Column("value_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_identifier_case_id_dsr_case")),
        sa.ForeignKeyConstraint(
            ["proved_by_id"], ["staff_member.id"], name=op.f("fk_identifier_proved_by_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("case_id", "kind", name=op.f("pk_identifier")),
    )
    op.create_table(
        "identity_check",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_by_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_identity_check_case_id_dsr_case")),
        sa.ForeignKeyConstraint(
            ["checked_by_id"], ["staff_member.id"], name=op.f("fk_identity_check_checked_by_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_identity_check")),
    )
    op.create_table(
        "later_notice",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("email_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_later_notice_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_later_notice")),
    )
    op.create_table(
        "ledger_identifier",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_ledger_identifier_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("digest", "case_id", name=op.f("pk_ledger_identifier")),
    )
    op.create_table(
        "letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("html_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_by_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_letter_case_id_dsr_case")),
        sa.ForeignKeyConstraint(["sent_by_id"], ["staff_member.id"], name=op.f("fk_letter_sent_by_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("case_id", "kind", name=op.f("uq_letter_case_id_kind")),
    )
    op.create_table(
        "lookup",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("identifier", sa.String(length=32), nullable=False),
        sa.Column("is_known", sa.Boolean(), nullable=False),
        sa.Column("looked_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_lookup_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lookup")),
        sa.UniqueConstraint("case_id", "system", "identifier", name=op.f("uq_lookup_case_id_system_identifier")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=True),
        sa.Column("message_id", sa.String(length=320), nullable=True),
        sa.Column("recipient_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("recipient_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("facts_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("message_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_notice_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("key", name=op.f("uq_notice_key")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_case_id_made_at"), ["case_id", "made_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_notice_recipient_index_next_try_at"), ["recipient_index", "next_try_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_notice_state_next_try_at"), ["state", "next_try_at"], unique=False)

    op.create_table(
        "notification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("right", sa.String(length=24), nullable=False),
        sa.Column("about", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("waiver", sa.String(length=16), nullable=True),
        sa.Column("link_number", sa.Integer(), nullable=False),
        sa.Column("link_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("link_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changes_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("why_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("remark_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_notification_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_notification_link_digest")),
        sa.UniqueConstraint("source_id", "recipient", name=op.f("uq_notification_source_id_recipient")),
    )
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notification_case_id"), ["case_id"], unique=False)

    op.create_table(
        "reminder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_reminder_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("case_id", "kind", "on", name=op.f("uq_reminder_case_id_kind_on")),
    )
    op.create_table(
        "requested_right",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("right", sa.String(length=24), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_requested_right_case_id_dsr_case")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff_member.id"], name=op.f("fk_requested_right_decided_by_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requested_right")),
        sa.UniqueConstraint("case_id", "right", name=op.f("uq_requested_right_case_id_right")),
    )
    op.create_table(
        "restriction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("ground", sa.String(length=8), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.Column("notice_key", sa.String(length=96), nullable=True),
        sa.Column("lift_on", sa.Date(), nullable=True),
        sa.Column("lift_reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["staff_member.id"], name=op.f("fk_restriction_by_id_staff_member")),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_restriction_case_id_dsr_case")),
        sa.ForeignKeyConstraint(
            ["lifted_by_id"], ["staff_member.id"], name=op.f("fk_restriction_lifted_by_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restriction")),
    )
    with op.batch_alter_table("restriction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_restriction_case_id"), ["case_id"], unique=False)

    op.create_table(
        "search",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("searched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("systems", sa.JSON(), nullable=False),
        sa.Column("persons_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_search_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search")),
    )
    with op.batch_alter_table("search", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_search_case_id"), ["case_id"], unique=False)

    op.create_table(
        "statement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("email_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_statement_case_id_dsr_case")),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff_member.id"], name=op.f("fk_statement_made_by_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
    )
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_statement_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_email_index"), ["email_index"], unique=False)

    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_left", sa.Boolean(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_task_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("key", name=op.f("uq_task_key")),
    )
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_task_case_id"), ["case_id"], unique=False)

    op.create_table(
        "weighing",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("weighed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("weighed_by_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_weighing_case_id_dsr_case")),
        sa.ForeignKeyConstraint(
            ["weighed_by_id"], ["staff_member.id"], name=op.f("fk_weighing_weighed_by_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_weighing")),
    )
    op.create_table(
        "work",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("error", sa.String(length=400), nullable=True),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff_member.id"], name=op.f("fk_work_asked_by_id_staff_member")),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_work_case_id_dsr_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work")),
        sa.UniqueConstraint("case_id", "kind", name=op.f("uq_work_case_id_kind")),
    )
    with op.batch_alter_table("work", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_work_state_next_try_at"), ["state", "next_try_at"], unique=False)

    op.create_table(
        "errand",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("owner_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("link_number", sa.Integer(), nullable=False),
        sa.Column("link_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("link_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("done_in", sa.JSON(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=36), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("evidence_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_errand_case_id_dsr_case")),
        sa.ForeignKeyConstraint(["plan_id"], ["case_plan.id"], name=op.f("fk_errand_plan_id_case_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errand")),
        sa.UniqueConstraint("key", name=op.f("uq_errand_key")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_errand_link_digest")),
    )
    with op.batch_alter_table("errand", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_errand_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_errand_owner_index"), ["owner_index"], unique=False)
        batch_op.create_index(batch_op.f("ix_errand_state_due_on"), ["state", "due_on"], unique=False)

    op.create_table(
        "execution",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_observed", sa.Boolean(), nullable=False),
        sa.Column("is_given_up", sa.Boolean(), nullable=False),
        sa.Column("erased", sa.JSON(), nullable=False),
        sa.Column("changed", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["case_plan.id"], name=op.f("fk_execution_plan_id_case_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_execution")),
        sa.UniqueConstraint("plan_id", "system", name=op.f("uq_execution_plan_id_system")),
    )
    op.create_table(
        "hold_identifier",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk_hold_identifier_hold_id_hold")),
        sa.PrimaryKeyConstraint("digest", "hold_id", name=op.f("pk_hold_identifier")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("table", sa.String(length=128), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=True),
        sa.Column("law", sa.String(length=160), nullable=True),
        sa.Column("keep_through", sa.Date(), nullable=True),
        sa.Column("may_erase_from", sa.Date(), nullable=True),
        sa.Column("why", sa.String(length=64), nullable=True),
        sa.Column("dated_with", sa.String(length=64), nullable=True),
        sa.Column("look_on", sa.Date(), nullable=True),
        sa.Column("columns_kept", sa.JSON(), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("rows_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_ledger_entry_case_id_dsr_case")),
        sa.ForeignKeyConstraint(["plan_id"], ["case_plan.id"], name=op.f("fk_ledger_entry_plan_id_case_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
    )
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_entry_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_entry_state_dated_with"), ["state", "dated_with"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_ledger_entry_state_may_erase_from"), ["state", "may_erase_from"], unique=False
        )

    op.create_table(
        "marking",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("restriction_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unmarked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_marking_case_id_dsr_case")),
        sa.ForeignKeyConstraint(
            ["restriction_id"], ["restriction.id"], name=op.f("fk_marking_restriction_id_restriction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marking")),
        sa.UniqueConstraint("restriction_id", "system", name=op.f("uq_marking_restriction_id_system")),
    )
    op.create_table(
        "restriction_identifier",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("restriction_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["restriction_id"], ["restriction.id"], name=op.f("fk_restriction_identifier_restriction_id_restriction")
        ),
        sa.PrimaryKeyConstraint("digest", "restriction_id", name=op.f("pk_restriction_identifier")),
    )
    op.create_table(
        "errand_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("errand_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("description_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("dates_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_errand_item_case_id_dsr_case")),
        sa.ForeignKeyConstraint(["errand_id"], ["errand.id"], name=op.f("fk_errand_item_errand_id_errand")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errand_item")),
        sa.UniqueConstraint("case_id", "system", "number", name=op.f("uq_errand_item_case_id_system_number")),
    )
    with op.batch_alter_table("errand_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_errand_item_errand_id"), ["errand_id"], unique=False)

    op.create_table(
        "errand_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("errand_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("file", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["dsr_case.id"], name=op.f("fk_errand_file_case_id_dsr_case")),
        sa.ForeignKeyConstraint(["errand_id"], ["errand.id"], name=op.f("fk_errand_file_errand_id_errand")),
        sa.ForeignKeyConstraint(["item_id"], ["errand_item.id"], name=op.f("fk_errand_file_item_id_errand_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errand_file")),
    )
    with op.batch_alter_table("errand_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_errand_file_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_errand_file_errand_id"), ["errand_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_errand_file_item_id"), ["item_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("errand_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_errand_file_item_id"))
        batch_op.drop_index(batch_op.f("ix_errand_file_errand_id"))
        batch_op.drop_index(batch_op.f("ix_errand_file_case_id"))

    op.drop_table("errand_file")
    with op.batch_alter_table("errand_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_errand_item_errand_id"))

    op.drop_table("errand_item")
    op.drop_table("restriction_identifier")
    op.drop_table("marking")
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_entry_state_may_erase_from"))
        batch_op.drop_index(batch_op.f("ix_ledger_entry_state_dated_with"))
        batch_op.drop_index(batch_op.f("ix_ledger_entry_case_id"))

    op.drop_table("ledger_entry")
    op.drop_table("hold_identifier")
    op.drop_table("execution")
    with op.batch_alter_table("errand", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_errand_state_due_on"))
        batch_op.drop_index(batch_op.f("ix_errand_owner_index"))
        batch_op.drop_index(batch_op.f("ix_errand_case_id"))

    op.drop_table("errand")
    with op.batch_alter_table("work", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_work_state_next_try_at"))

    op.drop_table("work")
    op.drop_table("weighing")
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_task_case_id"))

    op.drop_table("task")
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_statement_email_index"))
        batch_op.drop_index(batch_op.f("ix_statement_case_id"))

    op.drop_table("statement")
    with op.batch_alter_table("search", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_search_case_id"))

    op.drop_table("search")
    with op.batch_alter_table("restriction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_restriction_case_id"))

    op.drop_table("restriction")
    op.drop_table("requested_right")
    op.drop_table("reminder")
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notification_case_id"))

    op.drop_table("notification")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notice_state_next_try_at"))
        batch_op.drop_index(batch_op.f("ix_notice_recipient_index_next_try_at"))
        batch_op.drop_index(batch_op.f("ix_notice_case_id_made_at"))

    op.drop_table("notice")
    op.drop_table("lookup")
    op.drop_table("letter")
    op.drop_table("ledger_identifier")
    op.drop_table("later_notice")
    op.drop_table("identity_check")
    op.drop_table("identifier")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hold_lifted_at_review_on"))
        batch_op.drop_index(batch_op.f("ix_hold_case_id"))

    op.drop_table("hold")
    op.drop_table("given_up")
    with op.batch_alter_table("erased_rows", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_erased_rows_system_erased_at"))
        batch_op.drop_index(batch_op.f("ix_erased_rows_purge_on"))
        batch_op.drop_index(batch_op.f("ix_erased_rows_case_id"))

    op.drop_table("erased_rows")
    op.drop_table("email_code")
    with op.batch_alter_table("data_subject", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_data_subject_email_index"))

    op.drop_table("data_subject")
    with op.batch_alter_table("clock_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_clock_event_case_id"))

    op.drop_table("clock_event")
    with op.batch_alter_table("case_plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_plan_state"))

    op.drop_table("case_plan")
    op.drop_table("access_copy")
    with op.batch_alter_table("staff_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_session_staff_member_id"))

    op.drop_table("staff_session")
    with op.batch_alter_table("dsr_case", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dsr_case_status_next_legal_on_id"))
        batch_op.drop_index(batch_op.f("ix_dsr_case_handler_id_status_next_legal_on_id"))
        batch_op.drop_index(batch_op.f("ix_dsr_case_answered_at"))

    op.drop_table("dsr_case")
    op.drop_table("suppression")
    op.drop_table("staff_member")
    with op.batch_alter_table("mailbox_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailbox_session_ends_at"))

    op.drop_table("mailbox_session")
    with op.batch_alter_table("mailbox_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailbox_code_expires_at"))

    op.drop_table("mailbox_code")
    op.drop_table("heartbeat")
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_draft_saved_at"))

    op.drop_table("draft")
    op.drop_table("code_attempt")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_case_id"))

    op.drop_table("audit_entry")
