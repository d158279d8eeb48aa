"""What to call the groups of the usage figures."""

from collections.abc import Sequence

from pages._shared.session import number, t
from vov_core.history import OTHERS, Group


def style_name(name: str) -> str:
    """A mask style, or the small ones together."""
    return t("history.others") if name == OTHERS else t(f"styles.{name}")


def field_name(name: str) -> str:
    """A field of work, or those that are not shown by themselves."""
    return t("history.others") if name == OTHERS else t(f"fields.{name}")


def count_of(name: str, groups: Sequence[Group]) -> str:
    """The photos of a group as a figure; a dash where small groups were put together."""
    if any(group.name == OTHERS for group in groups):
        return "–"
    return number(sum(group.totals.photos for group in groups if group.name == name))
