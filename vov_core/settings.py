"""What the operator decides: where data is kept, and the limits.

Values come from environment variables (``VOV_`` + the field's name in capitals) and from the
``[vov]`` section of a secrets file; the environment wins. Everything is checked at once, so that a
wrong setting is told at start and not in the middle of a person's save.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from vov_core.errors import SettingsError

PREFIX: Final = "VOV_"
SECTION: Final = "vov"

_DRIVERS: Final = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "mysql": "mariadb+pymysql",
    "mariadb": "mariadb+pymysql",
    "mysql+pymysql": "mariadb+pymysql",
    "mariadb+pymysql": "mariadb+pymysql",
}
_RANGES: Final = {
    "link_seconds": (1, 7 * 24 * 3600),
    "max_upload_mb": (1, 1000),
    "max_megapixels": (1, 1000),
    "session_mb": (1, 100_000),
    "smtp_port": (1, 65_535),
    "mail_max_mb": (1, 100),
    "mail_per_hour": (1, 10_000),
    "mail_total_per_hour": (1, 1_000_000),
    "stay_signed_in_days": (1, 365),
    "guest_days": (0, 36_500),
    "member_days": (0, 36_500),
    "audit_days": (0, 36_500),
    "booth_idle_seconds": (10, 3600),
    "max_video_mb": (1, 10_000),
    "max_video_seconds": (1, 24 * 3600),
    "max_video_megapixels": (1, 100),
    "video_jobs": (1, 16),
    "video_grace_seconds": (1, 3600),
    "session_photos": (1, 10_000),
    "photos_at_once": (1, 256),
    "photos_waiting": (1, 100_000),
    "uploads_mb": (1, 1_000_000),
    "metrics_port": (0, 65_535),
}
_CHOICES: Final = {
    "store": ("local", "s3"),
    "s3_sse": (None, "AES256", "aws:kms"),
    "smtp_security": ("starttls", "tls", "none"),
    "log_level": ("DEBUG", "INFO", "WARNING", "ERROR"),
    "log_format": ("text", "json"),
    "auth": ("off", "optional", "required"),
}
_SHORTEST_KEY: Final = 32
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:]+")
_ADDRESS: Final = r"[^\s<>@,;:\"\\]+@[^\s<>@,;:\"\\]+"
_SENDER: Final = re.compile(rf"{_ADDRESS}|[^<>@,;:\"\\]*<{_ADDRESS}>")
_ICE_FIELDS: Final = {"urls", "username", "credential"}
_ICE_URL: Final = re.compile(r"(stun|turn)s?:[^\s]+")
_WORDS: Final = {
    "on": True,
    "true": True,
    "1": True,
    "yes": True,
    "off": False,
    "false": False,
    "0": False,
    "no": False,
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of one running VOV. Secrets do not appear in ``repr``.

    Attributes:
        data_dir: Folder of the embedded database and object store; made when needed.
        database_url: SQLAlchemy URL of a SQLite file or a MariaDB server. Empty takes
            ``vov.sqlite`` in ``data_dir``. ``mysql://`` and ``mariadb://`` both mean PyMySQL.
        database_tls: For MariaDB: True (the system must know who signed the server's certificate)
            or the signing authority's file; the host name is checked, too. False encrypts if the
            server offers it, but to whoever answers.
        store: ``local`` (a folder in ``data_dir``) or ``s3``.
        s3_endpoint: URL of an S3-compatible server; None for AWS.
        s3_public_endpoint: URL of that server for people's browsers, if they may reach it: links
            to photos lead there. None: links lead to VOV itself.
        s3_bucket: Must exist already.
        s3_region: Region name; most other servers accept any.
        s3_access_key: None leaves it to boto3's usual places (instance role, profile).
        s3_secret_key: Likewise.
        s3_sse: Encryption at rest that the server is asked for: None, ``AES256``, ``aws:kms``.
        s3_prefix: Put before every key, for buckets shared with others.
        secret_key: Encrypts e-mails that wait in the database and signs download links; at least
            32 characters. Processes that share a database must share it, too. None takes a key that
            lives in the process's memory only: letters and links end with the process.
        link_seconds: Life of a download link, 1 second to 7 days (S3's own limit).
        max_upload_mb: Bytes of one upload, in MiB.
        max_megapixels: Pixels of one photo.
        session_mb: Memory that one session's photos may hold, in MiB.
        smtp_host: Mail server; None for none: VOV then offers no e-mail.
        smtp_port: Usually 587 with ``starttls``, 465 with ``tls``, 25 with ``none``.
        smtp_security: ``starttls``, ``tls`` or ``none`` (no encryption; for a server on the same
            machine, without log-in). The certificate is always checked.
        smtp_user: For log-in at the mail server, with ``smtp_password``.
        smtp_password: Likewise.
        smtp_ca: File of the authority that signed the mail server's certificate; None takes the
            system's.
        mail_from: Sender of all e-mails: an address, or ``Name <address>``.
        mail_max_mb: Of one e-mail as it travels (base64 makes photos a third larger), in MiB.
        mail_per_hour: E-mails per person, and per recipient.
        mail_total_per_hour: E-mails of everybody together.
        guest_days: Life of a guest's saved photo, in days; 0 keeps it until it is deleted.
        member_days: Likewise for members.
        audit_days: Life of an entry of the audit trail, in days; 0 keeps all.
        booth_idle_seconds: After how long without a touch the booth forgets its guest.
        booth_kiosk: Whether the booth stands in public: with its guest, everything of the session
            is forgotten, and the next one is another person to the archive.
        ice_servers: STUN and TURN servers for the live picture, each with ``urls`` and, for TURN,
            ``username`` and ``credential``; JSON in the environment. None: the browser and VOV must
            reach each other directly, and nobody else is asked.
        max_video_mb: Bytes of one video, in MiB; ``server.maxUploadSize`` bounds it as well.
        max_video_seconds: Length of one video.
        max_video_megapixels: Pixels of one frame of a video.
        video_jobs: Videos that one process works on at the same time; others wait their turn.
        video_grace_seconds: How long work on a video goes on after its browser was closed.
        session_photos: Photos that one session may hold.
        photos_at_once: Photos of all sessions that are decoded and examined at the same time.
        photos_waiting: Photos of all sessions that may wait for that.
        uploads_mb: Uploads of all sessions that are arriving or not read yet, in MiB.
        candidates_dir: Folder with other versions of the detector's weights, a folder for each, for
            the lab to compare; None for none. Nothing else loads them.
        log_level: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
        log_format: ``text`` for people, ``json`` for one object per line.
        metrics_port: Port of the figures for Prometheus; 0 for none. It has no log-in, so only
            the operator's network may reach it.
        metrics_host: Address that the port listens on.
        auth: Accounts: ``off`` (everybody is a guest), ``optional`` or ``required``.
        admins: Ids of the admins; their accounts are made with ``python -m vov_core account``.
        stay_signed_in_days: How long "stay signed in" lasts.
        public_url: Where VOV is on the web. Mailed links lead there, so it is never taken from a
            visitor's request; without it nothing about accounts is mailed.

    Raises:
        SettingsError: A value can't be used. Details: ``name`` (the field) and ``reason``
            (``unknown``, ``missing``, ``not_a_number``, ``out_of_range``, ``not_one_of``,
            ``not_a_url``, ``not_supported``, ``file_missing``, ``too_short``, ``not_usable``).
            Never the value.
    """

    data_dir: Path = Path("data")
    database_url: str = field(default="", repr=False)
    database_tls: bool | Path = False
    store: str = "local"
    s3_endpoint: str | None = None
    s3_public_endpoint: str | None = None
    s3_bucket: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key: str | None = field(default=None, repr=False)
    s3_secret_key: str | None = field(default=None, repr=False)
    s3_sse: str | None = None
    s3_prefix: str = ""
    secret_key: str | None = field(default=None, repr=False)
    link_seconds: int = 300
    max_upload_mb: int = 30
    max_megapixels: int = 80
    session_mb: int = 400
    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    smtp_ca: Path | None = None
    mail_from: str | None = None
    mail_max_mb: int = 20
    mail_per_hour: int = 20
    mail_total_per_hour: int = 500
    guest_days: int = 30
    member_days: int = 0
    audit_days: int = 730
    booth_idle_seconds: int = 90
    booth_kiosk: bool = False
    ice_servers: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    max_video_mb: int = 200
    max_video_seconds: int = 600
    max_video_megapixels: int = 9
    video_jobs: int = 1
    video_grace_seconds: int = 60
    session_photos: int = 200
    photos_at_once: int = 2
    photos_waiting: int = 200
    uploads_mb: int = 2000
    candidates_dir: Path | None = None
    log_level: str = "INFO"
    log_format: str = "text"
    metrics_port: int = 0
    metrics_host: str = "127.0.0.1"
    auth: str = "optional"
    admins: tuple[str, ...] = ()
    stay_signed_in_days: int = 30
    public_url: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "database_url", _database_url(self.database_url, self.data_dir))
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise SettingsError(name=name, reason="out_of_range", low=low, high=high)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise SettingsError(name=name, reason="not_one_of")
        if isinstance(self.database_tls, Path) and not self.database_tls.is_file():
            raise SettingsError(name="database_tls", reason="file_missing")
        if self.public_url is not None and not _is_web_url(self.public_url):
            raise SettingsError(name="public_url", reason="not_a_url")
        if self.candidates_dir is not None and not self.candidates_dir.is_dir():
            raise SettingsError(name="candidates_dir", reason="file_missing")
        if not _HOST.fullmatch(self.metrics_host):
            raise SettingsError(name="metrics_host", reason="not_usable")
        if self.secret_key is not None and len(self.secret_key) < _SHORTEST_KEY:
            raise SettingsError(name="secret_key", reason="too_short")
        self._check_s3()
        self._check_mail()

    def _check_s3(self) -> None:
        if self.store == "s3" and not self.s3_bucket:
            raise SettingsError(name="s3_bucket", reason="missing")
        for name in ("s3_endpoint", "s3_public_endpoint"):
            address = getattr(self, name)
            if address is not None and not _is_web_url(address):
                raise SettingsError(name=name, reason="not_a_url")
        if self.s3_access_key and not self.s3_secret_key:
            raise SettingsError(name="s3_secret_key", reason="missing")
        if self.s3_secret_key and not self.s3_access_key:
            raise SettingsError(name="s3_access_key", reason="missing")
        if self.s3_prefix.startswith("/") or not self.s3_prefix.isprintable():
            raise SettingsError(name="s3_prefix", reason="not_usable")

    def _check_mail(self) -> None:
        if self.smtp_host is not None and not _HOST.fullmatch(self.smtp_host):
            raise SettingsError(name="smtp_host", reason="not_usable")
        if self.smtp_host and not self.mail_from:
            raise SettingsError(name="mail_from", reason="missing")
        if self.mail_from is not None and not _is_sender(self.mail_from):
            raise SettingsError(name="mail_from", reason="not_usable")
        for name, other in (("smtp_user", "smtp_password"), ("smtp_password", "smtp_user")):
            if getattr(self, name) and not getattr(self, other):
                raise SettingsError(name=other, reason="missing")
        # A password in clear is a password given away.
        if self.smtp_user and self.smtp_security == "none":
            raise SettingsError(name="smtp_security", reason="not_usable")
        if self.smtp_ca is not None and not self.smtp_ca.is_file():
            raise SettingsError(name="smtp_ca", reason="file_missing")

    @classmethod
    def load(cls, secrets: Mapping[str, Any] | None = None) -> "Settings":
        """Reads the environment and, for what it leaves open, the secrets.

        Args:
            secrets: A mapping with a ``vov`` section whose names are the fields of this class, such
                as Streamlit's secrets. A mapping that turns out to have no file behind it counts
                as empty.

        Raises:
            SettingsError: A value can't be used, or the section has a name that is no setting.
        """
        values = _section(secrets)
        known = {item.name: item.type for item in fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise SettingsError(name=unknown[0], reason="unknown")
        for name in known:
            if (value := os.environ.get(PREFIX + name.upper())) is not None:
                values[name] = value
        return cls(**{name: _read(name, value) for name, value in values.items()})


def _section(secrets: Mapping[str, Any] | None) -> dict[str, Any]:
    try:
        section = secrets.get(SECTION, {}) if secrets is not None else {}
    except FileNotFoundError:
        return {}
    if not isinstance(section, Mapping):
        raise SettingsError(name=SECTION, reason="not_usable")
    return dict(section)


def _read(name: str, value: Any) -> Any:
    reader: Callable[[str, Any], Any] = _READERS.get(name, _read_text)
    return reader(name, value)


def _read_text(name: str, value: Any) -> str | None:
    if not isinstance(value, str):
        raise SettingsError(name=name, reason="not_usable")
    value = value.strip()
    return value or _EMPTY.get(name)


def _read_number(name: str, value: Any) -> int:
    try:
        return int(str(value).strip())
    except ValueError:
        raise SettingsError(name=name, reason="not_a_number") from None


def _read_folder(name: str, value: Any) -> Path:
    text = _read_text(name, str(value))
    if not text:
        raise SettingsError(name=name, reason="missing")
    return Path(text).expanduser()


def _read_tls(name: str, value: Any) -> bool | Path:
    text = str(value).strip()
    word = _WORDS.get(text.lower() or "off")
    return _read_folder(name, text) if word is None else word


def _read_file(name: str, value: Any) -> Path | None:
    return _read_folder(name, value) if str(value).strip() else None


def _read_names(name: str, value: Any) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise SettingsError(name=name, reason="not_usable")
    return tuple(word.strip().lower() for word in words if word.strip())


def _read_address(name: str, value: Any) -> str | None:
    text = _read_text(name, value)
    return text.rstrip("/") if text else None


def _read_switch(name: str, value: Any) -> bool:
    word = _WORDS.get(str(value).strip().lower() or "off")
    if word is None:
        raise SettingsError(name=name, reason="not_one_of")
    return word


def _read_ice_servers(name: str, value: Any) -> tuple[Mapping[str, Any], ...]:
    if isinstance(value, str):
        try:
            value = json.loads(value.strip() or "[]")
        except ValueError:
            raise SettingsError(name=name, reason="not_usable") from None
    if not isinstance(value, Sequence):
        raise SettingsError(name=name, reason="not_usable")
    return tuple(_ice_server(name, server) for server in value)


def _ice_server(name: str, server: Any) -> Mapping[str, Any]:
    """A server with nothing but what WebRTC knows, and addresses that it can use."""
    if not isinstance(server, Mapping) or not set(server) <= _ICE_FIELDS:
        raise SettingsError(name=name, reason="not_usable")
    urls = server.get("urls")
    listed = [urls] if isinstance(urls, str) else list(urls or [])
    if not listed or not all(isinstance(u, str) and _ICE_URL.match(u) for u in listed):
        raise SettingsError(name=name, reason="not_a_url")
    return dict(server) | {"urls": listed}


def _read_level(name: str, value: Any) -> str:
    return (_read_text(name, value) or "").upper()


_READERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "data_dir": _read_folder,
    "database_tls": _read_tls,
    "smtp_ca": _read_file,
    "candidates_dir": _read_file,
    "log_level": _read_level,
    "admins": _read_names,
    "public_url": _read_address,
    "booth_kiosk": _read_switch,
    "ice_servers": _read_ice_servers,
    **dict.fromkeys(_RANGES, _read_number),
}
# What an empty text means: "not set", which is the field's default.
_EMPTY: Final = {
    item.name: item.default for item in fields(Settings) if isinstance(item.default, str)
}


def _database_url(text: str, data_dir: Path) -> str:
    if not text:
        return URL.create("sqlite", database=str(data_dir / "vov.sqlite")).render_as_string()
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingsError(name="database_url", reason="not_a_url") from None
    driver = _DRIVERS.get(url.drivername)
    # An SQLite database in memory would be another one for each connection.
    if driver is None or not url.database or url.database == ":memory:":
        raise SettingsError(name="database_url", reason="not_supported")
    return url.set(drivername=driver).render_as_string(hide_password=False)


def _is_web_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None


def _is_sender(words: str) -> bool:
    """An address, or a name and an address; no second one, no second line."""
    return words.isprintable() and _SENDER.fullmatch(words) is not None
