"""Many people at once: real browsers that upload, tune, approve and save, and how long they wait.

``python -m benchmarks.load --people 1 5 20 --rounds 3`` measures one process on this machine and
rewrites its part of ``benchmarks/RESULTS.md``. ``--url`` measures an installation elsewhere (no
memory figures then). ``--soak 60`` is another test: two people go on for that many minutes with
pauses, as people make them, and the server's memory is noted every minute.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, median, quantiles
from tempfile import mkdtemp

from playwright.async_api import Browser, Error, Page, async_playwright, expect

from benchmarks.results import put_section
from tests.browser.server import running
from tests.browser.tab import ARGUMENTS, CHROMIUM
from vov_core.texts import Language, text

SAMPLES = sorted((Path(__file__).parents[1] / "samples").glob("*.jpg"))
PATIENCE_MS = 300_000
MOVES = 3
SOAKERS, SOAK_PAUSE = 2, 30


@dataclass
class Measured:
    """Seconds that people waited, and what went wrong."""

    first: list[float] = field(default_factory=list)
    slider: list[float] = field(default_factory=list)
    saved: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def t(key: str) -> str:
    return text(Language.ENGLISH, key)


async def settled(page: Page) -> None:
    app = page.locator('[data-testid="stApp"]')
    await expect(app).to_have_attribute("data-test-script-state", "notRunning")


async def slide(page: Page, measured: Measured) -> None:
    result = page.locator(".pane.after image").first
    slider = page.get_by_role("slider", name=t("controls.coverage"))
    for _ in range(MOVES):
        shown = await result.get_attribute("href") or ""
        begun = time.perf_counter()
        await slider.press("ArrowRight")
        await expect(result).not_to_have_attribute("href", shown)
        measured.slider.append(time.perf_counter() - begun)
        await settled(page)


async def round_of(page: Page, url: str, number: int, measured: Measured) -> None:
    """One photo from the upload to My photos."""
    await page.goto(f"{url}/protect")
    await expect(page.locator("h1").first).to_be_visible()
    await settled(page)
    # Bytes behind the picture make each upload another photo.
    data = SAMPLES[number % len(SAMPLES)].read_bytes() + number.to_bytes(8)
    begun = time.perf_counter()
    photo = {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": data}
    await page.locator('input[type="file"]').first.set_input_files([photo])  # type: ignore[list-item]
    approve = page.get_by_role("button", name=t("actions.approve"), exact=False).first
    await expect(approve).to_be_visible()
    measured.first.append(time.perf_counter() - begun)
    await settled(page)
    await slide(page, measured)
    await approve.click()
    begun = time.perf_counter()
    await page.get_by_role("button", name=t("actions.save")).click()
    await expect(page.get_by_text(t("actions.saved"), exact=False).first).to_be_visible()
    measured.saved.append(time.perf_counter() - begun)


@dataclass(frozen=True)
class Visit:
    """How a person uses the app.

    Attributes:
        rounds: Photos, at least.
        minutes: How long, at least.
        pause: Seconds between two photos.
    """

    rounds: int = 3
    minutes: float = 0
    pause: float = 0


async def person(browser: Browser, url: str, who: int, visit: Visit, measured: Measured) -> None:
    """Photo after photo in a browser of its own."""
    until = time.monotonic() + 60 * visit.minutes
    context = await browser.new_context(locale="en-US", ignore_https_errors=True)
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    done = 0
    while done < visit.rounds or time.monotonic() < until:
        try:
            await round_of(page, url, who * 100_000 + done, measured)
            box = page.locator('[data-testid="stAlertContentError"]')
            measured.errors += await box.all_inner_texts()
        except (Error, AssertionError) as error:
            measured.errors.append(str(error).splitlines()[0])
        done += 1
        await asyncio.sleep(visit.pause)
    await context.close()


async def crowd(url: str, people: int, visit: Visit) -> Measured:
    """All of them at once."""
    expect.set_options(timeout=PATIENCE_MS)
    measured = Measured()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        await asyncio.gather(*(person(browser, url, who, visit, measured) for who in range(people)))
        await browser.close()
    return measured


def resident_mb(pid: int) -> float:
    """Resident memory of a process now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if "VmRSS" in line).split()[1]) / 1024


