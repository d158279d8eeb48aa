"""The log: what happened, in one line, without secrets and without anybody's words."""

import json
import logging
import threading
from collections.abc import Iterator

import pytest

from vov_core.errors import BrokenPhotoError
from vov_core.logs import STRUCK_OUT, Lines, secrets_of, start_log
from vov_core.settings import Settings

PASSWORD, KEY = 'pass"word-of-the-database', "k" * 40
SETTINGS = {
    "database_url": "mariadb://vov:pass%22word@host/vov",
    "secret_key": KEY,
    "smtp_host": "mail.example.org",
    "smtp_user": "vov",
    "smtp_password": PASSWORD,
    "mail_from": "vov@example.org",
    "ice_servers": ({"urls": ["turn:t.example.org"], "username": "u", "credential": "turn-word"},),
}


@pytest.fixture(autouse=True)
def _root() -> Iterator[None]:
    yield
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each.formatter, Lines)]:
        root.removeHandler(handler)


def written(
    capsys: pytest.CaptureFixture[str], shape: str, *call: object, **options: object
) -> str:
    start_log(Settings(log_format=shape, **SETTINGS))  # type: ignore[arg-type]
    logging.getLogger("vov.pages").warning(*call, **options)  # type: ignore[arg-type]
    return capsys.readouterr().err


@pytest.mark.parametrize("shape", ["text", "json"])
def test_secrets_are_struck_out(capsys: pytest.CaptureFixture[str], shape: str) -> None:
    line = written(capsys, shape, "a library said %s and %s, %s", PASSWORD, KEY, "turn-word")
    assert line.count(STRUCK_OUT) >= 3
    for secret in (PASSWORD, KEY, "turn-word", json.dumps(PASSWORD)[1:-1]):
        assert secret not in line


def test_all_hidden_settings_count_as_secrets() -> None:
    found = secrets_of(Settings(**SETTINGS))  # type: ignore[arg-type]
    assert {PASSWORD, KEY, "turn-word", "pass%22word"} <= found
    assert "mail.example.org" not in found
    assert secrets_of(Settings()) <= {Settings().database_url}


@pytest.mark.parametrize("shape", ["text", "json"])
def test_an_exceptions_words_are_left_out(capsys: pytest.CaptureFixture[str], shape: str) -> None:
    try:
        raise ValueError("the person's words")
    except ValueError:
        line = written(capsys, shape, "unexpected", exc_info=True)
    assert "ValueError" in line and "test_logs.py" in line
    assert "person's words" not in line and line.count("\n") == 1


@pytest.mark.parametrize("shape", ["text", "json"])
def test_words_with_line_breaks_stay_one_record(
    capsys: pytest.CaptureFixture[str], shape: str
) -> None:
    line = written(capsys, shape, "a name: %s", "a\r\n2026-01-01 ERROR vov: forged")
    assert line.count("\n") == 1 and "forged" in line


def test_programs_get_the_errors_facts(capsys: pytest.CaptureFixture[str]) -> None:
    line = written(capsys, "json", "told a person: %s", BrokenPhotoError(format="JPEG"))
    facts = json.loads(line)
    assert facts["event"] == "told a person: %s" and facts["level"] == "WARNING"
    assert (facts["code"], facts["facts"]) == ("photo_broken", {"format": "JPEG"})
    assert facts["time"].endswith("+00:00") and facts["logger"] == "vov.pages"


def test_the_second_start_replaces_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    start_log(Settings())
    assert written(capsys, "text", "once").count("once") == 1


def test_the_level_is_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    start_log(Settings(log_level="ERROR"))
    logging.getLogger("vov_core.archive").warning("not told")
    assert "not told" not in capsys.readouterr().err
    start_log(Settings())


@pytest.mark.parametrize("shape", ["text", "json"])
def test_a_thread_s_last_words_are_left_out(capsys: pytest.CaptureFixture[str], shape: str) -> None:
    def fail() -> None:
        raise ValueError("the person's words")

    start_log(Settings(log_format=shape))
    failing = threading.Thread(target=fail)
    failing.start()
    failing.join()
    line = capsys.readouterr().err
    assert "ValueError" in line and "test_logs.py" in line
    assert "person's words" not in line and line.count("\n") == 1
