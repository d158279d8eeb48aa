"""The tuning lab in both languages, with landmarks alone and with made-up scores."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pages._shared import session
from pages._shared.lab import engines, loading
from pages._shared.lab.state import LabState
from pages._shared.lab.views import table
from tests.lab.made import entry, jpeg, region, shape
from tests.pages.files import sample
from tests.pages.visit import Visit
from tests.test_detector import a_hand
from tests.tiny_network import tiny_network, write_weights
from vov_core.detector import ONNX_MODEL, PT_MODEL
from vov_core.finder import Finder
from vov_core.images import ReadLimits
from vov_core.lab import Entry, LabFile, Queue, Trial, Truth, versions
from vov_core.models import model
from vov_core.pipeline import Look
from vov_core.select import Mode, Rules

LEFT, RIGHT, NAIL = (20, 20, 80, 100), (200, 100, 260, 180), (120, 20, 170, 90)


def scored() -> list[Entry]:
    """Two labelled photos that a detector looked at, one with a miss and a false find."""
    return [
        entry(
            region("h0-index", LEFT, 0.9, 0),
            region("d0", RIGHT, 0.3),
            shapes=(shape(LEFT), shape(NAIL, Truth.NAIL), shape((20, 140, 80, 220))),
            name="a.jpg",
        ),
        entry(region("d0", RIGHT, 0.6), shapes=(shape(RIGHT),), name="=b.jpg"),
    ]


@pytest.fixture
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    files = loading.sample_files()
    chosen = tuple(f for f in files if f.name in {"hand_00119.jpg", "hand_00204.jpg"})
    monkeypatch.setattr(loading, "sample_files", lambda: chosen)


def state(tab: Visit) -> LabState:
    held: LabState = tab.at.session_state["lab"]
    return held


def view(tab: Visit, name: str) -> Visit:
    return tab.choose("lab_view", name)


def charts(tab: Visit) -> list[dict[str, Any]]:
    return [json.loads(element.proto.spec) for element in tab.at.get("plotly_chart")]


def numbers(tab: Visit) -> dict[str, str]:
    return {metric.label: metric.value for metric in tab.at.metric}


@pytest.mark.usefixtures("few_samples")
def test_samples_with_landmarks_alone(
    visit: Callable[..., Visit], finder: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Finder(finder._hands)
    monkeypatch.setattr(loading, "finder", lambda: alone)
    monkeypatch.setattr(engines, "versions", lambda _: ((), ()))
    tab = visit("lab").click("lab_samples")
    assert len(state(tab).entries) == 2 and state(tab).queue is None
    assert tab.t("lab.needs_detector") in tab.words
    assert tab.at.slider(key="lab_confidence").disabled
    assert numbers(tab)[tab.t("lab.covered")] == "10"
    pictures = tab.shown("lab_grid")["options"]
    assert [p["name"] for p in pictures] == ["hand_00119.jpg", "hand_00204.jpg"]
    tab.fire("lab_grid", "pick", pictures[1]["id"])
    assert tab.has_component("lab_compare")
    assert tab.t("lab.scores_none") in view(tab, "scores").words
    assert tab.t("lab.curves_need_scores") in view(tab, "labels").words
    assert tab.t("lab.multiples_no_detector") in view(tab, "multiples").words
    assert len(charts(view(tab, "engines"))) == 1 and not tab.has_button("lab_engines")


def test_a_slider_answers_without_a_model(english: Callable[..., Visit]) -> None:
    tab = english("lab", lab=LabState(entries=scored()))
    assert numbers(tab)["Covered"] == "3" and numbers(tab)["Pads covered"] == "67%"
    before = tab.shown("lab_grid")
    tab.slide("lab_confidence", 50)
    assert numbers(tab)["Covered"] == "2" and tab.shown("lab_grid") != before
    notes = [option["note"] for option in tab.shown("lab_grid")["options"]]
    assert notes == ["1 of 1 covered", "1 of 1 covered"], "below the threshold is no finger tip"


def test_scores_with_a_detector(visit: Callable[..., Visit]) -> None:
    tab = view(visit("lab", lab=LabState(entries=scored())), "scores")
    (histogram,) = charts(tab)
    assert sum(histogram["data"][0]["y"]) == 3
    assert histogram["layout"]["shapes"][0]["x0"] == 0.25


def test_labels_with_a_detector(visit: Callable[..., Visit]) -> None:
    tab = view(visit("lab", lab=LabState(entries=scored())), "labels")
    assert len(charts(tab)) == 2
    told = numbers(tab)
    assert told[tab.t("lab.missed")] == "1" and told[tab.t("lab.false")] == "1"
    assert told[tab.t("lab.recall")] == "66.7%" and told[tab.t("lab.precision")] == "66.7%"
    missed = tab.shown("lab_missed")["options"]
    assert [option["note"] for option in missed] == ["69 px"]
    tab.fire("lab_missed", "pick", missed[0]["id"])
    assert tab.has_component("lab_missed_open")
    assert tab.t("lab.proposed_none") in tab.words
    tab.slide("lab_wanted", 60)
    assert tab.t("lab.proposed", value="60%") in tab.words
    tab.click("lab_take")
    assert tab.at.slider(key="lab_confidence").value == 60


def sized() -> list[Entry]:
    """Pads of three sizes; the second photo is kept at half its size, so its pads count double."""
    edge, open_ = (10, 200, 26, 216), (100, 200, 110, 210)
    return [
        entry(
            region("d0", LEFT, 0.9),
            region("d1", edge, 0.8),
            shapes=(shape(LEFT), shape(edge), shape(open_)),
        ),
        entry(
            region("d0", RIGHT, 0.6),
            shapes=(shape(RIGHT), shape(LEFT), shape(NAIL, Truth.NAIL)),
            scale=0.5,
        ),
    ]


def sizes(tab: Visit) -> dict[str, list[Any]]:
    """The table per pad size: the size in words -> the other columns."""
    shown = view(tab, "labels").at.dataframe[0].value
    return {row[0]: row[1:] for row in shown.to_numpy().tolist()}


def test_pads_are_counted_by_their_size_in_the_photo(english: Callable[..., Visit]) -> None:
    tab = english("lab", lab=LabState(entries=sized()))
    # Pads, covered, missed, AP50, recall. 16 px is the first size that is not tiny. Of the two
    # large pads one is found: of the curve's area half, and the fall to nothing after it.
    assert sizes(tab) == {
        "under 16 px": [1, "0%", 1, "0.000", "0%"],
        "16 to 32 px": [1, "100%", 0, "0.995", "100%"],
        "32 to 96 px": [1, "100%", 0, "0.995", "100%"],
        "96 px and more": [2, "50%", 1, "0.750", "50%"],
    }
    # Recall and covers follow the threshold, AP50 does not.
    tab.slide("lab_confidence", 70)
    assert sizes(tab)["96 px and more"] == [2, "0%", 2, "0.750", "0%"]
    assert sizes(tab)["32 to 96 px"] == [1, "100%", 0, "0.995", "100%"]


def test_the_table_by_size_without_scores(english: Callable[..., Visit]) -> None:
    alone = entry(region("h0-index", RIGHT, None, 0), shapes=(shape(RIGHT),), detector=False)
    tab = english("lab", lab=LabState(entries=[alone]))
    assert sizes(tab) == {
        "under 16 px": [0, "–", 0],
        "16 to 32 px": [0, "–", 0],
        "32 to 96 px": [1, "100%", 0],
        "96 px and more": [0, "–", 0],
    }


def test_what_changes_between_two_settings(english: Callable[..., Visit]) -> None:
    tab = english("lab", lab=LabState(entries=scored()))
    assert tab.t("lab.changes_none") in view(tab, "changes").words
    tab.slide("lab_confidence", 70)
    shown = tab.shown("lab_changes")["options"]
    assert [option["note"] for option in shown] == [tab.t("lab.now_open")] * 2
    tab.fire("lab_changes", "pick", shown[0]["id"])
    assert tab.has_component("lab_change")


def test_presets_there_and_back(visit: Callable[..., Visit]) -> None:
    tab = visit("lab", lab=LabState(entries=scored())).slide("lab_coverage", 180)
    view(tab, "presets")
    tab.at.text_input(key="lab_name").set_value("wide *")
    tab.at.button[[b.label for b in tab.at.button].index(tab.t("lab.preset_save"))].click()
    tab.run()
    assert state(tab).presets["wide *"].look.coverage == 1.8
    tab.slide("lab_coverage", 100).click("lab_use_0")
    assert tab.at.slider(key="lab_coverage").value == 180
    assert tab.has_download("lab_export")
    tab.click("lab_protect_0").open("protect").upload(("hand.jpg", sample("00119")))
    assert tab.at.slider(key="coverage").value == 180
    assert tab.slide("coverage", 100).click("reset").at.slider(key="coverage").value == 180
    tab.open("lab").click("lab_delete_0")
    assert state(tab).presets == {} and not tab.has_download("lab_export")


def test_an_import_of_presets(english: Callable[..., Visit]) -> None:
    tab = view(english("lab", lab=LabState(entries=scored())), "presets")
    for content, known in ((b"{}", []), (b'{"vov_presets": {"a": {"style": "solid"}}}', ["a"])):
        uploader = next(u for u in tab.at.file_uploader if u.key.startswith("lab-import"))
        uploader.set_value([("presets.json", content, "application/json")])
        tab.run()
        assert list(state(tab).presets) == known
        assert (tab.t("errors.presets_unreadable") in tab.errors) == (not known)


def test_a_link_gives_the_same_view(english: Callable[..., Visit]) -> None:
    tab = english("lab", lab=LabState(entries=scored()))
    tab.slide("lab_confidence", 40).slide("lab_merge", 50)
    view(tab, "scores")
    address = dict(tab.at.query_params)
    assert address == {"confidence": "40", "merge": "50", "view": "scores"}


def test_a_link_gives_the_same_small_multiples(
    visit: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pages._shared.lab import state as lab_state

    given = {"view": "multiples", "rows": "40,10,7", "columns": "noise,<b>,blur", "photo": "2"}
    address = _Address(given)
    monkeypatch.setattr(lab_state.st, "query_params", address)
    entries = scored()
    tab = visit("lab", lab=LabState(entries=entries))
    assert tab.at.multiselect(key="lab_rows_True").value == [10, 40]
    assert tab.at.multiselect(key="lab_columns").value == ["noise", "blur"]
    assert tab.at.selectbox(key="lab_multiple").value == entries[1].id
    for _ in range(2):
        assert address == given | {"rows": "10,40", "columns": "noise,blur"}
        tab.run()
    assert tab.has_download("lab_png")
    matrix = next(e.proto.body for e in tab.at.get("html") if "vov-multiples" in e.proto.body)
    assert matrix.count("<img") == 4 and tab.t("styles.noise") in matrix


@pytest.mark.parametrize("confidence", ["abc", "900", "-5", ""])
def test_nonsense_in_a_link_is_passed_over(
    english: Callable[..., Visit], confidence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pages._shared.lab import state as lab_state

    given = {"confidence": confidence, "style": "<b>", "view": "nowhere"}
    monkeypatch.setattr(lab_state.st, "query_params", _Address(given))
    tab = english("lab", lab=LabState(entries=scored()))
    assert tab.at.slider(key="lab_confidence").value == 25


class _Address(dict[str, str]):
    def to_dict(self) -> dict[str, str]:
        return dict(self)

    def from_dict(self, values: dict[str, str]) -> None:
        self.clear()
        self.update(values)


def test_a_labelled_zip_and_what_is_none(english: Callable[..., Visit]) -> None:
    tab = english("lab").choose("lab_source", "zip")
    tab.upload(("x.zip", b"nothing"))
    assert tab.errors == [tab.t("errors.zip_unusable")]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("a.jpg", jpeg())
        bundle.writestr("a.txt", "0 .5 .5 .2 .2")
        bundle.writestr("b.jpg", b"broken")
    tab.upload(("set.zip", buffer.getvalue()))
    assert [e.name for e in state(tab).entries] == ["a.jpg"]
    assert len(tab.errors) == 1 and "b.jpg" in tab.errors[0].replace("\\", "")
    assert len(state(tab).labelled) == 1


def test_stopping_keeps_what_is_done(
    english: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Queue.step

    def step_and_click(queue: Queue, finder: Callable[[], Finder]) -> Entry:
        done = step(queue, finder)
        if queue.progress.done == 2:
            loading.cancel()
        return done

    monkeypatch.setattr(Queue, "step", step_and_click)
    queue = Queue(tuple(LabFile(f"{n}.jpg", jpeg()) for n in range(4)), ReadLimits())
    tab = english("lab", lab=LabState(queue=queue))
    assert [e.name for e in state(tab).entries] == ["0.jpg", "1.jpg"]
    assert state(tab).queue is None and len(tab.shown("lab_grid")["options"]) == 2


def test_the_table_is_plain_and_harmless() -> None:
    rows = table(scored(), Trial(rules=Rules(mode=Mode.PRECISE, confidence=0.5), look=Look()))
    lines = rows.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("photo,tip,confidence") and len(lines) == 3
    assert lines[1] == "a.jpg,h0-index,0.9,0.0,both,fingerprint,20.1,20.1,79.9,99.9,1"
    assert lines[2].startswith("'=b.jpg,d0,0.6")


@pytest.fixture
def candidates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's folder, with one other version."""
    folder = tmp_path / "candidates"
    write_weights(folder / "wider", {"onnx": tiny_network(2)["onnx"]})
    monkeypatch.setenv("VOV_CANDIDATES_DIR", str(folder))
    session.settings.clear()
    engines._engine.clear()
    return folder


