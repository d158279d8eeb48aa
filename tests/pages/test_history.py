"""Usage figures with 0, 1 and 100,000 rows, filters, CSV."""

import json
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np

from tests.pages.visit import Visit
from tests.suites.history import LEVELS, add, add_photos, random_rows
from tests.suites.places import receipt_for
from vov_core.archive import Archive, Owner
from vov_core.findings import Verdict
from vov_core.masks import STYLES

NAMES = list(STYLES)


def recent(count: int, days: int = 60) -> list[dict[str, Any]]:
    """Saves of the last days, evenly spread over time, styles and verdicts."""
    now = datetime.now(UTC)
    rows = random_rows(count)
    for n, row in enumerate(rows):
        row["saved_at"] = now - timedelta(days=days * n / count)
        row["style"] = NAMES[n % len(NAMES)]
        row["verdict"] = Verdict.NOTHING_FOUND if n % 4 == 0 else Verdict.DANGER
    return rows


def figures(tab: Visit) -> list[str]:
    return [metric.value for metric in tab.at.metric]


def charts(tab: Visit) -> list[dict[str, Any]]:
    return [json.loads(element.proto.spec) for element in tab.at.get("plotly_chart")]


def test_nothing_saved_yet(visit: Callable[..., Visit]) -> None:
    tab = visit("history")
    assert figures(tab) == ["0", "0", "0", "0", "0", "0"]
    assert [info.value for info in tab.at.info] == [tab.t("history.empty")]
    assert charts(tab) == [] and not tab.has_download("csv")


def test_one_save(visit: Callable[..., Visit], archive: Archive) -> None:
    row = recent(1)[0] | {"verdict": Verdict.DANGER, "fingerprints_covered": 5, "bytes": 1500}
    row |= {"readable": 3, "partly": 1, "unreadable": 1}
    add(archive.database, [row])
    tab = visit("history")
    assert figures(tab)[:4] == ["1", "1", "0", "5"]
    assert len(charts(tab)) == 5 and tab.has_download("csv")
    names = {trace.get("name") for trace in charts(tab)[0]["data"]}
    assert names == {tab.t("history.danger"), tab.t("history.nothing_found")}


def exposure(tab: Visit) -> dict[str, int]:
    """Level -> finger tips of its bars, where the page has the chart of exposures."""
    levels = {tab.t(f"exposure.{level}"): level for level in LEVELS}
    return {
        levels[trace["name"]]: sum(_numbers(trace["y"]))
        for chart in charts(tab)
        for trace in chart["data"]
        if trace.get("name") in levels
    }


def _numbers(values: Any) -> list[int]:
    """What plotly sends: a list, or base64 of whole numbers."""
    if isinstance(values, list):
        return values
    return np.frombuffer(b64decode(values["bdata"]), values["dtype"]).tolist()


def test_how_readable_the_prints_were(visit: Callable[..., Visit], archive: Archive) -> None:
    rows = recent(400, days=20)
    add(archive.database, rows)
    tab = visit("history")
    expected = {level: sum(row[level] or 0 for row in rows) for level in LEVELS}
    assert exposure(tab) == expected and min(expected.values()) > 100


def test_photos_that_nobody_measured_have_no_chart(
    visit: Callable[..., Visit], archive: Archive
) -> None:
    add(archive.database, [row | dict.fromkeys(LEVELS) for row in recent(20, days=5)])
    tab = visit("history")
    assert exposure(tab) == {}
    assert tab.t("history.exposure_none") in [caption.value for caption in tab.at.caption]


def test_a_hundred_thousand_saves(english: Callable[..., Visit], archive: Archive) -> None:
    rows = recent(100_000, days=200)
    add(archive.database, rows)
    tab = english("history").choose("history_period", "all")
    assert figures(tab)[:3] == ["100,000", "75,000", "25,000"]
    assert figures(tab)[3] == f"{sum(row['fingerprints_covered'] for row in rows):,}"
    tab.choose("history_bucket", "month")
    assert len(charts(tab)[0]["data"][0]["x"]) in (7, 8)
    tab.choose("history_period", "7")
    assert 0 < int(figures(tab)[0].replace(",", "")) < 4_000


