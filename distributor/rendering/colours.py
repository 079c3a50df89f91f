"""The one colour that a publisher chooses, in shades that can be read. Pure.

Contrast is WCAG 2.2's, 1.4.3: at least 4.5 to 1 for text.
"""

from __future__ import annotations

import re

__all__ = ["ACCENT", "shades"]

ACCENT = "#8c1d18"
GROUNDS = ("#ffffff", "#1d1c1a")  # of the sheet, by day and by night; templates/mail/style.html.j2 has them too
LEAST = 5.0  # a little more than 4.5: the page around the sheet is not quite its colour

Rgb = tuple[float, float, float]


def shades(accent: str) -> dict[str, str]:
    """`accent` for a light ground, `accent_dark` for a dark one: the colour itself where it is legible there."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
        accent = ACCENT
    return {"accent": _legible(accent, GROUNDS[0], 0.0), "accent_dark": _legible(accent, GROUNDS[1], 1.0)}


def _legible(colour: str, ground: str, pole: float) -> str:
    """The colour with as little black (0) or white (1) mixed in as the ground asks for."""
    for step in range(101):
        red, green, blue = (part + (pole - part) * step / 100 for part in _rgb(colour))
        if _contrast((red, green, blue), _rgb(ground)) >= LEAST:
            break
    return "#" + "".join(f"{round(part * 255):02x}" for part in (red, green, blue))


def _rgb(colour: str) -> Rgb:
    return (int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255)


def _contrast(one: Rgb, other: Rgb) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
