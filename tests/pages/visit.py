"""One person's tab on the app, run without a browser."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.testing.v1 import AppTest, local_script_runner
from streamlit.util import calc_hash

from vov_core.archive import Owner
from vov_core.texts import Language, text
from vov_core.workspace import Item, Workspace

APP = Path(__file__).parents[2] / "streamlit_app.py"
LOCALES = {Language.ENGLISH: "en-US", Language.KOREAN: "ko-KR"}


class Visit:
    """Opens the app in a language; every run must end without a traceback."""

    spoken = Language.ENGLISH
    """AppTest asks for the names of options outside of a run, where no browser tells a language."""

    def __init__(self, language: Language, page: str = "home", **state: Any) -> None:
        self.language = Visit.spoken = language
        self.at = AppTest.from_file(APP, default_timeout=120)
        self.at.context = {"locale": LOCALES[language], "timezone_offset": 0}
        for name, value in state.items():
            self.at.session_state[name] = value
        # What a deep link does; a run of the home page before it would only cost time.
        self.at._page_hash = calc_hash(page) if page != "home" else ""
        self.run()

    def run(self) -> Self:
        self.at.run()
        return self._sound()

    def _sound(self) -> Self:
        assert not self.at.exception, [e.value for e in self.at.exception]
        return self

    def open(self, page: str) -> Self:
        self.at.switch_page(f"pages/{page}.py")
        return self.run()

    def t(self, key: str, **facts: object) -> str:
        return text(self.language, key, **facts)

    def upload(self, *files: tuple[str, bytes]) -> Self:
        """Drops files on the page."""
        uploader = self.at.file_uploader[0]
        uploader.set_value([(name, data, "application/octet-stream") for name, data in files])
        return self.run()

    def click(self, key: str) -> Self:
        self.at.button(key=key).click()
        return self.run()

    def answer(self, key: str) -> Self:
        """Clicks in the open dialog, which runs alone, as it does in a browser."""
        (dialog,) = self.at._fragment_storage._fragments
        self.at.button(key=key).click()
        with patch.object(local_script_runner, "RerunData", partial(RerunData, fragment_id=dialog)):
            return self.run()

    def speak(self, language: Language) -> Self:
        """Switches the language in the sidebar."""
        self.choose("language", language)
        self.language = Visit.spoken = language
        return self

    def has_button(self, key: str) -> bool:
        return any(button.key == key for button in self.at.button)

    def has_download(self, key: str) -> bool:
        return any(button.key == key for button in self.at.download_button)

    def slide(self, key: str, value: int) -> Self:
        self.at.slider(key=key).set_value(value)
        return self.run()

    def choose(self, key: str, option: str) -> Self:
        """Picks in a segmented control."""
        self.at.segmented_control(key=key).set_value(option)
        return self.run()

    def _component(self, key: str) -> Any:
        return next(e.proto for e in self.at.get("bidi_component") if e.key == key)

    def has_component(self, key: str) -> bool:
        return any(e.key == key for e in self.at.get("bidi_component"))

    def shown(self, key: str) -> Any:
        """What Python sent to a browser part."""
        return json.loads(self._component(key).json)

    def fire(self, key: str, event: str, value: Any) -> Self:
        """What a browser part sends to Python."""
        states = self.at._tree.get_widget_states()
        state = states.widgets.add()
        state.id = _make_trigger_id(self._component(key).id, "events")
        state.json_trigger_value = json.dumps([{"event": event, "value": value}])
        self.at._run(states)
        return self._sound()

    @property
    def workspace(self) -> Workspace:
        space: Workspace = self.at.session_state["workspace"]
        return space

    @property
    def item(self) -> Item:
        """The photo that is shown."""
        item = self.workspace.get(self.at.session_state["current"])
        assert item is not None
        return item

    @property
    def names(self) -> list[str]:
        return [item.name for item in self.workspace.items]

    @property
    def errors(self) -> list[str]:
        return [error.value for error in self.at.error]

    @property
    def toasts(self) -> list[str]:
        return [toast.value for toast in self.at.toast]

    @property
    def owner(self) -> Owner:
        return Owner("guest", self.at.session_state["guest_token"])

    @property
    def words(self) -> str:
        """All text on the page."""
        return "\n".join(self._words())

    def _words(self) -> Iterator[str]:
        at = self.at
        kinds = (at.title, at.subheader, at.markdown, at.caption, at.info, at.warning, at.error)
        for elements in (*kinds, at.success):
            yield from (str(element.value) for element in elements)
        yield from (element.proto.body for element in at.get("html"))
        for metric in at.metric:
            yield f"{metric.label}: {metric.value}"
