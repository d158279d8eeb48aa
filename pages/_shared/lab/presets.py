"""Named settings: save, use, hand to the Protect page, take along as a file."""

import streamlit as st

from pages._shared import controls
from pages._shared.lab.state import LabState, put
from pages._shared.session import escape, flash, log, say, t
from vov_core.errors import PresetsUnreadableError
from vov_core.lab import PRESETS_LIMIT, Trial, dump_presets, load_presets, preset_name


def show(state: LabState, trial: Trial) -> None:
    """The list of presets and everything one can do with them."""
    st.caption(t("lab.presets_text"))
    with (
        st.form("lab_preset", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input(t("lab.preset_name"), max_chars=60, key="lab_name", width=320)
        saved = st.form_submit_button(t("lab.preset_save"), icon=":material/bookmark_add:")
    if saved and preset_name(name):
        _save(state, preset_name(name), trial)
    if not state.presets:
        st.info(t("lab.presets_none"), icon=":material/bookmark:")
    for number, (known, preset) in enumerate(state.presets.items()):
        _row(state, number, known, preset)
    left, right = st.columns(2)
    if state.presets:
        left.download_button(
            t("lab.export"),
            dump_presets(state.presets),
            file_name="vov_presets.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key="lab_export",
        )
    with right.popover(t("lab.import"), icon=":material/upload:"):
        _import(state)


def _save(state: LabState, name: str, trial: Trial) -> None:
    if len(state.presets) >= PRESETS_LIMIT and name not in state.presets:
        st.warning(t("lab.presets_full", n=PRESETS_LIMIT))
        return
    state.presets[name] = trial
    st.success(t("lab.preset_saved", name=escape(name)), icon=":material/check:")


def _row(state: LabState, number: int, name: str, preset: Trial) -> None:
    facts = (
        t(f"styles.{preset.look.style}"),
        t(f"controls.mode_{preset.rules.mode}"),
        f"{t('controls.confidence')} {preset.rules.confidence:.0%}",
        f"{t('controls.coverage')} {preset.look.coverage:.0%}",
        f"{t('controls.strength')} {preset.look.strength:.0%}",
    )
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(name)}**  \n:small[{' · '.join(facts)}]")
        st.space("stretch")
        st.button(t("lab.preset_use"), on_click=put, args=(preset,), key=f"lab_use_{number}")
        st.button(
            t("lab.preset_protect"),
            icon=":material/back_hand:",
            on_click=_to_protect,
            args=(preset,),
            key=f"lab_protect_{number}",
        )
        st.button(
            t("lab.preset_delete"),
            type="tertiary",
            on_click=state.presets.pop,
            args=(name, None),
            key=f"lab_delete_{number}",
        )


def _to_protect(preset: Trial) -> None:
    controls.start_from(preset.rules, preset.look)
    flash(t("lab.preset_protected"), ":material/back_hand:")


def _import(state: LabState) -> None:
    generation = st.session_state.setdefault("lab_import_generation", 0)
    file = st.file_uploader(
        t("lab.import"),
        key=f"lab-import-{generation}",
        label_visibility="collapsed",
    )
    if file is None:
        return
    try:
        loaded = load_presets(file.getvalue())
        if len(state.presets | loaded) > PRESETS_LIMIT:
            st.warning(t("lab.presets_full", n=PRESETS_LIMIT))
            return
    except PresetsUnreadableError as error:
        log.warning("presets could not be read: %s", error)
        st.error(say(error), icon=":material/error:")
        return
    state.presets |= loaded
    st.session_state.lab_import_generation = generation + 1
    flash(t("lab.imported", n=len(loaded)))
    st.rerun()
