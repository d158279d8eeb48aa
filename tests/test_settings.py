"""What the operator may set, and what is told when it is wrong."""

import ast
import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vov_core.errors import SettingsError
from vov_core.settings import Settings

SECRET = "a-very-secret-value"
EXAMPLE = Path(__file__).parents[1] / ".streamlit" / "secrets.toml.example"


class NoSecretsFile(dict[str, object]):
    """Streamlit's secrets without a file raise when they are first used."""

    def get(self, *_: object) -> object:
        raise FileNotFoundError


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for item in fields(Settings):
        monkeypatch.delenv(f"VOV_{item.name.upper()}", raising=False)


def problem(**values: object) -> tuple[object, object]:
    with pytest.raises(SettingsError) as caught:
        Settings.load({"vov": values})
    assert SECRET not in repr(caught.value)
    return caught.value.details["name"], caught.value.details["reason"]


def test_everything_has_a_default() -> None:
    settings = Settings.load()
    assert settings == Settings() == Settings.load({}) == Settings.load(NoSecretsFile())
    assert settings.database_url == "sqlite:///data/vov.sqlite"
    assert (settings.store, settings.link_seconds) == ("local", 300)
    assert (settings.max_upload_mb, settings.max_megapixels, settings.session_mb) == (30, 80, 400)


def test_secrets_are_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"vov": {"s3_bucket": "one", "store": "s3", "link_seconds": 60}}
    assert Settings.load(secrets).s3_bucket == "one"
    monkeypatch.setenv("VOV_S3_BUCKET", "two")
    monkeypatch.setenv("VOV_LINK_SECONDS", "5")
    monkeypatch.setenv("VOV_LOG_LEVEL", "debug")
    settings = Settings.load(secrets)
    assert (settings.s3_bucket, settings.link_seconds, settings.log_level) == ("two", 5, "DEBUG")


def test_the_database_follows_the_data_folder(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).database_url == f"sqlite:///{tmp_path}/vov.sqlite"


@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"])
def test_mariadb_is_always_pymysql(scheme: str) -> None:
    settings = Settings(database_url=f"{scheme}://vov:p%40ss@db:3307/vov")
    assert settings.database_url == "mariadb+pymysql://vov:p%40ss@db:3307/vov"
    assert replace(settings) == settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [("on", True), ("True", True), ("off", False), ("0", False), ("", False), (True, True)],
)
def test_tls(text: object, expected: bool) -> None:
    assert Settings.load({"vov": {"database_tls": text}}).database_tls is expected


def test_tls_with_a_certificate_file(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()
    assert Settings.load({"vov": {"database_tls": str(file)}}).database_tls == file
    assert problem(database_tls=str(tmp_path / "none.pem")) == ("database_tls", "file_missing")


def test_empty_texts_count_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("S3_ENDPOINT", "S3_SSE", "S3_REGION", "DATABASE_URL", "STORE", "S3_ACCESS_KEY"):
        monkeypatch.setenv(f"VOV_{name}", " ")
    assert Settings.load() == Settings()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"s3_buckte": "x"}, ("s3_buckte", "unknown")),
        ({"store": "ftp"}, ("store", "not_one_of")),
        ({"store": "s3"}, ("s3_bucket", "missing")),
        ({"s3_access_key": SECRET}, ("s3_secret_key", "missing")),
        ({"s3_secret_key": SECRET}, ("s3_access_key", "missing")),
        ({"s3_endpoint": "s3.example.org"}, ("s3_endpoint", "not_a_url")),
        ({"s3_public_endpoint": "s3.example.org"}, ("s3_public_endpoint", "not_a_url")),
        ({"s3_endpoint": f"https://me:{SECRET}@s3.example.org"}, ("s3_endpoint", "not_a_url")),
        ({"s3_endpoint": "http://[::1"}, ("s3_endpoint", "not_a_url")),
        ({"s3_sse": "rot13"}, ("s3_sse", "not_one_of")),
        ({"s3_prefix": "/vov/"}, ("s3_prefix", "not_usable")),
        ({"s3_prefix": "a\nb"}, ("s3_prefix", "not_usable")),
        ({"s3_region": 7}, ("s3_region", "not_usable")),
        ({"link_seconds": 0}, ("link_seconds", "out_of_range")),
        ({"link_seconds": 604_801}, ("link_seconds", "out_of_range")),
        ({"max_upload_mb": "many"}, ("max_upload_mb", "not_a_number")),
        ({"max_megapixels": 1.5}, ("max_megapixels", "not_a_number")),
        ({"session_mb": -1}, ("session_mb", "out_of_range")),
        ({"smtp_host": "smtp.example.org:587"}, ("smtp_host", "not_usable")),
        ({"smtp_host": "smtp.example.org"}, ("mail_from", "missing")),
        ({"mail_from": "VOV"}, ("mail_from", "not_usable")),
        ({"mail_from": "a@b.org, c@d.org"}, ("mail_from", "not_usable")),
        ({"mail_from": "VOV <a@b.org>\r\nBcc: c@d.org"}, ("mail_from", "not_usable")),
        ({"smtp_user": "vov"}, ("smtp_password", "missing")),
        ({"smtp_password": SECRET}, ("smtp_user", "missing")),
        (
            {"smtp_user": "vov", "smtp_password": SECRET, "smtp_security": "none"},
            ("smtp_security", "not_usable"),
        ),
        ({"smtp_security": "ssl"}, ("smtp_security", "not_one_of")),
        ({"smtp_port": 0}, ("smtp_port", "out_of_range")),
        ({"smtp_ca": "/nowhere/ca.pem"}, ("smtp_ca", "file_missing")),
        ({"candidates_dir": "/nowhere"}, ("candidates_dir", "file_missing")),
        ({"secret_key": "short"}, ("secret_key", "too_short")),
        ({"mail_max_mb": 0}, ("mail_max_mb", "out_of_range")),
        ({"log_level": "LOUD"}, ("log_level", "not_one_of")),
        ({"data_dir": ""}, ("data_dir", "missing")),
        ({"database_url": f"not a url {SECRET}"}, ("database_url", "not_a_url")),
        ({"database_url": f"mysql://vov:{SECRET}@db:port/vov"}, ("database_url", "not_a_url")),
        ({"database_url": f"mysql://vov:{SECRET}@db"}, ("database_url", "not_supported")),
        ({"database_url": f"postgresql://{SECRET}@db/vov"}, ("database_url", "not_supported")),
        ({"database_url": "sqlite://"}, ("database_url", "not_supported")),
        ({"database_url": "sqlite:///:memory:"}, ("database_url", "not_supported")),
    ],
)
def test_what_can_not_be_used_is_told_by_name(
    values: dict[str, object], expected: tuple[str, str]
) -> None:
    assert problem(**values) == expected


