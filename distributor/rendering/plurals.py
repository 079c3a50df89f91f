"""Which plural form a language uses for a whole number. Pure.

The cardinal rules of Unicode CLDR 48 (https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html),
for numbers without a fraction. A language that is not listed has two forms, "one" for 1 and "other".
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["plural"]


def plural(language: str, number: int) -> str:
    """`zero`, `one`, `two`, `few`, `many` or `other`. `language` is a BCP 47 tag; only its first part counts."""
    rule = _RULES.get(language.lower().replace("_", "-").partition("-")[0], _germanic)
    return rule(abs(number))


def _germanic(n: int) -> str:
    return "one" if n == 1 else "other"


def _none(_: int) -> str:
    return "other"


def _up_to_one(n: int) -> str:
    return "one" if n <= 1 else "other"


def _romance(n: int) -> str:
    return "one" if n == 1 else _millions(n)


def _french(n: int) -> str:
    return "one" if n <= 1 else _millions(n)


def _millions(n: int) -> str:
    """ "un million de lecteurs": a round million takes a preposition."""
    return "many" if n and n % 1_000_000 == 0 else "other"


def _arabic(n: int) -> str:
    if n <= 2:
        return ("zero", "one", "two")[n]
    if 3 <= n % 100 <= 10:
        return "few"
    return "many" if n % 100 >= 11 else "other"


def _hebrew(n: int) -> str:
    return {1: "one", 2: "two"}.get(n, "other")


def _east_slavic(n: int) -> str:
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    return "few" if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else "many"


def _south_slavic(n: int) -> str:
    form = _east_slavic(n)
    return "other" if form == "many" else form


def _polish(n: int) -> str:
    if n == 1:
        return "one"
    return "few" if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else "many"


def _czech(n: int) -> str:
    return "one" if n == 1 else "few" if 2 <= n <= 4 else "other"


def _lithuanian(n: int) -> str:
    if 11 <= n % 100 <= 19 or n % 10 == 0:
        return "other"
    return "one" if n % 10 == 1 else "few"


def _latvian(n: int) -> str:
    if n % 10 == 0 or 11 <= n % 100 <= 19:
        return "zero"
    return "one" if n % 10 == 1 else "other"


def _romanian(n: int) -> str:
    if n == 1:
        return "one"
    return "few" if n == 0 or 1 <= n % 100 <= 19 else "other"


def _slovenian(n: int) -> str:
    return {1: "one", 2: "two", 3: "few", 4: "few"}.get(n % 100, "other")


def _irish(n: int) -> str:
    return "one" if n == 1 else "two" if n == 2 else "few" if 3 <= n <= 6 else "many" if 7 <= n <= 10 else "other"


def _welsh(n: int) -> str:
    return {0: "zero", 1: "one", 2: "two", 3: "few", 6: "many"}.get(n, "other")


def _maltese(n: int) -> str:
    if n in (1, 2):
        return ("one", "two")[n - 1]
    return "few" if n == 0 or 3 <= n % 100 <= 10 else "many" if 11 <= n % 100 <= 19 else "other"


def _icelandic(n: int) -> str:
    return "one" if n % 10 == 1 and n % 100 != 11 else "other"


_LANGUAGES: dict[Callable[[int], str], str] = {
    _none: "id ja ko lo ms my th vi yue zh jv su",
    _up_to_one: "am as bn fa gu hi kn zu ln mg pa ti wo hy ff kab",
    _romance: "es it ca lld scn vec",
    _french: "fr pt",
    _arabic: "ar ars",
    _hebrew: "he iw",
    _east_slavic: "ru uk be",
    _south_slavic: "sr hr bs sh",
    _polish: "pl",
    _czech: "cs sk",
    _lithuanian: "lt",
    _latvian: "lv prg",
    _romanian: "ro mo",
    _slovenian: "sl",
    _irish: "ga",
    _welsh: "cy",
    _maltese: "mt",
    _icelandic: "is mk",
}
_RULES = {language: rule for rule, languages in _LANGUAGES.items() for language in languages.split()}
