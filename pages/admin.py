"""Admin: accounts, numbers, and whether everything works. Never anybody's picture."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pandas as pd
import streamlit as st

from pages._shared.frame import figures, go_through_frame
from pages._shared.receipts import size_text
from pages._shared.session import (
    archive,
    escape,
    finder,
    flash,
    history,
    member,
    number,
    outbox,
    people,
    say,
    settings,
    t,
)
from vov_core.archive import OwnerKind, OwnerTotals
from vov_core.errors import NotAllowedError, VovError
from vov_core.history import Filter
from vov_core.models import is_available, manifest
from vov_core.people import Member, account_link

go_through_frame("admin")

PER_PAGE = 20
RECENTLY = timedelta(days=30)


def numbers() -> None:
    """Accounts, use and storage."""
    total, seen, disabled = people().accounts.numbers(datetime.now(UTC) - RECENTLY)
    use = history().totals(Filter())
    figures(
        {
            t("admin.accounts"): number(total),
            t("admin.seen"): number(seen),
            t("admin.disabled"): number(disabled),
            t("history.photos"): number(use.photos),
            t("history.fingerprints"): number(use.fingerprints),
        }
    )
    kept = archive().everything()
    nothing = OwnerTotals(0, 0)
    members, guests = (kept.get(kind, nothing) for kind in (OwnerKind.MEMBER, OwnerKind.GUEST))
    with st.container(key="figures_storage"):
        columns = st.columns(3)
    for column, (label, value) in zip(
        columns,
        {
            t("admin.kept_members"): f"{number(members.photos)} · {size_text(members.bytes)}",
            t("admin.kept_guests"): f"{number(guests.photos)} · {size_text(guests.bytes)}",
            t("admin.free"): _free(),
        }.items(),
        strict=True,
    ):
        column.metric(label, value, border=True)


def _free() -> str:
    if settings().store != "local":
        return t("admin.free_s3")
    return size_text(shutil.disk_usage(settings().data_dir).free)


def health() -> None:
    """Whether store, database, mail and models work."""
    checks: dict[str, Callable[[], str]] = {
        t("admin.database"): _database,
        t("admin.store"): _store,
        t("admin.mail"): _mail,
        t("admin.models"): _models,
    }
    for column, (title, check) in zip(st.columns(4), checks.items(), strict=True):
        with column.container(border=True, height="stretch"):
            try:
                words = check()
            except VovError as error:
                st.markdown(f":red[:material/error:] **{title}**")
                st.caption(say(error))
            else:
                off = title == t("admin.mail") and not people().can_mail
                sign = ":orange[:material/warning:]" if off else ":green[:material/check_circle:]"
                st.markdown(f"{sign} **{title}**")
                st.caption(words)


def _database() -> str:
    archive().database.check()
    return "SQLite" if settings().database_url.startswith("sqlite") else "MariaDB"


def _store() -> str:
    archive().check()
    return t("admin.store_local") if settings().store == "local" else "S3"


def _mail() -> str:
    if not outbox().is_on:
        return t("admin.mail_off")
    if not settings().public_url:
        return t("admin.mail_no_url")
    return t("admin.mail_waiting", n=number(outbox().waiting()))


def _models() -> str:
    names = [model.name for model in manifest() if is_available(model.name)]
    return ", ".join(names) if finder() else ""


def users(admin: Member) -> None:
    """All accounts, by search and page, and what can be done with one."""
    words = st.text_input(
        t("admin.search"), key="admin_search", icon=":material/search:", live=True
    )
    page = st.session_state.get("admin_page", 1)
    found, count = people().find(admin, words, offset=(page - 1) * PER_PAGE, limit=PER_PAGE)
    pages = -(-count // PER_PAGE)
    if page > max(pages, 1):
        st.session_state.pop("admin_page", None)
        st.rerun()
    if not found:
        st.info(t("admin.none"), icon=":material/person_search:")
        return
    st.dataframe(pd.DataFrame([_row(each) for each in found]), hide_index=True)
    if pages > 1:
        st.pagination(pages, key="admin_page")
    chosen = st.selectbox(
        t("admin.choose"),
        [each.login for each in found],
        index=None,
        placeholder=t("admin.choose"),
        key="admin_user",
        label_visibility="collapsed",
    )
    for each in found:
        if each.login == chosen:
            _actions(admin, each)


def _row(each: Member) -> dict[str, object]:
    return {
        t("account.id"): each.login,
        t("account.name"): each.details.name,
        t("account.email"): each.details.email,
        t("account.kind"): t(f"account.kind_{each.details.kind}"),
        t("account.field"): t(f"fields.{each.details.field_of_work}"),
        t("admin.since"): f"{each.created_at:%Y-%m-%d}",
        t("admin.last"): f"{each.seen_at:%Y-%m-%d}" if each.seen_at else "–",
        t("admin.state"): _state(each),
    }


def _state(each: Member) -> str:
    if each.is_admin:
        return t("admin.state_admin")
    return t("admin.state_disabled") if each.disabled else t("admin.state_active")


def _actions(admin: Member, user: Member) -> None:
    with st.container(border=True):
        st.markdown(f"**{escape(user.details.name)}** · {escape(user.login)} · {_state(user)}")
        if user.is_admin:
            st.caption(t("admin.not_admins"))
            return
        with st.container(horizontal=True):
            if user.disabled:
                if st.button(t("admin.enable"), icon=":material/lock_open:", key="admin_enable"):
                    people().enable(admin, user)
                    st.rerun()
            elif st.button(t("admin.disable"), icon=":material/block:", key="admin_disable"):
                people().disable(admin, user)
                st.rerun()
            if st.button(t("admin.link"), icon=":material/link:", key="admin_link"):
                token = people().reset_link(admin, user)
                base = settings().public_url or (st.context.url or "").rpartition("/")[0]
                st.session_state.admin_made = account_link(base, "reset", token)
            if st.button(t("admin.delete"), icon=":material/delete_forever:", key="admin_delete"):
                ask_to_delete(admin, user)
        if made := st.session_state.pop("admin_made", None):
            st.caption(t("admin.link_text", login=escape(user.login)))
            st.code(made, language=None)


def ask_to_delete(admin: Member, user: Member) -> None:
    """Asks once, then deletes the account and its photos for good."""

    @st.dialog(t("admin.delete_title", login=user.login), icon=":material/delete_forever:")
    def ask() -> None:
        st.markdown(t("admin.delete_text"))
        with st.container(horizontal=True):
            if st.button(t("my_photos.delete_yes"), type="primary", key="admin_delete_yes"):
                try:
                    people().remove(admin, user, archive())
                    outbox().forget(user.owner.key)
                except VovError as error:
                    st.error(say(error), icon=":material/error:")
                    return
                st.session_state.pop("admin_user", None)
                flash(t("admin.deleted", login=escape(user.login)), ":material/delete:")
                st.rerun()
            if st.button(t("my_photos.cancel"), key="admin_delete_no"):
                st.rerun()

    ask()


st.title(t("admin.title"))
me = member()
if me is None or not me.is_admin:
    # The page is not in an ordinary person's navigation, but whoever is demoted may still be here.
    raise NotAllowedError()
st.caption(f":material/visibility_off: {t('admin.promise')}")
numbers()
st.subheader(t("admin.health"))
health()
st.subheader(t("admin.users"))
users(me)
