"""What every place to keep photos must do, whatever it is made of.

``tests/`` runs these classes on a folder and SQLite, ``tests/services/`` on real servers.
"""

import pytest

pytest.register_assert_rewrite(
    "tests.suites.archive",
    "tests.suites.database",
    "tests.suites.history",
    "tests.suites.owners",
    "tests.suites.store",
    "tests.suites.trust",
)
