"""Saved photos, the numbers that outlive them, and the archive's identity.

Each step may be repeated: MariaDB can't take back half a migration after a crash.
"""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
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


def upgrade() -> None:
    identity = op.create_table(
        "identity",
        sa.Column("archive_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("archive_id", name="pk_identity"),
        if_not_exists=True,
        **_MARIADB,
    )
    connection = op.get_bind()
    if connection.scalar(sa.select(sa.func.count()).select_from(identity)) == 0:
        connection.execute(sa.insert(identity).values(archive_id=uuid.uuid4().hex))

    op.create_table(
        "photos",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("owner_kind", sa.String(8), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("attempt", sa.String(8), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=False),
        sa.Column("output_sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(8), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("style", sa.String(32), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("coverage", sa.Double(), nullable=False),
        sa.Column("strength", sa.Double(), nullable=False),
        sa.Column("softness", sa.Double(), nullable=False),
        sa.Column("hands", sa.Integer(), nullable=False),
        sa.Column("regions_found", sa.Integer(), nullable=False),
        sa.Column("fingerprints_covered", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("app_version", sa.String(32), nullable=False),
        sa.Column("ms_total", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_photos"),
        if_not_exists=True,
        **_MARIADB,
    )
    for name, columns in (
        ("ix_photos_owner_state_created_at", ["owner", "state", "created_at"]),
        ("ix_photos_state_created_at", ["state", "created_at"]),
    ):
        op.create_index(name, "photos", columns, if_not_exists=True)

    op.create_table(
        "usage",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=True,
        ),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("owner_kind", sa.String(8), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("style", sa.String(32), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("hands", sa.Integer(), nullable=False),
        sa.Column("regions_found", sa.Integer(), nullable=False),
        sa.Column("fingerprints_covered", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
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


def downgrade() -> None:
    op.drop_table("usage", if_exists=True)
    op.drop_table("photos", if_exists=True)
    op.drop_table("identity", if_exists=True)
