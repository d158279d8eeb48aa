"""VOV's frame: page setup, language, who is here, navigation. The pages are in ``pages/``."""

import streamlit as st

from pages._shared.frame import language_switch, navigation, style
from pages._shared.session import remember_guest, show_flashes, told_errors
from pages._shared.uploads import keep_in_memory

keep_in_memory()
st.set_page_config(
    page_title="VOV",
    page_icon="static/icon.png",
    layout="wide",
    initial_sidebar_state="auto",
)
st.session_state.framed = True
style()
st.logo("static/logo.svg", size="large", icon_image="static/icon.png")

page = navigation()
with st.sidebar:
    language_switch()
remember_guest()
show_flashes()
with told_errors():
    page.run()
