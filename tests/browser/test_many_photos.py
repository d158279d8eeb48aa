"""Several photos at once: each with its own settings, approved, saved and removed together."""

from playwright.sync_api import Locator, expect

from tests.browser.steps import pick_style
from tests.browser.tab import Tab
from tests.browser.uploads import sample


def pick(tab: Tab, name: str) -> None:
    tab.page.get_by_role("radiogroup", name=tab.t("protect.photos")).get_by_role(
        "radio", name=name
    ).click()
    expect(tab.page.get_by_text(name, exact=True).first).to_be_visible()
    tab.settled()


def states(tab: Tab, state: str) -> Locator:
    """The photos of the film strip in this state."""
    return tab.page.get_by_text(tab.t(f"protect.state_{state}"), exact=True)


def test_many_photos_one_after_the_other_and_together(person: Tab) -> None:
    tab = person.open("protect")
    tab.upload(("first.jpg", sample("00119")), ("second.jpg", sample("00105")))
    pick_style(tab, "solid")
    tab.button("actions.approve").first.click()
    expect(states(tab, "approved")).to_have_count(1)
    pick(tab, "first.jpg")
    pick_style(tab, "noise")
    expect(states(tab, "approved")).to_have_count(1)
    tab.button("actions.approve").first.click()
    expect(states(tab, "approved")).to_have_count(2)
    pick(tab, "second.jpg")
    styles = tab.page.get_by_role("radiogroup", name=tab.t("controls.style"))
    expect(styles.locator('[data-id="solid"]')).to_have_attribute("aria-checked", "true")
    tab.page.get_by_role("button", name=tab.t("consent.agree_all", n=2)).click()
    expect(states(tab, "saved")).to_have_count(2)
    tab.sound()
    for _ in range(2):
        tab.button("protect.remove").click()
        tab.settled()
    expect(tab.page.get_by_text(tab.t("protect.lede"))).to_be_visible()
    tab.sound()
