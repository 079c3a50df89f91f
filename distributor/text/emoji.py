"""Emoji as the networks see them (UTS #51).

X gives a whole emoji sequence the weight of one character of default weight: a flag, a keycap, a skin tone, a
family joined by U+200D. What is not a known sequence (two letters that are no flag, an unqualified join) counts
part by part, as twitter-text does; which characters swallow U+FE0F is twitter-text's choice too.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from distributor.text.patterns import lazy

__all__ = ["emoji_clusters", "emoji_sequences"]

_TONE, _FULL, _JOIN = "[🏻-🏿]", "\ufe0f", "\u200d"

# The regions that have a flag: first letter, then every second letter.
_REGIONS = (
    "Acdefgilmoqrstuwxz Babdefghijlmnoqrstvwyz Cacdfghiklmnopqruvwxyz Degjkmoz Eaceghrstu Fijkmor Gabdefghilmnpqrstuwy "
    "Hkmnrtu Icdelmnoqrst Jemop Keghimnprwyz Labcikrstuvy Macdefghklmnopqrstuvwxyz Nacefgilopruz Om Paefghklmnrstwy "
    "Qa Reosuw Sabcdeghijklmnorstvxyz Tacdfghjklmnortvwz Uagmnsyz Vaceginu Wfs Xk Yet Zamw"
)
# Characters that show as emoji by themselves and still take a U+FE0F along.
_VARIANTS = "⌚⌛◽◾☔☕♈-♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛔⛪⛲⛳⛵⛺⛽❗⬛⬜⭐⭕🀄🈚🈯"

_PERSON = "[👨👩🧑]"
_GENDERED = "[🏃🏄🏊👮👯👰👱👳👷💁💂💆💇🙅-🙇🙋🙍🙎🚣🚴-🚶🤦🤵🤷🤸🤹🤼🤽🤾🦸🦹🧍-🧏🧔🧖-🧟]"
_OBJECT = "[🌾🍳🍼🎄🎓🎤🎨🏫🏭💻💼🔧🔬🚀🚒🦰-🦳🩰]"
_CHILDREN = f"(?:👧{_JOIN}[👦👧]|👦{_JOIN}👦|[👦👧])"
_JOINED = (  # without joins: "+" stands for U+200D, "~" for U+FE0F
    f"{_PERSON}{_TONE}?+❤~+(?:💋+)?{_PERSON}{_TONE}?",
    f"{_PERSON}{_TONE}+[🤝🐰🫯]+{_PERSON}{_TONE}",
    "🧑+🤝+🧑",
    f"(?:👨+[👨👩]|👩+👩|👨|👩)+{_CHILDREN}",
    "🧑+(?:🧑+)?🧒(?:+🧒)?",
    f"{_PERSON}{_TONE}?+(?:[⚕⚖✈]~|{_OBJECT}|[🦯🦼🦽](?:+➡~)?)",
    f"[🏃🚶🧎]{_TONE}?(?:+[♀♂]~)?+➡~",
    f"{_GENDERED}{_TONE}?+[♀♂]~",
    f"[⛹🏋🏌🕵](?:{_TONE}|~)+[♀♂]~",
    f"🫱{_TONE}+🫲{_TONE}",
    *("⛓~+💥", "❤~+[🔥🩹]", "🍄+🟫", "🍋+🟩", "🏳~+(?:⚧~|🌈)", "🏴+☠~", "🐈+⬛", "🐕+🦺", "🐦+[⬛🔥]", "🐻+❄~"),
    *("👁~?+🗨~?", "😮+💨", "😵+💫", "😶+🌫~", "🙂+[↔↕]~"),
)


def _flags() -> str:
    indicator = {chr(97 + i): chr(0x1F1E6 + i) for i in range(26)}
    pairs = [(group[0].lower(), group[1:]) for group in _REGIONS.split()]
    regions = [f"{indicator[first]}[{''.join(indicator[c] for c in second)}]" for first, second in pairs]
    nations = ["".join(chr(0xE0000 + ord(c)) for c in name) for name in ("gbeng", "gbsct", "gbwls")]
    return "|".join([*regions, f"🏴(?:{'|'.join(nations)})\U000e007f"])


@cache
def emoji_sequences() -> Any:
    """The pattern of every sequence of two or more code points that is one emoji."""
    joined = "|".join(_JOINED).replace("+", _JOIN).replace("~", _FULL)
    variants = rf"(?:[{_VARIANTS}]|(?=[^#*0-9♾])\p{{Emoji}}(?<!\p{{Emoji_Presentation}})){_FULL}"
    toned = rf"\p{{Emoji_Modifier_Base}}{_TONE}"
    first = r"(?=[#*0-9©®\u203c-\U0001faff])"  # spares ordinary letters the long list
    return lazy(rf"{first}(?:{joined}|[#*0-9]{_FULL}?\u20e3|{_flags()}|{toned}|{variants})")


@cache
def emoji_clusters() -> Any:
    r"""The pattern of a character that is shown as an emoji: one grapheme cluster, whatever it is made of.

    Emoji by default, not told otherwise by U+FE0E; or made one by U+FE0F, a skin tone or a keycap; or a pair of
    regional indicators. Used with the full match of one `\X`.
    """
    return lazy(
        rf"\p{{RI}}{{2}}|[#*0-9]{_FULL}?\u20e3|\p{{Emoji_Presentation}}(?!\ufe0e)\X?"
        rf"|(?![#*0-9])\p{{Emoji}}(?:{_FULL}|{_TONE})"
    )
