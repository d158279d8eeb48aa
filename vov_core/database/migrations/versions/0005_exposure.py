"""How readable the finger tips of a photo were before they were covered: three counts.

Each step may be repeated: MariaDB can't take back half a migration after a crash.
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LEVELS = ("readable", "partly", "unreadable")


def upgrade() -> None:
    # NULL in a photo: nobody measured. A day's sum starts at what was measured then: nothing.
    _add("photos", lambda name: sa.Column(name, sa.Integer(), nullable=True))
    _add(
        "usage_days",
        lambda name: sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"),
    )


def downgrade() -> None:
    for table in ("usage_days", "photos"):
        there = _columns(table)
        for name in _LEVELS:
            if name in there:
                op.drop_column(table, name)


def _add(table: str, column: Callable[[str], sa.Column[int]]) -> None:
    there = _columns(table)
    for name in _LEVELS:
        if name not in there:
            op.add_column(table, column(name))


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
