"""People with an account, where they are signed in, and how often something was tried.

Each step may be repeated: MariaDB can't take back half a migration after a crash.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
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
_INDEXES = (
    ("accounts", "login", True),
    ("accounts", "email", False),
    ("accounts", "confirmed_email", True),
    ("sign_ins", "account_id", False),
    ("sign_ins", "expires_at", False),
    ("one_time_links", "account_id", False),
    ("one_time_links", "expires_at", False),
    ("social_identities", "account_id", False),
    ("tries", "expires_at", False),
)


def _create(name: str, *columns: sa.Column[object], key: str) -> None:
    op.create_table(
        name,
        *columns,
        sa.PrimaryKeyConstraint(key, name=f"pk_{name}"),
        if_not_exists=True,
        **_MARIADB,
    )


def upgrade() -> None:
    _create(
        "accounts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("login", sa.String(32), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("confirmed_email", sa.String(254), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("field_of_work", sa.String(32), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=True),
        sa.Column("owner_token", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        key="id",
    )
    _create(
        "sign_ins",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("browser", sa.String(80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        key="token_hash",
    )
    _create(
        "one_time_links",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        key="token_hash",
    )
    _create(
        "social_identities",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        key="key",
    )
    _create(
        "tries",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=True),
        key="key",
    )
    for table, column, unique in _INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column], unique=unique, if_not_exists=True)


def downgrade() -> None:
    for table in ("tries", "social_identities", "one_time_links", "sign_ins", "accounts"):
        op.drop_table(table, if_exists=True)
