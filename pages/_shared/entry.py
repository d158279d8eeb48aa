"""Logging in, signing up and forgotten passwords: what somebody sees who is not signed in."""

import streamlit as st

from pages._shared.members import (
    OPEN_PAGES,
    auth_mode,
    known_member,
    place,
    providers,
    sign_in,
    social_visitor,
)
from pages._shared.session import escape, people, say, t
from vov_core.errors import (
    FieldOfWorkMissingError,
    PasswordNotUsableError,
    PersonError,
    VovError,
)
from vov_core.people import (
    AccountKind,
    Details,
    FieldOfWork,
    Visitor,
    check_password,
    clean_email,
    clean_name,
)

VIEWS = ("log_in", "sign_up", "forgot")
ICONS = {
    "google": ":material/account_circle:",
    "kakao": ":material/chat_bubble:",
    "naver": ":material/public:",
}
NAMES = {"google": "Google", "kakao": "Kakao", "naver": "Naver"}


def may_open(page: str) -> bool:
    """Whether this person may open a page (its address; empty for the home page)."""
    return auth_mode() != "required" or (page or "home") in OPEN_PAGES or known_member() is not None


def show_entry(title: str) -> None:
    """Instead of a page that needs a log-in. After it the page itself is shown."""
    st.title(title)
    st.info(t("account.needed"), icon=":material/lock:")
    entry()


def entry() -> None:
    """Log-in, sign-up or forgotten password."""
    who = social_visitor()
    if who is not None:
        _first_time(who)
        return
    view = st.segmented_control(
        t("account.title"),
        VIEWS,
        default="log_in",
        required=True,
        format_func=lambda name: t(f"account.view_{name}"),
        key="account_view",
        label_visibility="collapsed",
    )
    if view == "sign_up":
        _sign_up()
        return
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        _log_in() if view == "log_in" else _forgot()
    with right.container(border=True):
        st.markdown(f"#### {t('account.why')}")
        st.markdown(t("account.why_text"))


def _log_in() -> None:
    with st.form("log_in"):
        login = st.text_input(t("account.id"), key="log_in_id", autocomplete="username")
        password = st.text_input(
            t("account.password"),
            type="password",
            key="log_in_password",
            autocomplete="current-password",
        )
        stay = st.checkbox(t("account.stay"), key="log_in_stay", help=t("account.stay_help"))
        sent = st.form_submit_button(
            t("account.log_in"), type="primary", icon=":material/login:", key="log_in_send"
        )
    if sent:
        try:
            signed_in = people().log_in(login, password, place(), stay=stay)
        except VovError as error:
            st.error(say(error), icon=":material/error:")
        else:
            sign_in(signed_in, stay=stay)
    _other_services()


def _other_services() -> None:
    configured = providers()
    if not configured:
        return
    st.caption(t("account.or_with"))
    with st.container(horizontal=True):
        for name in configured:
            if st.button(
                t("account.with", service=NAMES[name]), icon=ICONS[name], key=f"with_{name}"
            ):
                st.login(name)


def _sign_up() -> None:
    """Outside of a form, so that a taken id is told while it is typed."""
    with st.container(border=True, key="sign_up"):
        left, right = st.columns(2, gap="medium")
        with left:
            login = st.text_input(
                t("account.id"),
                key="sign_up_id",
                max_chars=30,
                autocomplete="username",
                live=True,
                help=t("account.id_help"),
            )
            _tell_id(login)
            password = st.text_input(
                t("account.password"),
                type="password",
                key="sign_up_password",
                autocomplete="new-password",
                help=t("account.password_help"),
            )
            _tell_password(password, login)
        with right:
            name, email = name_and_email("sign_up")
        kind, field = kind_and_field("sign_up")
        stay = st.checkbox(t("account.stay"), key="sign_up_stay", help=t("account.stay_help"))
        st.caption(f":material/lock: {t('account.kept')}")
        sent = st.button(
            t("account.sign_up"), type="primary", icon=":material/person_add:", key="sign_up_send"
        )
    if sent:
        try:
            details = details_of(name, email, kind, field)
            signed_in = people().sign_up(login, password, details, place(), stay=stay)
        except VovError as error:
            st.error(say(error), icon=":material/error:")
        else:
            sign_in(signed_in, stay=stay)
    _other_services()


def _tell_id(login: str) -> None:
    if not login.strip():
        st.caption(t("account.id_rule"))
        return
    asked, answer = st.session_state.get("sign_up_checked", ("", None))
    if asked != login:
        answer = _ask_id(login)
        st.session_state.sign_up_checked = (login, answer)
    if answer is True:
        st.caption(f":green[:material/check_circle: {t('account.id_free')}]")
    else:
        words = t("account.id_taken") if answer is False else say(answer)
        st.caption(f":red[:material/cancel: {escape(words)}]")


