"""What the lab holds for one session: examined photos, the queue, presets, the settings."""

from dataclasses import dataclass, field

import streamlit as st

from vov_core.errors import PresetsUnreadableError
from vov_core.lab import Entry, Queue, Trial, from_plain, to_plain
from vov_core.masks import STYLES

PHOTOS = 60
"""How many photos the lab holds."""
UNPACKED_BYTES = 200 * 1024**2
VIEWS = ("grid", "multiples", "scores", "changes", "labels", "engines", "presets")
CONFIDENCES = (5, 10, 25, 40, 50, 60, 75, 90)
COVERAGES = (80, 100, 120, 140, 160, 200)
MULTIPLES = 4
"""So many rows, and so many columns, small multiples have at most."""
PERCENT = ("confidence", "merge", "coverage", "strength", "softness")
WORDS = ("mode", "style")


@dataclass
class LabState:
    """One session's lab."""

    entries: list[Entry] = field(default_factory=list)
    queue: Queue | None = None
    problems: list[str] = field(default_factory=list)
    presets: dict[str, Trial] = field(default_factory=dict)
    source: str = ""

    @property
    def detector(self) -> bool:
        """Whether a detector looked at the photos."""
        return any(entry.findings.detector for entry in self.entries)

    @property
    def labelled(self) -> list[Entry]:
        """The photos with labels."""
        return [entry for entry in self.entries if entry.shapes is not None]


def lab() -> LabState:
    """This session's lab. Made on first use, gone with the session."""
    if "lab" not in st.session_state:
        st.session_state.lab = LabState()
    state: LabState = st.session_state.lab
    return state


def put(trial: Trial) -> None:
    """Moves the sliders to a trial."""
    values = to_plain(trial)
    for name in PERCENT:
        st.session_state[f"lab_{name}"] = round(values[name] * 100)
    for name in WORDS:
        st.session_state[f"lab_{name}"] = values[name]


def prepare() -> None:
    """Once per session: the settings of the page's address, or the defaults."""
    if "lab_confidence" in st.session_state:
        return
    put(_from_address())
    view = st.query_params.get("view", "")
    st.session_state.lab_view = view if view in VIEWS else VIEWS[0]
    _prepare_multiples()


def rows_key(by_confidence: bool) -> str:
    """Of the widget that chooses the small multiples' rows."""
    return f"lab_rows_{by_confidence}"


def _prepare_multiples() -> None:
    """The small multiples of the page's address, or some that tell much."""
    given = st.query_params.to_dict()
    rows = {int(word) for word in given.get("rows", "").split(",") if word.isdecimal()}
    for steps, usual in ((CONFIDENCES, (10, 25, 50, 75)), (COVERAGES, (100, 140, 200))):
        chosen = [step for step in steps if step in rows] or list(usual)
        st.session_state[rows_key(steps is CONFIDENCES)] = chosen[:MULTIPLES]
    columns = [name for name in given.get("columns", "").split(",") if name in STYLES]
    usual_columns = ["skin_tone", "synthetic_print", "solid"]
    st.session_state.lab_columns = list(dict.fromkeys(columns))[:MULTIPLES] or usual_columns
    st.session_state.lab_wanted_photo = given.get("photo", "")


def trial() -> Trial:
    """The settings as the sliders stand."""
    state = st.session_state
    values = {name: state[f"lab_{name}"] / 100 for name in PERCENT}
    return from_plain(values | {name: state[f"lab_{name}"] for name in WORDS})


def write_address(now: Trial) -> None:
    """Keeps the settings in the page's address; defaults are left out."""
    default = to_plain(Trial())
    wanted = {
        name: str(round(value * 100)) if name in PERCENT else str(value)
        for name, value in to_plain(now).items()
        if value != default[name]
    }
    if st.session_state.lab_view != VIEWS[0]:
        wanted["view"] = st.session_state.lab_view
    if st.session_state.lab_view == "multiples":
        wanted |= _multiples()
    if lab().source == "samples":
        wanted["set"] = "samples"
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def _multiples() -> dict[str, str]:
    """The small multiples as parts of an address; a photo is its place in the set."""
    state = st.session_state
    rows = state.get(rows_key(lab().detector), [])
    found = {
        "rows": ",".join(map(str, rows)),
        "columns": ",".join(state.get("lab_columns", [])),
    }
    places = {entry.id: str(number) for number, entry in enumerate(lab().entries, 1)}
    # Until the photos are shown, the address keeps the one that it asked for.
    wanted = state.get("lab_wanted_photo", "")
    found["photo"] = places.get(state.get("lab_multiple", ""), wanted)
    return {name: value for name, value in found.items() if value}


def _from_address() -> Trial:
    """The settings in the address. What is none of ours there is passed over."""
    given = st.query_params.to_dict()
    values: dict[str, object] = {name: given[name] for name in WORDS if name in given}
    for name in PERCENT:
        if given.get(name, "").isdecimal():
            values[name] = int(given[name]) / 100
    try:
        return from_plain(values)
    except PresetsUnreadableError:
        return Trial()
