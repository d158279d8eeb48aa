"""Consents, the audit trail, jobs, and usage rolled up per day (the single saves are dropped).

Each step may be repeated: MariaDB can't take back half a migration after a crash.
"""

import logging

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import OperationalError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MARIADB = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_bin",
}
_CHAINS = "0123456789abcdef"
_NOTHING = "0" * 64
_GROUP = ("owner_kind", "verdict", "style")
_WHOLE = ("hands", "regions_found", "fingerprints_covered", "left_out", "drawn", "bytes")
_MICROSECONDS_A_DAY = 24 * 3600 * 1_000_000

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UPDATE = "the audit trail is append-only"
_DELETE = "only purged entries of the audit trail may be deleted"
_FLOOR = "(SELECT floor_seq FROM audit_heads WHERE chain = OLD.chain)"
_TRIGGERS = {
    "sqlite": (
        f"CREATE TRIGGER IF NOT EXISTS audit_no_update BEFORE UPDATE ON audit "
        f"BEGIN SELECT RAISE(ABORT, '{_UPDATE}'); END",
        f"CREATE TRIGGER IF NOT EXISTS audit_no_delete BEFORE DELETE ON audit "
        f"WHEN OLD.seq > {_FLOOR} BEGIN SELECT RAISE(ABORT, '{_DELETE}'); END",
    ),
    "mysql": (
        f"CREATE OR REPLACE TRIGGER audit_no_update BEFORE UPDATE ON audit FOR EACH ROW "
        f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_UPDATE}'",
        f"CREATE OR REPLACE TRIGGER audit_no_delete BEFORE DELETE ON audit FOR EACH ROW "
        f"IF OLD.seq > {_FLOOR} THEN "
        f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_DELETE}'; END IF",
    ),
}
# MariaDB: no TRIGGER privilege, or a server with a binary log that trusts administrators only.
_REFUSED = {1142, 1227, 1419}


def upgrade() -> None:
    op.create_index(
        "ix_photos_state_owner_kind_created_at",
        "photos",
        ["state", "owner_kind", "created_at"],
        if_not_exists=True,
    )
    _create_usage()
    _roll_up()
    op.create_table(
        "consents",
        sa.Column("id", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("owner_kind", sa.String(8), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        if_not_exists=True,
        **_MARIADB,
    )
    op.create_index("ix_consents_owner", "consents", ["owner"], if_not_exists=True)
    _create_audit()
    jobs = op.create_table(
        "jobs",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(32), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("ran_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_jobs"),
        if_not_exists=True,
        **_MARIADB,
    )
    if _count(jobs) == 0:
        op.get_bind().execute(sa.insert(jobs).values(name="purge"))


def _create_usage() -> None:
    op.create_table(
        "usage_days",
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("owner_kind", sa.String(8), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("style", sa.String(32), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("photos", *_WHOLE)),
        sa.Column("ms_total", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("day", *_GROUP, name="pk_usage_days"),
        if_not_exists=True,
        sqlite_with_rowid=False,
        **_MARIADB,
    )
    op.create_table(
        "usage_fields",
        sa.Column("field_of_work", sa.String(64), nullable=False),
        sa.Column("photos", sa.BigInteger(), nullable=False),
        sa.Column("danger", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("field_of_work", name="pk_usage_fields"),
        if_not_exists=True,
        **_MARIADB,
    )
    op.create_table(
        "usage_people",
        sa.Column("field_of_work", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("field_of_work", "person", name="pk_usage_people"),
        if_not_exists=True,
        **_MARIADB,
    )
    op.create_index("ix_usage_people_person", "usage_people", ["person"], if_not_exists=True)


def _roll_up() -> None:
    """Adds up the single saves, unless an attempt that was cut off had done so, and drops them."""
    connection = op.get_bind()
    if not sa.inspect(connection).has_table("usage"):
        return
    days = sa.table("usage_days", sa.column("day"))
    if _count(days) == 0:
        sums = ", ".join(f"SUM({name})" for name in (*_WHOLE, "ms_total"))
        group = ", ".join(_GROUP)
        # The difference is a multiple, so the division is exact on both databases.
        day = f"(saved_at - saved_at % {_MICROSECONDS_A_DAY}) / {_MICROSECONDS_A_DAY}"
        connection.execute(
            sa.text(
                f"INSERT INTO usage_days (day, {group}, photos, {', '.join(_WHOLE)}, ms_total) "
                f"SELECT {day}, {group}, COUNT(*), {sums} FROM `usage` GROUP BY {day}, {group}"
            )
        )
    op.drop_table("usage")


def _create_audit() -> None:
    heads = op.create_table(
        "audit_heads",
        sa.Column("chain", sa.String(1), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("floor_seq", sa.BigInteger(), nullable=False),
        sa.Column("floor_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("chain", name="pk_audit_heads"),
        if_not_exists=True,
        **_MARIADB,
    )
    if _count(heads) == 0:
        start = {"seq": 0, "hash": _NOTHING, "floor_seq": 0, "floor_hash": _NOTHING}
        rows = [{"chain": chain, **start} for chain in _CHAINS]
        op.get_bind().execute(sa.insert(heads), rows)
    op.create_table(
        "audit",
        sa.Column("chain", sa.String(1), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("output_sha256", sa.String(64), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq", name="pk_audit"),
        if_not_exists=True,
        **_MARIADB,
    )
    op.create_index("ix_audit_owner", "audit", ["owner"], if_not_exists=True)
    dialect = "sqlite" if op.get_bind().dialect.name == "sqlite" else "mysql"
    for statement in _TRIGGERS[dialect]:
        try:
            op.execute(sa.text(statement))
        except OperationalError as error:
            code = error.orig.args[0] if error.orig is not None and error.orig.args else None
            if code not in _REFUSED:
                raise
            # The hash chain still shows what was altered; "audit verify" tells of the gap.
            logging.getLogger("vov_core").warning("no audit triggers: MariaDB error %s", code)


def _count(table: sa.FromClause) -> int:
    return op.get_bind().scalar(sa.select(sa.func.count()).select_from(table)) or 0


def downgrade() -> None:
    """The single saves are gone for good; their table comes back empty."""
    for table in (
        "jobs",
        "audit",
        "audit_heads",
        "consents",
        "usage_people",
        "usage_fields",
        "usage_days",
    ):
        op.drop_table(table, if_exists=True)
    op.drop_index("ix_photos_state_owner_kind_created_at", "photos", if_exists=True)
    op.create_table(
        "usage",
        sa.Column("id", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("owner_kind", sa.String(8), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("style", sa.String(32), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _WHOLE[:-1]),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("ms_total", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_usage"),
        if_not_exists=True,
        **_MARIADB,
    )
    op.create_index(
        "ix_usage_history",
        "usage",
        ["saved_at", "verdict", "style", "mode", "fingerprints_covered", "bytes"],
        if_not_exists=True,
    )