def _ask_id(login: str) -> bool | PersonError:
    try:
        return people().is_free(login, place())
    except PersonError as error:
        return error


def _tell_password(password: str, login: str) -> None:
    if not password:
        st.caption(t("account.password_rule"))
        return
    try:
        check_password(password, login.strip().lower())
    except PasswordNotUsableError as error:
        st.caption(f":red[:material/cancel: {escape(say(error))}]")
    else:
        st.caption(f":green[:material/check_circle: {t('account.password_good')}]")


def name_and_email(form: str, name: str = "", email: str = "") -> tuple[str, str]:
    """The fields for name and e-mail."""
    return (
        st.text_input(
            t("account.name"),
            value=name,
            key=f"{form}_name",
            max_chars=80,
            autocomplete="name",
            on_change="ignore",
        )
        or "",
        st.text_input(
            t("account.email"),
            value=email,
            key=f"{form}_email",
            max_chars=254,
            type="email",
            autocomplete="email",
            help=t("account.email_help"),
            on_change="ignore",
        )
        or "",
    )


def kind_and_field(
    form: str, kind: AccountKind = AccountKind.PERSONAL, field: FieldOfWork | None = None
) -> tuple[AccountKind, FieldOfWork | None]:
    """The fields for class and field of work."""
    left, right = st.columns(2, gap="medium")
    with left:
        chosen = st.segmented_control(
            t("account.kind"),
            list(AccountKind),
            default=kind,
            required=True,
            format_func=lambda each: t(f"account.kind_{each}"),
            key=f"{form}_kind",
            width="stretch",
        )
    with right:
        fields = list(FieldOfWork)
        work = st.selectbox(
            t("account.field"),
            fields,
            index=fields.index(field) if field else None,
            placeholder=t("account.field_choose"),
            format_func=lambda each: t(f"fields.{each}"),
            key=f"{form}_field",
            help=t("account.field_help"),
        )
    return AccountKind(chosen or kind), work and FieldOfWork(work)


def details_of(name: str, email: str, kind: AccountKind, field: FieldOfWork | None) -> Details:
    """What somebody wrote, cleaned.

    Raises:
        VovError: Something can't be used.
    """
    if field is None:
        raise FieldOfWorkMissingError()
    return Details(name=clean_name(name), email=clean_email(email), kind=kind, field_of_work=field)


def _forgot() -> None:
    if not people().can_mail:
        st.info(t("account.no_mail"), icon=":material/support_agent:")
        return
    with st.form("forgot"):
        st.markdown(t("account.forgot_text"))
        asked = st.text_input(t("account.id_or_email"), key="forgot_who", autocomplete="username")
        sent = st.form_submit_button(
            t("account.forgot_send"), type="primary", icon=":material/mail:", key="forgot_send"
        )
    if sent and asked.strip():
        try:
            people().forgot(asked, place())
        except VovError as error:
            st.error(say(error), icon=":material/error:")
        else:
            # The same whether anybody is known by it or not.
            st.success(t("account.forgot_sent"), icon=":material/mark_email_read:")


def _first_time(who: Visitor) -> None:
    """Somebody from another service: a new account, or one that is there already?"""
    st.markdown(t("account.first_time", service=NAMES[who.provider]))
    new, known = st.tabs([t("account.first_new"), t("account.first_link")])
    with new, st.form("social_new"):
        left, right = st.columns(2, gap="medium")
        with left:
            name = st.text_input(t("account.name"), value=who.name, key="social_name", max_chars=80)
        with right:
            email = st.text_input(
                t("account.email"),
                value=who.email or "",
                key="social_email",
                help=t("account.email_help"),
                disabled=who.email is not None and who.email_verified,
            )
        kind, field = kind_and_field("social")
        st.caption(f":material/lock: {t('account.kept')}")
        if st.form_submit_button(t("account.sign_up"), type="primary", key="social_send"):
            try:
                details = details_of(name, email, kind, field)
                signed_in = people().social_sign_up(who, details, place())
            except VovError as error:
                st.error(say(error), icon=":material/error:")
            else:
                sign_in(signed_in, stay=True)
    with known, st.form("social_link"):
        st.caption(t("account.first_link_text", service=NAMES[who.provider]))
        login = st.text_input(t("account.id"), key="social_id", autocomplete="username")
        password = st.text_input(
            t("account.password"),
            type="password",
            key="social_password",
            autocomplete="current-password",
        )
        if st.form_submit_button(t("account.first_link"), type="primary", key="social_link_send"):
            try:
                signed_in = people().social_link(who, login, password, place())
            except VovError as error:
                st.error(say(error), icon=":material/error:")
            else:
                sign_in(signed_in, stay=True)
    if st.button(t("my_photos.cancel"), key="social_cancel"):
        del st.session_state.social_visitor
        st.logout()
