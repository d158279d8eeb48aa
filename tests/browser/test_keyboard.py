"""Everything is reached and done without a mouse."""

from playwright.sync_api import expect

from tests.browser.tab import Tab
from tests.browser.uploads import sample


def focused(tab: Tab) -> str:
    """The text or name of what has the keyboard, also inside of components."""
    return str(
        tab.page.evaluate(
            """() => {
              let node = document.activeElement;
              while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
              return [node?.dataset?.key, node?.dataset?.id, node?.getAttribute('aria-label'),
                      node?.innerText, node?.tagName].filter(Boolean).join(' | ');
            }"""
        )
    )


def walk(tab: Tab, steps: int) -> list[str]:
    """Presses Tab and notes where the keyboard is."""
    places = []
    for _ in range(steps):
        tab.page.keyboard.press("Tab")
        places.append(focused(tab))
    return places


def test_tab_reaches_navigation_and_main_controls(person: Tab) -> None:
    tab = person.open()
    places = "\n".join(walk(tab, 22))
    for page in ("home", "protect", "camera", "booth", "live", "my_photos", "history", "about"):
        assert tab.t(f"nav.{page}") in places
    assert tab.t("home.demo") in places and tab.t("home.own") in places
    tab.sound()


def test_the_demo_by_keyboard_alone(person: Tab) -> None:
    tab = person.open()
    tab.button("home.demo").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.heading("protect.title")).to_be_visible()
    expect(tab.shapes.first).to_be_visible()
    tab.button("actions.approve").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.button("actions.download")).to_be_visible()
    tab.sound()


def test_arrows_choose_a_style(person: Tab) -> None:
    tab = person.open("protect").upload(("hand.jpg", sample("00119")))
    group = tab.page.get_by_role("radiogroup", name=tab.t("controls.style"))
    chosen = group.locator('[aria-checked="true"]')
    expect(chosen).to_have_attribute("tabindex", "0")
    first, shown = chosen.get_attribute("data-id"), tab.preview
    chosen.press("ArrowRight")
    tab.changes(shown)
    expect(chosen).not_to_have_attribute("data-id", first or "")
    expect(chosen).to_be_focused()
    shown = tab.preview
    tab.page.keyboard.press("ArrowLeft")
    tab.changes(shown)
    expect(chosen).to_have_attribute("data-id", first or "")
    tab.sound()


def test_outlines_answer_to_space_and_enter(person: Tab) -> None:
    tab = person.open("protect").upload(("hand.jpg", sample("00119")))
    first = tab.shapes.first
    key = first.get_attribute("data-key")
    for press, state in (("Space", "false"), ("Enter", "true")):
        first.press(press)
        expect(first).to_have_attribute("aria-checked", state)
        expect(first).to_be_focused()
        assert key in focused(tab)
    places = "\n".join(walk(tab, 30))
    assert "zoom-" in places and "switch-" in places
    assert tab.t("actions.approve") in places
    tab.sound()


def test_escape_leaves_drawing(person: Tab) -> None:
    tab = person.open("protect").upload(("hand.jpg", sample("00119")))
    count = tab.shapes.count()
    tab.key("draw").press("Enter")
    expect(tab.key("canvas")).to_be_focused()
    tab.page.keyboard.press("Escape")
    expect(tab.key("draw")).to_have_attribute("aria-pressed", "false")
    expect(tab.key("canvas")).to_have_count(0)
    expect(tab.shapes).to_have_count(count)
    tab.sound()
