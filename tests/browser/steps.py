"""What a person does on the Protect page, step by step."""

from hashlib import sha256
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.tab import Tab


def slide(tab: Tab, control: str, presses: int) -> None:
    """Moves a slider with the arrow keys."""
    slider = tab.page.get_by_role("slider", name=tab.t(f"controls.{control}"))
    before, shown = int(slider.input_value()), tab.preview
    for _ in range(presses):
        slider.press("ArrowRight")
    expect(slider).to_have_value(str(before + 5 * presses))
    tab.changes(shown)
    tab.settled()


def pick_style(tab: Tab, style: str) -> None:
    shown = tab.preview
    group = tab.page.get_by_role("radiogroup", name=tab.t("controls.style"))
    group.locator(f'[data-id="{style}"]').click()
    expect(group.locator(f'[data-id="{style}"]')).to_have_attribute("aria-checked", "true")
    tab.changes(shown)


def leave_out_and_put_back(tab: Tab) -> None:
    first = tab.shapes.first
    for state in ("false", "true"):
        first.click()
        expect(first).to_have_attribute("aria-checked", state)


def draw_with_the_mouse(tab: Tab) -> None:
    count = tab.shapes.count()
    tab.key("draw").click()
    canvas = tab.key("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    left, top = box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.8
    tab.page.mouse.move(left, top)
    tab.page.mouse.down()
    tab.page.mouse.move(left + 60, top + 40, steps=4)
    tab.page.mouse.up()
    expect(tab.shapes).to_have_count(count + 1)


def draw_with_the_keyboard(tab: Tab) -> None:
    count = tab.shapes.count()
    tab.key("draw").press("Enter")
    expect(tab.key("canvas")).to_be_focused()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "+", "-", "Enter"):
        tab.page.keyboard.press(key)
    expect(tab.shapes).to_have_count(count + 1)


def move_the_divider(tab: Tab) -> None:
    tab.key("view-slider").click()
    divider = tab.key("slider")
    expect(divider).to_be_visible()
    before = divider.evaluate("divider => divider.value")
    divider.focus()
    tab.page.keyboard.down("ArrowLeft")
    tab.page.wait_for_function(
        "([divider, before]) => divider.value < before", arg=[divider.element_handle(), before]
    )
    tab.page.keyboard.up("ArrowLeft")
    box = divider.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    tab.page.mouse.move(box["x"] + box["width"] / 2, middle)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=4)
    tab.page.mouse.up()
    assert divider.evaluate("divider => divider.value") > 75
    tab.key("view-side").click()
    expect(tab.page.locator(".pane.after")).to_be_visible()


def approve_and_download(tab: Tab, name: str) -> bytes:
    tab.button("actions.approve").click()
    with tab.page.expect_download() as waiting:
        tab.button("actions.download").click()
    download = waiting.value
    assert download.suggested_filename == name
    data = Path(download.path()).read_bytes()
    digest = sha256(data).hexdigest()
    expect(tab.page.get_by_text(digest[:12])).to_be_visible()
    return data


def save(tab: Tab) -> None:
    tab.button("actions.save").click()
    expect(tab.page.get_by_text(tab.t("actions.saved"), exact=False).first).to_be_visible()
    expect(tab.button("actions.save")).to_have_count(0)