def test_the_shipped_version_by_its_engines(visit: Callable[..., Visit]) -> None:
    tab = view(visit("lab", lab=LabState(entries=scored())), "engines")
    assert tab.t("lab.versions_one") in tab.words
    shipped = f"{tab.t('lab.version_shipped')} ({model(ONNX_MODEL).version})"
    torch = f"{tab.t('lab.version_shipped')} ({model(PT_MODEL).version})"
    assert tab.at.multiselect(key="lab_versions").value == [
        f"ONNX Runtime · {shipped}",
        f"PyTorch · {torch}",
    ]
    tab.click("lab_engines")
    assert len(charts(tab)) == 2
    rows = tab.at.dataframe[0].value.to_numpy().tolist()
    assert [row[:2] for row in rows] == [["ONNX Runtime", shipped], ["PyTorch", torch]]
    assert [row[3] for row in rows] == ["100%", "100%"]


def test_versions_side_by_side(visit: Callable[..., Visit], candidates: Path) -> None:
    # Beside a hand an untrained network's finds stay; elsewhere it has to find them twice.
    hand = (a_hand(60, 30, 100),)
    entries = [replace(e, findings=replace(e.findings, hands=hand)) for e in scored()]
    tab = view(visit("lab", lab=LabState(entries=entries)), "engines")
    assert candidates.is_dir() and tab.t("lab.versions_one") not in tab.words
    onnx, _, wider = tab.at.multiselect(key="lab_versions").value
    assert "wider" in wider
    tab.at.multiselect(key="lab_versions").set_value([wider, onnx])
    tab.run().click("lab_engines")
    _, bars = charts(tab)
    assert [bar["name"] for bar in bars["data"]] == [onnx, wider], "the shipped one comes first"
    stages = [tab.t(f"lab.stage_{stage}") for stage in ("detector", "fuse", "mask")]
    assert [bar["y"] for bar in bars["data"]] == [stages] * 2
    first, second = tab.at.dataframe[0].value.to_numpy().tolist()
    assert first[3:] == ["100%", "0.00 px", "0.000"]
    assert second[3] == "0%", "an untrained network finds other things"
    tab.at.multiselect(key="lab_versions").set_value([wider])
    assert tab.run().at.button(key="lab_engines").disabled


def test_a_version_that_is_not_what_it_says_is_told_and_left_out(
    visit: Callable[..., Visit], candidates: Path
) -> None:
    (candidates / "empty").mkdir()
    tab = view(visit("lab", lab=LabState(entries=scored())), "engines")
    assert tab.t("errors.version_unusable", name="empty") in tab.words
    file = candidates / "wider" / f"{ONNX_MODEL}.onnx"
    file.write_bytes(file.read_bytes()[:-1])
    onnx, _, wider = tab.at.multiselect(key="lab_versions").value
    tab.at.multiselect(key="lab_versions").set_value([onnx, wider])
    tab.run().click("lab_engines")
    assert tab.errors == [tab.t("errors.version_altered", name="wider")]
    assert len(tab.at.dataframe[0].value) == 1


def test_one_engine_alone_has_nothing_to_compare_with(
    visit: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    (onnx, _), _ = versions(None)
    monkeypatch.setattr(engines, "versions", lambda _: ((onnx,), ()))
    tab = view(visit("lab", lab=LabState(entries=scored())), "engines")
    assert tab.t("lab.engines_one") in tab.words and not tab.has_button("lab_engines")