def test_filters(english: Callable[..., Visit], archive: Archive) -> None:
    add(archive.database, recent(280, days=20))
    tab = english("history")
    assert figures(tab)[0] == "280"
    tab.at.selectbox(key="history_verdict").select(Verdict.NOTHING_FOUND)
    assert figures(tab.run())[:3] == ["70", "0", "70"]
    tab.at.selectbox(key="history_style").select("skin_tone")
    assert figures(tab.run())[0] == str(
        sum(n % 4 == 0 and NAMES[n % len(NAMES)] == "skin_tone" for n in range(280))
    )
    tab.at.selectbox(key="history_verdict").select(None)
    tab.at.selectbox(key="history_style").select(None)
    assert figures(tab.run())[0] == "280"
    tab.open("about").open("history")
    assert tab.errors == []


def test_a_filter_that_lets_nothing_through(visit: Callable[..., Visit], archive: Archive) -> None:
    row = recent(1)[0] | {"style": "skin_tone"}
    add(archive.database, [row])
    tab = visit("history")
    tab.at.selectbox(key="history_style").select("sticker")
    tab.run()
    assert tab.t("history.empty") in tab.words and charts(tab) == []


def test_old_saves_are_out_of_the_period(visit: Callable[..., Visit], archive: Archive) -> None:
    now = datetime.now(UTC)
    rows = [row | {"saved_at": now - timedelta(days=400)} for row in recent(3)]
    add(archive.database, rows)
    tab = visit("history")
    assert tab.t("history.empty") in tab.words
    assert figures(tab.choose("history_period", "all"))[0] == "3"
    assert len(charts(tab)[0]["data"][0]["x"]) == 401


def test_mine_and_everyone(
    visit: Callable[..., Visit], archive: Archive, cookies: dict[str, str]
) -> None:
    me = Owner.new_guest()
    cookies["vov_guest"] = me.token
    add(archive.database, recent(100))
    add_photos(archive.database, me, recent(3, days=3))
    tab = visit("history").choose("history_period", "all")
    assert figures(tab)[0] == "100"
    tab.choose("history_whose", "mine")
    assert figures(tab)[:3] == ["3", "2", "1"] and len(figures(tab)) == 5
    assert tab.t("history.lede_mine") in tab.words
    tab.choose("history_period", "7")
    tab.at.selectbox(key="history_style").select("blur")
    assert tab.t("history.empty_mine") in tab.run().words
    tab.at.selectbox(key="history_style").select(None)
    assert figures(tab.run().choose("history_whose", "everyone"))[0] in {"11", "12"}


def test_who_saved_is_only_told_of_many(visit: Callable[..., Visit], archive: Archive) -> None:
    rows = recent(60, days=5)
    for n, row in enumerate(rows):
        row["owner_kind"] = "member" if n < 4 else "guest"
    add(archive.database, rows)
    tab = visit("history")
    assert figures(tab)[4:] == ["–", "–"]
    add(archive.database, [rows[0] | {"style": "another"}])
    assert figures(tab.run())[4:] == ["5", "56"]
    assert figures(tab.open("home"))[3:] == ["5", "56"]


def test_small_styles_are_shown_together(visit: Callable[..., Visit], archive: Archive) -> None:
    rows = [
        row | {"style": style}
        for style, count in (("solid", 30), ("noise", 20), ("blur", 3), ("sticker", 2))
        for row in recent(count, days=5)
    ]
    add(archive.database, rows)
    tab = visit("history")
    bars = charts(tab)[2]["data"][0]
    names = [tab.t("history.others"), tab.t("styles.noise"), tab.t("styles.solid")]
    assert bars["y"] == names and list(bars["text"]) == ["5", "20", "30"]


def test_fields_of_work(visit: Callable[..., Visit], archive: Archive) -> None:
    for n in range(6):
        who = Owner("member", f"a member of the fields {n}", "education")
        output = f"output {n}".encode()
        archive.agree(who, archive.terms(who).version)
        archive.save(output, receipt_for(output), who, save_id=uuid4())
    tab = visit("history")
    assert tab.t("history.fields_note") in tab.words
    assert charts(tab)[5]["data"][0]["text"] == ["5"]
    assert tab.t("fields.education") in charts(tab)[5]["data"][0]["y"]
    assert f"{tab.t('fields.education')} 5" in tab.open("home").words
