"""The app starts without the heavy libraries."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "yolov5", "mediapipe", "onnxruntime")
SCRIPT = """
import sys
from streamlit.testing.v1 import AppTest, app_test
from streamlit.runtime.context import ContextProxy
from streamlit.util import calc_hash
ContextProxy.cookies = property(lambda _: {{}})
tab = AppTest.from_file("streamlit_app.py", default_timeout=60)
tab._page_hash = calc_hash("{page}")
tab.run()
assert tab.title and not tab.exception, tab.exception
print(*[name for name in {heavy} if name in sys.modules])
"""


@pytest.mark.parametrize(
    "page", ["home", "protect", "camera", "booth", "my_photos", "history", "about", "account"]
)
def test_a_fresh_process_loads_only_what_a_page_needs(page: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(page=page, heavy=HEAVY)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "VOV_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    loaded = set(done.stdout.split())
    assert not loaded & {"torch", "yolov5"}
    # Home and About show pictures that the models made.
    assert page in {"home", "booth", "about"} or not loaded
