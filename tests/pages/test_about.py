"""About: what is active, in the person's language."""

from collections.abc import Callable

from tests.pages.visit import Visit
from vov_core.models import manifest


def test_the_models_are_listed_in_the_person_s_language(visit: Callable[..., Visit]) -> None:
    tab = visit("about")
    table = tab.at.dataframe[-1].value
    assert list(table[tab.t("about.model_version")]) == [entry.version for entry in manifest()]
    origins = list(table[tab.t("about.model_origin")])
    assert tab.t("about.origin_own") in origins
    assert not any("see weights" in origin for origin in origins)
