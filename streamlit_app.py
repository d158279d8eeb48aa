"""VOV's frame: page setup, language, who is here, navigation. The pages are in ``pages/``."""

import streamlit as st

from pages._shared.booth import watch_kiosk
from pages._shared.entry import may_open, show_entry
from pages._shared.frame import language_switch, navigation, style
from pages._shared.members import arrive, remember_member, who_is_here
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
arrive()
with st.sidebar:
    who_is_here()
    language_switch()
remember_guest()
remember_member()
show_flashes()
with told_errors():
    watch_kiosk(page.url_path)
    if may_open(page.url_path):
        page.run()
    else:
        show_entry(page.title)
