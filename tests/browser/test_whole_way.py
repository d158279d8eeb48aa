"""A photo's whole way in a real browser, and proof that no uploaded byte was kept."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, expect

from tests.browser.server import Server, running
from tests.browser.steps import (
    approve_and_download,
    draw_with_the_keyboard,
    draw_with_the_mouse,
    leave_out_and_put_back,
    move_the_divider,
    pick_style,
    save,
    slide,
)
from tests.browser.tab import Tab
from tests.browser.uploads import Traceable, traces, watched
from vov_core.images import read_photo
from vov_core.texts import Language

# Long on its way, so that a temporary file would not be there for a moment only.
LONG = 20_000_000
SPOOLING = """
from pages._shared import uploads
uploads.keep_in_memory = lambda: None
import serve
serve.main()
"""


def test_the_whole_way_leaves_nothing_of_the_upload(person: Tab, server: Server) -> None:
    upload = Traceable.make("00119", "holiday photo.jpg", seed=7, tail=LONG)
    # The home page loads the models; libraries that get imported try out the temporary folder.
    tab = person.open().go("protect")
    with watched(server) as temporary:
        tab.upload((upload.name, upload.data))
    assert temporary == set()
    expect(tab.shapes).to_have_count(5)
    slide(tab, "coverage", 2)
    pick_style(tab, "noise")
    leave_out_and_put_back(tab)
    draw_with_the_mouse(tab)
    draw_with_the_keyboard(tab)
    move_the_divider(tab)

    output = approve_and_download(tab, "holiday photo_protected.jpg")
    assert upload.found_in(output) == 0
    photo = read_photo(output)
    assert photo.metadata == () and photo.notices == ()
    with Image.open(BytesIO(output)) as picture, Image.open(BytesIO(upload.data)) as original:
        assert picture.size == original.size and not picture.getexif()

    save(tab)
    tab.go("my_photos")
    expect(tab.page.get_by_text("holiday photo_protected.jpg")).to_be_visible()
    tab.button("my_photos.more").click()
    tab.page.get_by_role("menuitem", name=tab.t("my_photos.menu_receipt")).click()
    receipt = tab.page.get_by_role("dialog")
    expect(receipt.get_by_text(sha256(output).hexdigest())).to_be_visible()
    expect(receipt.get_by_role("row", name=tab.t("receipt.drawn"))).to_contain_text("2")
    tab.page.keyboard.press("Escape")
    expect(receipt).to_have_count(0)
    tab.go("history")
    expect(tab.metric("history.photos")).not_to_have_text("0")
    expect(tab.page.locator(".js-plotly-plot").first).to_be_visible()
    tab.sound()

    assert traces(server, upload) == {}
    stored = [path for path in (server.data / "photos").rglob("*") if path.is_file()]
    assert output in [path.read_bytes() for path in stored]
    assert "holiday" not in server.log.read_text()
    assert b"Traceback" not in server.log.read_bytes()


def test_the_search_finds_what_is_kept(server: Server) -> None:
    """The proof above is worth nothing if the search can't find anything."""
    upload = Traceable.make("00119", "x.jpg", seed=8)
    planted = server.folder / "tmp" / "planted"
    planted.write_bytes(b"head" + upload.data[:-1000])
    try:
        assert set(traces(server, upload)) == {str(planted)}
        planted.write_bytes(sha256(upload.data).hexdigest().encode())
        assert traces(server, upload) == {str(planted): 1}
    finally:
        planted.unlink()


def test_the_watch_sees_an_upload_that_goes_through_a_file(
    people: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    """The same upload to a web server that is left as it is: it uses a temporary file."""
    upload = Traceable.make("00119", "spooled.jpg", seed=11, tail=LONG)
    with running(tmp_path / "app", ("-c", SPOOLING)) as careless:
        tab = Tab(people(), careless.url, Language.ENGLISH).open().go("protect")
        with watched(careless) as temporary:
            tab.upload((upload.name, upload.data))
        tab.page.close()
    assert temporary != set()


def test_a_reload_in_the_middle_starts_afresh(person: Tab) -> None:
    upload = Traceable.make("00120", "first.jpg", seed=9)
    tab = person.open("protect").upload((upload.name, upload.data))
    approve_and_download(tab, "first_protected.jpg")
    save(tab)
    tab.page.reload()
    tab.settled()
    expect(tab.page.get_by_text(tab.t("protect.lede"))).to_be_visible()
    expect(tab.shapes).to_have_count(0)
    tab.sound()
    tab.go("my_photos")
    expect(tab.page.get_by_text("first_protected.jpg")).to_be_visible()
    tab.page.reload()
    tab.settled()
    expect(tab.page.get_by_text("first_protected.jpg")).to_be_visible()
    tab.sound()


def test_a_deleted_photo_is_gone_for_good(person: Tab, server: Server) -> None:
    upload = Traceable.make("00105", "short-lived.jpg", seed=10)
    tab = person.open("protect").upload((upload.name, upload.data))
    output = approve_and_download(tab, "short-lived_protected.jpg")
    save(tab)

    def stored() -> list[bytes]:
        return [p.read_bytes() for p in (server.data / "photos").rglob("*") if p.is_file()]

    assert output in stored()
    tab.go("my_photos")
    expect(tab.page.get_by_text("short-lived_protected.jpg")).to_be_visible()
    tab.page.get_by_test_id("stCheckbox").last.click()
    expect(tab.page.get_by_text(tab.t("my_photos.selected", n=1, size=""))).to_be_visible()
    tab.button("my_photos.delete").click()
    tab.button("my_photos.delete_yes").click()
    expect(tab.page.get_by_text(tab.t("my_photos.empty"))).to_be_visible()
    assert output not in stored()
    query = "SELECT count(*) FROM photos WHERE output_sha256 = ?"
    with closing(sqlite3.connect(server.data / "vov.sqlite")) as database:
        assert database.execute(query, [sha256(output).hexdigest()]).fetchone() == (0,)
    tab.sound()
