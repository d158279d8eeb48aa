"""Small pictures of a session's photos."""

import streamlit as st

from pages._shared.pictures import preview
from pages._shared.session import workspace
from vov_core.workspace import Item


def thumbnail(item: Item) -> str:
    """A small picture of an upload as a data address, kept in this session only."""
    kept: dict[str, str] = st.session_state.setdefault("thumbnails", {})
    if item.id not in kept:
        kept[item.id] = preview(workspace().photo(item).pixels, 160, 80)
    for gone in kept.keys() - {i.id for i in workspace().items}:
        del kept[gone]
    return kept[item.id]
