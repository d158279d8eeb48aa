"""Style sheets that only one page needs."""

from functools import cache
from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent / "frontend"


@cache
def _read(name: str) -> str:
    return (_FOLDER / f"{name}.css").read_text(encoding="utf-8")


def stylesheet(name: str) -> None:
    """Puts ``frontend/<name>.css`` on the page."""
    st.html(f"<style>{_read(name)}</style>")
