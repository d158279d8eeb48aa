"""Consent, taking along and deleting everything, as a person does it."""

import json
import zipfile
from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.browser.server import Server
from tests.browser.steps import approve_and_download, save
from tests.browser.tab import NARROW, Tab
from tests.browser.uploads import sample
from vov_core.texts import Language


def test_agree_take_along_and_delete_everything(
    people: Callable[..., BrowserContext], server: Server
) -> None:
    tab = Tab(people(Language.KOREAN, "dark", NARROW), server.url, Language.KOREAN)
    tab.open("protect").upload(("hand.jpg", sample("00119")))
    output = approve_and_download(tab, "hand_protected.jpg")
    expect(tab.page.get_by_text(tab.t("consent.title"))).to_be_visible()
    expect(tab.button("consent.agree")).to_be_visible()
    save(tab)
    expect(tab.page.get_by_text(tab.t("consent.title"))).to_have_count(0)

    tab.open("privacy")
    expect(tab.metric("privacy.photos")).to_have_text("1")
    tab.button("privacy.prepare").click()
    with tab.page.expect_download() as waiting:
        tab.button("privacy.download").click()
    with zipfile.ZipFile(waiting.value.path()) as bundle:
        data = json.loads(bundle.read("data.json"))
        assert bundle.read(data["photos"][0]["file"]) == output
    assert [entry["what"] for entry in data["audit_trail"]] == ["consented", "saved", "exported"]

    tab.sound()
    tab.button("privacy.erase").click()
    dialog = tab.page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill(tab.t("privacy.erase_word"))
    dialog.get_by_role("button", name=tab.t("privacy.erase_yes")).click()
    expect(dialog).to_have_count(0)
    expect(tab.metric("privacy.photos")).to_have_text("0")
    expect(tab.metric("privacy.agreed")).to_have_text(tab.t("privacy.no_consent"))
    stored = [path for path in (server.data / "photos").rglob("*") if path.is_file()]
    assert output not in [path.read_bytes() for path in stored]
    tab.sound()
