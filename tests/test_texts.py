"""One catalogue: complete in both languages, nothing unused, nothing missing."""

import ast
import inspect
import re
import string
from pathlib import Path

import pytest

from vov_core import errors
from vov_core.texts import Language, best_language, catalogue, explain, text

ROOT = Path(__file__).parents[1]
KO, EN = catalogue(Language.KOREAN), catalogue(Language.ENGLISH)


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def files() -> list[Path]:
    return [ROOT / "streamlit_app.py", *ROOT.glob("pages/**/*.py"), *ROOT.glob("vov_core/**/*.py")]


def test_both_languages_have_the_same_keys() -> None:
    assert KO.keys() == EN.keys()


@pytest.mark.parametrize("key", sorted(EN))
def test_placeholders_agree_and_nothing_is_empty(key: str) -> None:
    assert EN[key] and KO[key]
    assert placeholders(EN[key]) == placeholders(KO[key])


@pytest.mark.parametrize("key", sorted(KO))
def test_korean_is_korean(key: str) -> None:
    assert re.search("[가-힣]", KO[key]) or KO[key] == EN[key]


def error_classes() -> list[type[errors.VovError]]:
    found = [cls for _, cls in inspect.getmembers(errors, inspect.isclass)]
    return [cls for cls in found if issubclass(cls, errors.VovError)]


@pytest.mark.parametrize("cls", error_classes())
def test_every_error_has_a_sentence(cls: type[errors.VovError]) -> None:
    assert f"errors.{cls.code}" in EN


def named_texts() -> list[re.Pattern[str]]:
    """The first argument of every ``t(...)``; a hole of an f-string matches any word."""
    found = []
    speaking = [file for file in files() if "pages" in file.parts or file.name == "cli.py"]
    for file in speaking:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"t", "text"}:
                argument = node.args[-1]
                if isinstance(argument, ast.Constant):
                    found.append(re.compile(re.escape(str(argument.value))))
                elif isinstance(argument, ast.JoinedStr):
                    parts = (
                        re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+"
                        for part in argument.values
                    )
                    found.append(re.compile("".join(parts)))
    return found


def test_every_text_that_code_names_exists() -> None:
    named = named_texts()
    assert len(named) > 100
    missing = [p.pattern for p in named if not any(p.fullmatch(key) for key in EN)]
    assert missing == []


def test_no_text_is_unused() -> None:
    literals = {
        node.value
        for file in files()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    # f"styles.{name}" leaves the constant "styles.": the family it names.
    families = {literal for literal in literals if re.fullmatch(r"[a-z_]+\.([a-z_]+_)?", literal)}
    unused = {
        key
        for key in EN
        if key not in literals and not any(key.startswith(family) for family in families)
    }
    assert sorted(unused) == []


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", Language.KOREAN),
        ("ko", Language.KOREAN),
        ("ko_KR", Language.KOREAN),
        ("en-US,en;q=0.9,ko;q=0.8", Language.ENGLISH),
        ("kok-IN", Language.ENGLISH),
        ("fr", Language.ENGLISH),
        ("", Language.ENGLISH),
        (None, Language.ENGLISH),
    ],
)
def test_language_of_a_browser(accepted: str | None, language: Language) -> None:
    assert best_language(accepted) is language


def test_explain_puts_the_facts_in() -> None:
    error = errors.FileTooLargeError(size_mb=31, limit_mb=30)
    assert "31" in explain(Language.KOREAN, error) and "30" in explain(Language.ENGLISH, error)


def test_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        text(Language.ENGLISH, "nav.nowhere")
