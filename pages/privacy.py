"""Privacy: what is kept about this person, where and how long; take it along, delete it."""

import io
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from pages._shared.frame import figures, go_through_frame
from pages._shared.receipts import size_text
from pages._shared.session import (
    archive,
    flash,
    language,
    member,
    number,
    outbox,
    owner,
    say,
    t,
    told_errors,
)
from vov_core.archive import Erased, OwnerKind
from vov_core.audit import AuditTrail
from vov_core.errors import VovError
from vov_core.export import export
from vov_core.texts import Language

go_through_frame("privacy")

DOCS = Path(__file__).parents[1] / "docs"
NOTICES = {Language.ENGLISH: "PRIVACY.md", Language.KOREAN: "PRIVACY.ko.md"}


def yours() -> int:
    """The figures of one's own data; returns how many photos are kept."""
    me, kept = owner(), archive()
    count, size = kept.totals(me)
    standing = [given for given in kept.agreements(me) if not given.withdrawn_at]
    figures(
        {
            t("privacy.photos"): number(count),
            t("privacy.size"): size_text(size),
            t("privacy.agreed"): (
                f"{standing[-1].given_at:%Y-%m-%d}" if standing else t("privacy.no_consent")
            ),
            t("privacy.entries"): number(len(AuditTrail(kept.database).of(me.key))),
        }
    )
    if me.kind == OwnerKind.GUEST:
        st.caption(f":material/cookie: {t('privacy.guest')}")
    return count


def days(count: int, otherwise: str) -> str:
    """A time to live, in words."""
    return t("privacy.days", days=count) if count else t(f"privacy.{otherwise}")


def what_is_kept() -> None:
    """What, where, how long, as a table."""
    me, retention = owner(), archive().retention
    photos = days(retention.days(me.kind), "until_deleted")
    database = t("privacy.row_receipt_where")
    consent = t("privacy.row_consent_long")
    if me.kind == OwnerKind.GUEST and retention.guest_days:
        consent = t("privacy.row_consent_long_guest", days=retention.guest_days)
    audit = days(retention.audit_days, "for_ever")
    rows = [
        ("upload", t("privacy.row_upload_where"), t("privacy.row_upload_long")),
        ("output", t("privacy.row_output_where"), photos),
        ("receipt", database, photos),
        ("consent", database, consent),
        ("audit", database, audit),
        ("usage", database, t("privacy.row_usage_long")),
    ]
    if outbox().is_on:
        rows.append(("mail", database, t("privacy.row_mail_long")))
    if me.kind == OwnerKind.GUEST:
        rows.append(("cookie", t("privacy.row_cookie_where"), t("privacy.row_cookie_long")))
    else:
        rows.append(("account", database, t("privacy.row_account_long")))
    head = "".join(f"<th>{t(f'privacy.col_{name}')}</th>" for name in ("what", "where", "long"))
    body = "".join(
        f"<tr><td>{t(f'privacy.row_{name}')}</td><td>{where}</td><td>{long}</td></tr>"
        for name, where, long in rows
    )
    st.html(f'<table class="vov-kept"><tr>{head}</tr>{body}</table>')
    st.info(t("privacy.never"), icon=":material/fingerprint:")


def account() -> dict[str, object]:
    """What a member told; a guest told nothing."""
    someone = member()
    if someone is None:
        return {}
    told = asdict(someone.details)
    return {"id": someone.login, "created_at": someone.created_at.isoformat(), **told}


def take_along() -> None:
    """The zip is made when it is asked for, since it may be large."""
    st.markdown(f"#### :material/download: {t('privacy.export')}")
    st.markdown(t("privacy.export_text"))
    if st.button(t("privacy.prepare"), icon=":material/folder_zip:", key="prepare"):
        buffer = io.BytesIO()
        with st.spinner(t("privacy.preparing")), told_errors():
            export(archive(), owner(), buffer, account=account())
            st.download_button(
                t("privacy.download"),
                buffer.getvalue(),
                file_name="vov_my_data.zip",
                mime="application/zip",
                type="primary",
                icon=":material/download:",
                on_click="ignore",
                key="export",
            )


def told(done: Erased, message: str) -> None:
    """What became of it, after the coming rerun."""
    flash(t(message, n=done.photos + done.pending), ":material/delete:")
    if done.pending:
        flash(t("privacy.pending", n=done.pending), ":material/schedule:")


def withdraw(count: int) -> None:
    """Consent back, and what follows said before."""
    st.markdown(f"#### :material/undo: {t('privacy.withdraw')}")
    if not any(not given.withdrawn_at for given in archive().agreements(owner())):
        st.markdown(t("privacy.withdraw_none"))
        return
    st.markdown(t("privacy.withdraw_text", n=number(count)))
    if st.button(t("privacy.withdraw_yes"), icon=":material/undo:", key="withdraw"):
        with told_errors():
            told(archive().withdraw(owner()), "privacy.withdrawn")
            st.rerun()


def erase() -> None:
    """Everything, after a typed word."""
    st.markdown(f"#### :material/delete_forever: {t('privacy.erase')}")
    st.markdown(t("privacy.erase_text"))
    if st.button(t("privacy.erase"), icon=":material/delete_forever:", key="erase"):
        confirm_erase()


def confirm_erase() -> None:
    """Asks for the word, then deletes for good."""

    @st.dialog(t("privacy.erase_title"), icon=":material/delete_forever:")
    def ask() -> None:
        word = t("privacy.erase_word")
        st.markdown(t("privacy.erase_text"))
        typed = st.text_input(t("privacy.erase_ask", word=word), key="erase_word")
        with st.container(horizontal=True):
            sure = st.button(t("privacy.erase_yes"), type="primary", key="erase_yes")
            if st.button(t("privacy.cancel"), key="erase_no"):
                st.rerun()
        if sure and typed.strip() == word:
            try:
                done = archive().delete_all(owner())
            except VovError as error:
                st.error(say(error), icon=":material/error:")
                return
            told(done, "privacy.erased")
            st.rerun()
        elif sure:
            st.warning(t("privacy.erase_ask", word=word), icon=":material/keyboard:")

    ask()


st.title(t("privacy.title"))
st.html(f'<p class="lede">{t("privacy.lede")}</p>')
st.subheader(t("privacy.yours"))
kept_photos = yours()
st.subheader(t("privacy.what"))
what_is_kept()
for column, part in zip(
    st.columns(3), (take_along, lambda: withdraw(kept_photos), erase), strict=True
):
    with column.container(border=True, height="stretch"):
        part()
with st.expander(t("privacy.policy"), icon=":material/gavel:"):
    st.markdown((DOCS / NOTICES[language()]).read_text(encoding="utf-8"))