def waits(values: list[float]) -> str:
    """Median and 95th percentile."""
    if len(values) < 2:
        return f"{values[0]:.2f} s" if values else "-"
    return f"{median(values):.2f} / {quantiles(values, n=20)[-1]:.2f} s"


async def soak(url: str, pid: int, minutes: float) -> tuple[Measured, list[float]]:
    """Two people for a long time; also returns the server's memory in MB, minute by minute."""
    memory: list[float] = []

    async def watch() -> None:
        while True:
            memory.append(resident_mb(pid))
            print(f"{len(memory) - 1} min: {memory[-1]:.0f} MB", flush=True)
            await asyncio.sleep(60)

    watching = asyncio.create_task(watch())
    measured = await crowd(url, SOAKERS, Visit(minutes=minutes, pause=SOAK_PAUSE))
    watching.cancel()
    return measured, [*memory, resident_mb(pid)]


def growth(memory: Sequence[float]) -> float:
    """MB an hour, by the straight line through the second half's values (one a minute)."""
    late = memory[len(memory) // 2 :]
    return linear_regression(range(len(late)), late).slope * 60


def told_soak(measured: Measured, memory: Sequence[float], minutes: float) -> str:
    """The section about the soak."""
    steps = [round(part * (len(memory) - 1) / 6) for part in range(7)]
    return (
        f"`python -m benchmarks.load --soak {minutes:g}`: {SOAKERS} people, {SOAK_PAUSE} s between"
        f" their photos; {len(measured.first)} photos went from the upload to My photos, "
        f"{len(measured.errors)} errors. First result p50 / p95 {waits(measured.first)}, a slider"
        f" move {waits(measured.slider)}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        " at the end.\n\n"
        f"| minute | {' | '.join(map(str, steps))} |\n|---|{'---:|' * len(steps)}\n"
        f"| memory, MB | {' | '.join(f'{memory[step]:.0f}' for step in steps)} |\n\n"
        f"Over the second half memory changes by **{growth(memory):+.1f} MB an hour**."
    )


def measure_crowds(wanted: argparse.Namespace, pid: int | None) -> None:
    """Measures each number of people and writes down what they waited."""
    rows = [
        "| people | photos | first result p50 / p95 | slider p50 / p95 | save p50 / p95 | errors | "
        "memory before, after |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for people in wanted.people:
        before = resident_mb(pid) if pid else 0
        measured = asyncio.run(crowd(wanted.url, people, Visit(rounds=wanted.rounds)))
        memory = f"{before:.0f}, {resident_mb(pid):.0f} MB" if pid else "-"
        rows.append(
            f"| {people} | {len(measured.first)} | {waits(measured.first)} |"
            f" {waits(measured.slider)} | {waits(measured.saved)} |"
            f" {len(measured.errors)} | {memory} |"
        )
        print(rows[-1], *sorted(set(measured.errors)), sep="\n", flush=True)
    if not wanted.dry:
        put_section(
            "Many people at once",
            f"`python -m benchmarks.load --rounds {wanted.rounds}`:"
            f" one process, {os.cpu_count()} cores that the browsers share with it; each person"
            " uploads a photo, moves a slider three times, approves, saves, and begins again"
            " without a pause.\n\n" + "\n".join(rows),
        )


def measure_soak(wanted: argparse.Namespace, pid: int) -> None:
    """Measures whether memory grows over time."""
    measured, memory = asyncio.run(soak(wanted.url, pid, wanted.soak))
    section = told_soak(measured, memory, wanted.soak)
    print(section, *sorted(set(measured.errors)), sep="\n")
    if not wanted.dry:
        put_section("A long time", section)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 5, 20])
    parser.add_argument("--rounds", type=int, default=3, help="photos per person, at least")
    parser.add_argument("--soak", type=float, default=0, help="minutes of the other test")
    parser.add_argument("--url", help="an installation that runs already")
    parser.add_argument("--dry", action="store_true", help="print only")
    wanted = parser.parse_args()
    if wanted.soak and wanted.url:
        parser.error("the soak needs a server of its own, to read its memory")
    with ExitStack() as stack:
        pid = None
        if wanted.url is None:
            server = stack.enter_context(running(Path(mkdtemp(prefix="vov-load-")) / "app"))
            wanted.url, pid = server.url, server.pid
        if wanted.soak and pid:
            measure_soak(wanted, pid)
        else:
            measure_crowds(wanted, pid)


if __name__ == "__main__":
    main()
