"""Account: log in, sign up, and for members their data, password, browsers and deletion."""

import streamlit as st

from pages._shared.entry import NAMES, details_of, entry, kind_and_field, name_and_email
from pages._shared.frame import go_through_frame
from pages._shared.members import place, sign_in, sign_out
from pages._shared.session import (
    archive,
    escape,
    flash,
    guest,
    language,
    member,
    number,
    outbox,
    people,
    say,
    t,
)
from vov_core.errors import VovError
from vov_core.people import Member

go_through_frame("account")


def take_token(name: str) -> str:
    """The token of a mailed link; it leaves the address at once, which others may see."""
    state = st.session_state
    if name in st.query_params:
        state[f"{name}_token"] = st.query_params[name]
        st.query_params.clear()
    return str(state.get(f"{name}_token", ""))


def new_password(token: str) -> None:
    """After a click on the link for a forgotten password."""
    try:
        whose = people().whose_link(token)
    except VovError as error:
        st.error(say(error), icon=":material/link_off:")
        return
    with st.form("reset"):
        st.markdown(t("account.reset_text", login=escape(whose.login)))
        password = st.text_input(
            t("account.new_password"),
            type="password",
            key="reset_password",
            autocomplete="new-password",
            help=t("account.password_help"),
        )
        st.caption(t("account.password_rule"))
        sent = st.form_submit_button(t("account.reset_send"), type="primary", key="reset_send")
    if sent:
        try:
            signed_in = people().reset(token, password, place())
        except VovError as error:
            st.error(say(error), icon=":material/error:")
        else:
            st.session_state.pop("reset_token")
            sign_in(signed_in, stay=False)


def confirm_address(token: str) -> None:
    """After a click on the link in the first letter. A mail program's preview does not click."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(t("account.confirm_text"))
        if not st.button(t("account.confirm_send"), type="primary", key="confirm_send"):
            return
    st.session_state.pop("confirm_token")
    try:
        people().confirm(token)
    except VovError as error:
        st.error(say(error), icon=":material/link_off:")
    else:
        flash(t("account.confirmed"), ":material/verified:")
        st.rerun()


def take_over(me: Member) -> None:
    """What this browser saved as a guest may become the member's."""
    visitor = guest()
    count = archive().totals(visitor).photos
    if not count or st.session_state.get("left_to_guest"):
        return
    with st.container(border=True, key="take_over"):
        st.markdown(f":material/move_up: {t('account.take_over_text', n=number(count))}")
        with st.container(horizontal=True):
            if st.button(t("account.take_over"), type="primary", key="take_over_yes"):
                taken = archive().adopt(visitor, me.owner)
                flash(t("account.taken_over", n=number(taken)), ":material/move_up:")
                st.rerun()
            if st.button(t("account.take_over_not"), key="take_over_no"):
                st.session_state.left_to_guest = True
                st.rerun()


def my_data(me: Member) -> None:
    """Name, address, class and field of work."""
    with st.form("data", border=False):
        left, right = st.columns(2, gap="medium")
        with left:
            name, email = name_and_email("data", me.details.name, me.details.email)
        with right:
            st.text_input(t("account.id"), value=me.login, disabled=True, key="data_id")
            password = ""
            if me.has_password:
                password = st.text_input(
                    t("account.password"),
                    type="password",
                    key="data_password",
                    autocomplete="current-password",
                    help=t("account.data_password_help"),
                )
        kind, field = kind_and_field("data", me.details.kind, me.details.field_of_work)
        sent = st.form_submit_button(
            t("account.data_send"), type="primary", icon=":material/save:", key="data_send"
        )
    if sent:
        try:
            details = details_of(name, email, kind, field)
            people().change(me, details, password, my_token(), language())
        except VovError as error:
            st.error(say(error), icon=":material/error:")
        else:
            flash(t("account.data_sent"))
            forget_and_rerun()
    if people().can_mail and me.details.email and not me.email_confirmed:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f":material/mark_email_unread: {t('account.unconfirmed')}")
            if st.button(t("account.confirm_again"), key="confirm_again"):
                people().confirm_again(me, language())
                st.toast(t("account.confirm_sent"), icon=":material/mail:")


