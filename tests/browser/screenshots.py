"""Takes the README's pictures anew: ``python -m tests.browser.screenshots``."""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, expect
from sqlalchemy import update

from pages._shared.receipts import receipt_of
from pages._shared.samples import DEMO, NAMES
from tests.browser.server import ROOT, running
from tests.browser.tab import NARROW, WIDE, Tab, chromium, new_context
from tests.browser.uploads import sample
from tests.suites.history import add
from vov_core.archive import Archive, Owner, open_archive
from vov_core.database import Photo
from vov_core.finder import open_finder
from vov_core.findings import Verdict
from vov_core.images import ReadLimits
from vov_core.masks import STYLES
from vov_core.pipeline import Look, Tuning
from vov_core.settings import Settings
from vov_core.texts import Language
from vov_core.workspace import Workspace

FOLDER = ROOT / "docs" / "screenshots"
PAGES = ("home", "protect", "my_photos", "history", "about")
DARK = ("home", "protect")
_LARGEST = 250_000
_FILES = ("seoul_weekend", "graduation", "v_sign", "market", "climbing_wall", "new_ring")
_STYLES = ("skin_tone", "synthetic_print", "skin_tone", "sticker", "skin_tone", "noise")


def fill(archive: Archive, owner: Owner) -> None:
    """Protects some samples as a person would, and spreads their saves over the last weeks."""
    finder = open_finder()
    space = Workspace(lambda: finder, ReadLimits(), 400 * 1024**2)
    now = datetime.now(UTC)
    for n, (sample_name, name, style) in enumerate(zip(NAMES, _FILES, _STYLES, strict=False)):
        item = space.add(f"{name}.jpg", sample(sample_name.removeprefix("hand_")))
        approval = space.approve(item, Tuning(look=Look(style=style)))
        receipt = receipt_of(item, approval)
        archive.agree(owner, archive.terms(owner).version)
        saved = archive.save(approval.output.data, receipt, owner, save_id=approval.save_id)
        when = now - timedelta(days=4 * n, hours=3 * n + 1)
        with archive.database.writing() as session:
            session.execute(update(Photo).where(Photo.id == saved.id).values(created_at=when))
    add(archive.database, list(_weeks(now)))


def _weeks(now: datetime) -> Iterator[dict[str, Any]]:
    """The numbers of thirty days of use, slowly growing."""
    rng = random.Random(5)
    weights = [8, 5, 3, 2, 2, 1, 1]
    for day in range(30):
        for _ in range(rng.randint(2, 6) + (30 - day) // 4):
            danger = rng.random() < 0.82
            covered = rng.choice([2, 3, 4, 5, 5, 5, 8, 10]) if danger else 0
            readable = rng.randint(0, covered)
            partly = rng.randint(0, covered - readable)
            yield {
                "saved_at": now - timedelta(days=day, minutes=rng.randrange(600)),
                "owner_kind": "guest",
                "verdict": Verdict.DANGER if danger else Verdict.NOTHING_FOUND,
                "style": rng.choices(list(STYLES), weights)[0],
                "mode": "safe",
                "hands": 1 + (covered > 5) if danger else 0,
                "regions_found": covered,
                "fingerprints_covered": covered,
                "left_out": 0,
                "drawn": 0,
                "bytes": rng.randrange(300_000, 4_000_000),
                "ms_total": rng.uniform(300, 900),
                "readable": readable,
                "partly": partly,
                "unreadable": covered - readable - partly,
            }


def keep(picture: bytes, name: str) -> None:
    """Writes a picture as a palette PNG that a README can afford."""
    path = FOLDER / f"{name}.png"
    image = Image.open(BytesIO(picture)).convert("RGB")
    for colours in (256, 160, 96, 64):
        tones = image.quantize(colours, Image.Quantize.MEDIANCUT)
        palette = image.quantize(palette=tones, dither=Image.Dither.FLOYDSTEINBERG)
        palette.save(path, optimize=True)
        if path.stat().st_size <= _LARGEST:
            break
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


@contextmanager
def visiting(
    browser: Browser, url: str, owner: Owner, language: Language, theme: str, size: tuple[int, int]
) -> Iterator[Tab]:
    """A tab of the person who saved the photos."""
    context = new_context(browser, language, theme, size)
    context.add_cookies([{"name": "vov_guest", "value": owner.token, "url": url}])
    yield Tab(context, url, language)
    context.close()


def show(tab: Tab, page: str) -> bytes:
    """A page as it looks in the middle of its use."""
    tab.open("" if page == "home" else page)
    expect(tab.heading(f"{page}.title")).to_be_visible()
    if page == "protect":
        tab.upload(("holiday.jpg", sample(DEMO.removeprefix("hand_"))))
    if page == "history":
        expect(tab.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    tab.page.wait_for_function(
        "() => [...document.images].every(image => image.complete)"
        " && document.fonts.status === 'loaded'"
    )
    if page == "home":
        expect(tab.page.locator("img-comparison-slider img").first).to_be_visible()
    tab.page.mouse.move(0, 0)
    return tab.page.screenshot(animations="disabled")


def main() -> None:
    """All pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    owner = Owner.new_guest()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "app"
        fill(open_archive(Settings(data_dir=place / "data")), owner)
        with running(place) as server, chromium() as browser:

            def take(name: str, page: str, language: Language, theme: str, *size: int) -> None:
                window = (size[0], size[1])
                with visiting(browser, server.url, owner, language, theme, window) as tab:
                    keep(show(tab, page), name)
                    tab.sound()

            for language in Language:
                for page in PAGES:
                    take(f"{page}-{language}", page, language, "light", *WIDE)
                for page in DARK:
                    take(f"{page}-{language}-dark", page, language, "dark", *WIDE)
                take(f"protect-{language}-narrow", "protect", language, "light", *NARROW)


if __name__ == "__main__":
    main()