def test_a_section_that_is_none() -> None:
    with pytest.raises(SettingsError):
        Settings.load({"vov": "text"})


def test_secrets_stay_out_of_repr() -> None:
    settings = Settings(
        database_url=f"mysql://vov:{SECRET}@db/vov",
        s3_access_key=SECRET,
        s3_secret_key=SECRET,
        smtp_user="vov",
        smtp_password=SECRET,
        secret_key=SECRET * 2,
    )
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("boss, Chief ,", ("boss", "chief")),
        (["boss"], ("boss",)),
        ("", ()),
        ([], ()),
    ],
)
def test_admins(value: object, names: tuple[str, ...]) -> None:
    assert Settings.load({"vov": {"admins": value}}).admins == names


def test_people() -> None:
    settings = Settings.load({"vov": {"public_url": "https://vov.example.org/", "auth": "off"}})
    assert (settings.public_url, settings.auth) == ("https://vov.example.org", "off")
    assert problem(auth="maybe") == ("auth", "not_one_of")
    assert problem(admins=7) == problem(admins=[7]) == ("admins", "not_usable")
    assert problem(public_url="vov.example.org") == ("public_url", "not_a_url")
    assert problem(stay_signed_in_days=0) == ("stay_signed_in_days", "out_of_range")


@given(st.text(max_size=60))
def test_any_text_as_database_is_used_or_told(text: str) -> None:
    try:
        url = Settings(database_url=text).database_url
    except SettingsError as error:
        assert error.details["name"] == "database_url"
    else:
        assert url.startswith(("sqlite:///", "mariadb+pymysql://"))


def test_the_example_file_names_every_setting_and_only_those() -> None:
    lines = EXAMPLE.read_text().splitlines()
    named = {match[1] for line in lines if (match := re.match(r"# (\w+) = ", line))}
    assert named == {item.name for item in fields(Settings)}
    assert tomllib.loads(EXAMPLE.read_text()) == {"vov": {}}
    uncommented = "\n".join(line.removeprefix("# ") if " = " in line else "" for line in lines)
    assert Settings.load({"vov": tomllib.loads(uncommented)}).store == "s3"


def test_the_core_reads_no_setting_elsewhere() -> None:
    core = Path(__file__).parents[1] / "vov_core"
    for file in (core / "archive.py", core / "history.py", *(core / "storage").glob("*.py")):
        names = {
            node.attr
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Attribute)
        }
        assert "environ" not in names


@pytest.mark.parametrize(("text", "expected"), [("on", True), (True, True), ("off", False)])
def test_the_kiosk_switch(text: object, expected: bool) -> None:
    assert Settings.load({"vov": {"booth_kiosk": text}}).booth_kiosk is expected
    assert problem(booth_kiosk="perhaps") == ("booth_kiosk", "not_one_of")


def test_ice_servers_come_from_toml_or_json(monkeypatch: pytest.MonkeyPatch) -> None:
    server = {"urls": ["turn:t.example.org:3478"], "username": "vov", "credential": SECRET}
    settings = Settings.load({"vov": {"ice_servers": [server]}})
    assert settings.ice_servers == (server,) and SECRET not in repr(settings)
    monkeypatch.setenv("VOV_ICE_SERVERS", '[{"urls": "stun:s.example.org"}]')
    assert Settings.load().ice_servers == ({"urls": ["stun:s.example.org"]},)
    monkeypatch.setenv("VOV_ICE_SERVERS", "")
    assert Settings.load().ice_servers == ()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{", "not_usable"),
        (7, "not_usable"),
        ([7], "not_usable"),
        ([{"urls": "https://example.org"}], "not_a_url"),
        ([{"urls": []}], "not_a_url"),
        ([{}], "not_a_url"),
        ([{"urls": "stun:a", "other": SECRET}], "not_usable"),
    ],
)
def test_ice_servers_that_cannot_be_used(value: object, reason: str) -> None:
    assert problem(ice_servers=value) == ("ice_servers", reason)