def change_password(me: Member) -> None:
    """Asks for the old one; all other browsers are signed out."""
    with st.form("password", border=False):
        left, right = st.columns(2, gap="medium")
        old = ""
        if me.has_password:
            old = left.text_input(
                t("account.old_password"),
                type="password",
                key="password_old",
                autocomplete="current-password",
            )
        new = (right if me.has_password else left).text_input(
            t("account.new_password"),
            type="password",
            key="password_new",
            autocomplete="new-password",
            help=t("account.password_help"),
        )
        st.caption(t("account.password_others"))
        sent = st.form_submit_button(
            t("account.password_send"), type="primary", icon=":material/key:", key="password_send"
        )
    if sent:
        try:
            people().change_password(me, old, new, my_token(), language())
        except VovError as error:
            st.error(say(error), icon=":material/error:")
        else:
            flash(t("account.password_sent"), ":material/key:")
            forget_and_rerun()


def browsers(me: Member) -> None:
    """Where this person is signed in."""
    mine = people().browsers(me, my_token())
    for browser in mine:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/devices: **{escape(browser.name)}**")
            st.caption(t("account.browser_seen", time=f"{browser.seen_at:%Y-%m-%d %H:%M}"))
            st.space("stretch")
            if browser.current:
                st.badge(t("account.browser_current"), color="green")
            elif st.button(t("account.log_out"), key=f"end-{browser.id[:16]}"):
                people().log_out_one(me, browser.id)
                st.rerun()
    if len(mine) > 1 and st.button(
        t("account.log_out_others"), icon=":material/logout:", key="end_others"
    ):
        people().log_out_others(me, my_token())
        flash(t("account.logged_out_others"), ":material/logout:")
        st.rerun()
    services = people().identities.of(me.id)
    if services:
        st.caption(t("account.services", names=", ".join(NAMES[name] for name in services)))


def delete_account(me: Member) -> None:
    """Password and the typed id; then everything is gone."""
    st.markdown(t("account.delete_text", login=escape(me.login)))
    with st.form("close", border=False):
        left, right = st.columns(2, gap="medium")
        typed = left.text_input(t("account.delete_type", login=me.login), key="close_typed")
        password = ""
        if me.has_password:
            password = right.text_input(
                t("account.password"),
                type="password",
                key="close_password",
                autocomplete="current-password",
            )
        sent = st.form_submit_button(
            t("account.delete_send"), icon=":material/delete_forever:", key="close_send"
        )
    if not sent:
        return
    if typed.strip().lower() != me.login:
        st.error(t("account.delete_typed_wrong"), icon=":material/error:")
        return
    try:
        people().close(me, password, my_token(), archive())
        outbox().forget(me.owner.key)
    except VovError as error:
        st.error(say(error), icon=":material/error:")
    else:
        sign_out(t("account.deleted"))


def my_token() -> str:
    """The token of this browser's log-in."""
    return str(st.session_state.member_token)


def forget_and_rerun() -> None:
    """Starts over with what is in the database now, and with empty fields."""
    for name in list(st.session_state):
        if str(name).startswith(("data_", "password_", "member_known")):
            del st.session_state[name]
    st.rerun()


st.title(t("account.title"))
reset_token, confirm_token = take_token("reset"), take_token("confirm")
me = member()
if confirm_token:
    confirm_address(confirm_token)
if reset_token:
    new_password(reset_token)
elif me is None:
    entry()
else:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/account_circle: **{escape(me.details.name)}** · {escape(me.login)}")
        st.space("stretch")
        if st.button(t("account.log_out"), icon=":material/logout:", key="log_out"):
            sign_out(t("account.goodbye"))
    take_over(me)
    sections = {
        t("account.my_data"): my_data,
        t("account.password"): change_password,
        t("account.browsers"): browsers,
        t("account.delete"): delete_account,
    }
    for tab, section in zip(st.tabs(list(sections)), sections.values(), strict=True):
        with tab:
            section(me)
