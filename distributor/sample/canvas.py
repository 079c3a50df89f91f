"""A picture to paint on, for the scenes of draw.py: painted at twice its size, then scaled down to smooth its edges."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw

__all__ = ["HEIGHT", "WIDTH", "Canvas", "Colour"]

WIDTH, HEIGHT, SCALE = 1200, 630, 2
Colour = str


class Canvas:
    """All lengths are in the finished picture's pixels; colours are #rrggbb, `alpha` is 0 (clear) to 255."""

    def __init__(self, seed: str, *colours: Colour) -> None:
        self.random = Random(seed)  # noqa: S311 - art, not secrets
        self.image = _gradient(colours or ("#ffffff", "#ffffff"))

    def polygon(self, points: list[tuple[float, float]], colour: Colour, alpha: int = 255) -> None:
        self._paint(
            lambda brush, ink: brush.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=ink), colour, alpha
        )

    def disc(self, x: float, y: float, radius: float, colour: Colour, alpha: int = 255, flat: float = 1) -> None:
        box = [(x - radius) * SCALE, (y - radius * flat) * SCALE, (x + radius) * SCALE, (y + radius * flat) * SCALE]
        self._paint(lambda brush, ink: brush.ellipse(box, fill=ink), colour, alpha)

    def ring(self, x: float, y: float, radius: float, width: float, colour: Colour, flat: float = 1) -> None:
        box = [(x - radius) * SCALE, (y - radius * flat) * SCALE, (x + radius) * SCALE, (y + radius * flat) * SCALE]
        self._paint(lambda brush, ink: brush.ellipse(box, outline=ink, width=round(width * SCALE)), colour, 255)

    def box(self, x: float, y: float, w: float, h: float, colour: Colour, round_: float = 0, alpha: int = 255) -> None:
        area = [x * SCALE, y * SCALE, (x + w) * SCALE, (y + h) * SCALE]
        self._paint(lambda brush, ink: brush.rounded_rectangle(area, round_ * SCALE, fill=ink), colour, alpha)

    def line(self, points: list[tuple[float, float]], colour: Colour, width: float, alpha: int = 255) -> None:
        scaled, thick = [(x * SCALE, y * SCALE) for x, y in points], round(width * SCALE)
        self._paint(lambda brush, ink: brush.line(scaled, fill=ink, width=thick, joint="curve"), colour, alpha)

    def below(self, height: Callable[[float], float], colour: Colour, alpha: int = 255) -> None:
        """Fill everything under a curve."""
        edge = [(float(x), height(x)) for x in range(0, WIDTH + 5, 5)]
        self.polygon([*edge, (WIDTH, HEIGHT), (0, HEIGHT)], colour, alpha)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: int = 26) -> None:
        for step in range(10, 0, -1):
            self.disc(x, y, radius * step / 10, colour, strength)

    def stars(self, count: int, bottom: float = HEIGHT) -> None:
        for _ in range(count):
            x, y = self.random.uniform(0, WIDTH), self.random.uniform(0, bottom)
            self.disc(x, y, self.random.choice((0.8, 1, 1.4, 2)), "#ffffff", self.random.randint(70, 220))

    def mirrored_below(self, y: float) -> None:
        """What is above the line `y` again, upside down and darker, as still water shows it."""
        from PIL import ImageEnhance, ImageOps

        line = round(y * SCALE)
        upper = self.image.crop((0, 2 * line - self.image.height, self.image.width, line))
        self.image.paste(ImageEnhance.Brightness(ImageOps.flip(upper)).enhance(0.55), (0, line))

    def finished(self) -> Picture:
        from PIL import Image

        return self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)

    def _paint(self, stroke: Callable[[ImageDraw, Any], None], colour: Colour, alpha: int) -> None:
        from PIL import ImageColor, ImageDraw

        stroke(ImageDraw.Draw(self.image, "RGBA"), (*ImageColor.getrgb(colour)[:3], alpha))


def _gradient(colours: tuple[Colour, ...]) -> Picture:
    """From the first colour at the top to the last at the bottom."""
    from PIL import Image, ImageColor

    column = Image.new("RGB", (1, len(colours)))
    column.putdata([ImageColor.getrgb(colour)[:3] for colour in colours])
    ramp = column.resize((1, HEIGHT * SCALE), Image.Resampling.BILINEAR)
    return ramp.resize((WIDTH * SCALE, HEIGHT * SCALE))
