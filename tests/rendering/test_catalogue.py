"""Words, dates and numbers in the reader's language, and what happens where a language or a word is missing."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from distributor.errors import TemplateError
from distributor.rendering import SiteFacts
from distributor.rendering.catalogue import Catalogue
from distributor.rendering.directions import direction_of, written
from distributor.rendering.plurals import plural
from tests.rendering.newsroom import OURS, renderer

MONDAY = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
SHIPPED = ["en", "fr", "ar"]


def words(language: str, *folders: Path, fallback: str = "en") -> Catalogue:
    return Catalogue.load([*folders, OURS], language, fallback)


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    (tmp_path / "words").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("language", "date", "moment"),
    [
        ("en", "Monday 23 November 2026", "23 Nov, 08:05"),
        ("fr", "lundi 23 novembre 2026", "23 nov., 08:05"),
        ("ar", "الاثنين 23 نوفمبر 2026", "23 نوفمبر، 08:05"),
    ],
)
def test_dates_are_written_as_the_language_does(language: str, date: str, moment: str) -> None:
    known = words(language)
    assert known.date(MONDAY, UTC) == date
    assert known.date(MONDAY, UTC, "moment") == moment
    assert known.time(MONDAY, ZoneInfo("Asia/Tokyo")) == "17:05"
    assert known.date(datetime(2026, 5, 31, 23, tzinfo=UTC), ZoneInfo("Asia/Tokyo"), "day_month").startswith("1")


def test_the_first_of_a_month_is_premier_in_french() -> None:
    assert words("fr").date(datetime(2027, 2, 1, tzinfo=UTC), UTC) == "lundi 1er février 2027"


def test_there_are_twelve_hour_clocks_and_other_digits(theirs: Path) -> None:
    (theirs / "words/en.toml").write_text('[dates]\ntime = "{hour12}:{minute} {half}"\n')
    assert words("en", theirs).time(datetime(2026, 1, 1, 0, 5, tzinfo=UTC), UTC) == "12:05 am"
    (theirs / "words/ar.toml").write_text('[numbers]\ndigits = "٠١٢٣٤٥٦٧٨٩"\n')
    arabic = words("ar", theirs)
    assert arabic.date(MONDAY, UTC) == "الاثنين ٢٣ نوفمبر ٢٠٢٦"
    assert arabic.count("digest.more", 14, section="أعمال") == "١٤ مادة أخرى في أعمال"
    assert arabic.time(MONDAY, UTC) == "٠٨:٠٥"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "لا مواد أخرى في أعمال"),
        (1, "مادة أخرى في أعمال"),
        (2, "مادتان أخريان في أعمال"),
        (3, "3 مواد أخرى في أعمال"),
        (10, "10 مواد أخرى في أعمال"),
        (11, "11 مادة أخرى في أعمال"),
        (100, "100 مادة أخرى في أعمال"),
        (103, "103 مواد أخرى في أعمال"),
    ],
)
def test_arabic_has_six_plurals(number: int, said: str) -> None:
    assert words("ar").count("digest.more", number, section="أعمال") == said


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", {0: "other", 1: "one", 2: "other"}),
        ("fr", {0: "one", 1: "one", 2: "other", 1_000_000: "many"}),
        ("pt-BR", {0: "one", 1: "one", 2: "other"}),
        ("es", {0: "other", 1: "one", 2_000_000: "many"}),
        (
            "ar",
            {0: "zero", 1: "one", 2: "two", 3: "few", 10: "few", 11: "many", 99: "many", 100: "other", 102: "other"},
        ),
        ("ru", {1: "one", 2: "few", 5: "many", 11: "many", 21: "one", 22: "few", 112: "many"}),
        ("pl", {1: "one", 2: "few", 5: "many", 12: "many", 21: "many", 22: "few"}),
        ("cs", {1: "one", 2: "few", 5: "other"}),
        ("he", {1: "one", 2: "two", 3: "other"}),
        ("lt", {1: "one", 2: "few", 10: "other", 11: "other", 21: "one"}),
        ("lv", {0: "zero", 1: "one", 2: "other", 11: "zero", 21: "one"}),
        ("sl", {1: "one", 2: "two", 3: "few", 4: "few", 5: "other", 101: "one"}),
        ("ro", {1: "one", 2: "few", 20: "other", 101: "few"}),
        ("ga", {1: "one", 2: "two", 3: "few", 7: "many", 11: "other"}),
        ("cy", {0: "zero", 1: "one", 2: "two", 3: "few", 6: "many", 4: "other"}),
        ("ja", {0: "other", 1: "other", 2: "other"}),
        ("sr", {1: "one", 2: "few", 5: "other"}),
        ("nb", {1: "one", 0: "other"}),
    ],
)
def test_plural_forms_are_cldrs(language: str, forms: dict[int, str]) -> None:
    assert {number: plural(language, number) for number in forms} == forms


def test_numbers_are_grouped() -> None:
    assert words("en").number(1234567) == "1,234,567"
    assert words("fr").number(1234567) == "1\u202f234\u202f567"
    assert words("en").listed(["a", "b", "c"]) == "a, b and c"
    assert words("fr").listed(["a", "b"]) == "a et b"
    assert words("ar").listed(["a"]) == "a"


def test_words_of_the_other_direction_are_isolated() -> None:
    known = words("ar").text("digest.why", name="The Paper", site="الصحيفة")
    assert known == "تصلك هذه الرسالة لأنك اشتركت في \u2068The Paper\u2069 من الصحيفة."
    assert "\u2068" not in words("en").text("digest.why", name="The Paper 24", site="2026")


def test_a_regional_language_is_its_language() -> None:
    assert words("fr-CA").text("digest.unsubscribe") == "Se désabonner"
    assert words("fr_CA").language == "fr-CA"
    assert words("AR").direction == "rtl"


def test_a_language_without_a_catalogue_speaks_the_sites_then_english(theirs: Path) -> None:
    assert words("sv", fallback="fr").text("digest.unsubscribe") == "Se désabonner"
    assert words("sv", fallback="no").text("digest.unsubscribe") == "Unsubscribe"
    assert words("sv").language == "sv"
    assert words("he", fallback="fr").direction == "rtl"


def test_an_operators_words_come_first_key_by_key(theirs: Path) -> None:
    (theirs / "words/fr.toml").write_text('[digest]\nunsubscribe = "Partir"\n')
    (theirs / "words/fr-CA.toml").write_text('[digest]\nfewer = "Moins de courriels"\n')
    (theirs / "words/de.toml").write_text('[digest]\nunsubscribe = "Abbestellen"\n')
    known = words("fr-CA", theirs)
    assert known.text("digest.unsubscribe") == "Partir"
    assert known.text("digest.fewer") == "Moins de courriels"
    assert known.text("digest.trending") == "À la une"
    german = words("de", theirs)
    assert (german.text("digest.unsubscribe"), german.text("digest.trending")) == ("Abbestellen", "Trending")


def test_a_missing_key_is_given_back_and_a_missing_value_stays() -> None:
    known = words("en")
    assert known.text("digest.nothing") == "digest.nothing"
    assert known.count("digest.nothing", 3) == "digest.nothing"
    assert known.text("digest") == "digest"
    assert known.text("digest.why", name="N") == "You get this mail because you subscribed to N from {site}."
    assert known.text("digest.why", name="{site}", site="%s{0}") == (
        "You get this mail because you subscribed to {site} from %s{0}."
    )


@pytest.mark.parametrize("language", ["", "../../etc/passwd", "en/../fr", "a", "x" * 40, "en\n", "ar\x00"])
def test_a_strange_tag_is_no_file(language: str) -> None:
    assert words(language).text("digest.unsubscribe") == "Unsubscribe"


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        ('a = "b"\nc = d\n', 2, "not TOML"),
        ('a = "b"\nc = "unfinished\n', 2, "not TOML"),
        ('[dates]\nmonths = ["Jan"]\n', 2, "must be 12 names, not 1"),
        ("[digest]\n\nfewer = 3\n", 3, "must be words in quotes"),
        ('[digest.more]\none = "a"\n', 1, 'no plural form "other"'),
        ('direction = "up"\n', 1, 'must be "ltr" or "rtl"'),
        ("[lists]\nlast = [1, 2]\n", 2, "must be a list of words"),
        (b'a = "b"\nc = "\xff"\n', 2, "not UTF-8"),
    ],
)
def test_a_broken_catalogue_is_named_with_its_line(theirs: Path, source: str | bytes, line: int, says: str) -> None:
    path = theirs / "words/fr.toml"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    with pytest.raises(TemplateError, match=re.escape(says)) as caught:
        words("fr", theirs)
    assert caught.value.where == f"{path}:{line}"


def test_a_changed_catalogue_is_read_again(theirs: Path) -> None:
    desk = renderer(theirs)
    assert desk.words("fr").text("digest.fewer") == "Moins de messages"
    (theirs / "words/fr.toml").write_text('[digest]\nfewer = "Un peu moins"\n')
    assert desk.words("fr").text("digest.fewer") == "Un peu moins"
    assert desk.words("fr") is desk.words("fr")


def test_the_sites_language_is_the_fallback_of_its_readers() -> None:
    assert renderer(site=SiteFacts(language="fr")).words("sv").text("digest.fewer") == "Moins de messages"


def _leaves(value: Any, key: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and "other" not in value:
        return {
            k: v for name, below in value.items() for k, v in _leaves(below, f"{key}.{name}" if key else name).items()
        }
    return {key: value}


@pytest.mark.parametrize("language", SHIPPED)
def test_the_shipped_languages_say_the_same_things(language: str) -> None:
    ours = _leaves(tomllib.loads((OURS / f"words/{language}.toml").read_text("utf-8")))
    english = _leaves(tomllib.loads((OURS / "words/en.toml").read_text("utf-8")))
    assert set(ours) - {"dates.first"} == set(english)
    for key, value in english.items():
        if isinstance(value, str) and not key.startswith("dates."):
            assert set(re.findall(r"\{\w+\}", ours[key])) == set(re.findall(r"\{\w+\}", value)), key
        if isinstance(value, dict):
            forms = {plural(language, number) for number in range(1_000)} | {plural(language, 1_000_000)}
            assert set(ours[key]) == forms, key


def test_every_key_that_a_template_names_is_there() -> None:
    english = words("en")
    named = {
        key
        for path in [*OURS.glob("digest/**/*.j2"), *OURS.glob("mail/**/*.j2")]
        for key in re.findall(r'"((?:digest|mail)\.[\w.-]+)"', path.read_text("utf-8"))
    }
    assert len(named) > 12
    assert [key for key in sorted(named) if not english.has(key)] == []


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("NATO تناقش أمن الموانئ", "rtl"),
        ("Al-Jazeera: الجزيرة reports again", "ltr"),
        ("2026 ⚽", "rtl"),
        ("שלום", "rtl"),
    ],
)
def test_most_letters_decide_a_titles_direction(text: str, direction: str) -> None:
    assert written(text, "rtl") == direction


@pytest.mark.parametrize(
    ("tag", "direction"),
    [("ar-EG", "rtl"), ("he", "rtl"), ("fa_IR", "rtl"), ("az-Arab", "rtl"), ("ks-Deva", "ltr"), ("ar-Latn", "ltr")],
)  # fmt: skip
def test_a_languages_direction_is_its_scripts(tag: str, direction: str) -> None:
    assert direction_of(tag) == direction
