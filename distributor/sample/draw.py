"""Draws the sample newsroom's pictures: `python -m distributor.sample.draw FOLDER`. The same pictures every time."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from distributor.sample.canvas import HEIGHT, WIDTH, Canvas, Colour

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

__all__ = ["SCENES", "draw"]

Scene = Callable[[Canvas], None]


def _wave(level: float, swing: float, length: float, shift: float = 0) -> Callable[[float], float]:
    return lambda x: level + swing * math.sin(x / length + shift) + swing / 3 * math.sin(x / length * 2.7 + shift)


def _charts(c: Canvas) -> None:
    for x in range(0, WIDTH, 80):
        c.line([(x, 0), (x, HEIGHT)], "#d8d2c2", 1)
    for y in range(70, HEIGHT, 80):
        c.line([(0, y), (WIDTH, y)], "#d8d2c2", 1)
    for level, colour, shift in (
        (250, "#f4b393", 0.3),
        (340, "#e2725b", 1.6),
        (420, "#4f9d9a", 2.9),
        (510, "#1f4e5f", 4.4),
    ):
        c.below(_wave(level, 58, 170, shift), colour, 225)


def _circuit(c: Canvas) -> None:
    for _ in range(46):
        x, y = c.random.randrange(0, WIDTH, 60), c.random.randrange(15, HEIGHT, 40)
        path = [(float(x), float(y))]
        for _ in range(c.random.randint(2, 4)):
            step, turn = c.random.choice((60, 120, 180)), c.random.choice((-40, 0, 40))
            path += [(path[-1][0] + step, path[-1][1]), (path[-1][0] + step + abs(turn), path[-1][1] + turn)]
        colour = c.random.choice(("#39d0c8", "#6fa8ff", "#ffd166", "#2b6cb0"))
        c.line(path, colour, 3, 190)
        for end in (path[0], path[-1]):
            c.glow(*end, 18, colour, 14)
            c.disc(*end, 6, "#ffffff", 230)


def _containers(c: Canvas) -> None:
    c.line([(880, 0), (880, HEIGHT)], "#33414c", 22)
    c.line([(300, 96), (WIDTH, 96)], "#33414c", 20)
    c.line([(880, 10), (360, 92)], "#33414c", 6)
    c.line([(470, 100), (470, 236)], "#33414c", 4)
    c.box(385, 236, 170, 74, "#d1495b", 4)
    c.below(lambda _: 592, "#28353f")
    for row in range(3):
        for column in range(8 - row):
            if (row, column) in {(2, 2), (2, 1)}:
                continue
            x, y = 20 + column * 152 + row * 30, 514 - row * 80
            c.box(x, y, 146, 75, c.random.choice(("#2a9d8f", "#e9c46a", "#e76f51", "#457b9d", "#8d5a97")), 4)
            for rib in range(1, 9):
                c.line([(x + rib * 16, y + 8), (x + rib * 16, y + 67)], "#000000", 2, 50)


def _ferry(c: Canvas) -> None:
    for _ in range(26):
        c.disc(c.random.uniform(0, WIDTH), c.random.uniform(20, 200), c.random.uniform(60, 150), "#10202c", 40, 0.45)
    c.below(_wave(430, 16, 150, 1), "#1b4257")
    c.polygon([(330, 400), (900, 400), (850, 480), (390, 480)], "#f2ede2")
    c.polygon([(345, 432), (884, 432), (850, 480), (390, 480)], "#a3341f")
    c.box(430, 340, 380, 62, "#f2ede2", 6)
    c.box(500, 284, 230, 58, "#e2dccd", 6)
    c.box(590, 214, 62, 72, "#a3341f", 4)
    for x in range(452, 790, 42):
        c.glow(x + 11, 371, 30, "#ffd27a", 12)
        c.box(x, 360, 22, 22, "#ffd27a", 3)
    for level, colour, shift in ((470, "#173a4d", 2), (520, "#12303f", 4), (575, "#0c222e", 5.4)):
        c.below(_wave(level, 20, 120, shift), colour)


def _harbour(c: Canvas) -> None:
    c.stars(60, 230)
    c.polygon([(268, 190), (WIDTH, 20), (WIDTH, 250)], "#ffe9b0", 90)
    c.polygon([(268, 190), (0, 150), (0, 232)], "#ffe9b0", 60)
    c.below(_wave(395, 22, 260, 2.2), "#463a5b")
    c.polygon([(236, 430), (252, 220), (286, 220), (302, 430)], "#f4efe4")
    for y in (262, 326, 390):
        c.polygon(
            [
                (251 - (y - 220) / 13, y),
                (287 + (y - 220) / 13, y),
                (289 + (y - 190) / 13, y + 30),
                (249 - (y - 190) / 13, y + 30),
            ],
            "#c8452f",
        )
    c.box(246, 172, 46, 48, "#2a2438", 4)
    c.polygon([(240, 174), (298, 174), (269, 142)], "#c8452f")
    c.glow(269, 194, 70, "#fff3c4", 24)
    c.polygon([(90, 470), (180, 418), (380, 418), (470, 470)], "#2a2438")
    for level, colour, shift in ((452, "#3a4f78", 0), (510, "#2c3f66", 1.5), (570, "#1f2f50", 3)):
        c.below(_wave(level, 7, 90, shift), colour)


def _hills(c: Canvas) -> None:
    c.glow(880, 160, 170, "#fff6d8", 22)
    c.disc(880, 160, 62, "#fffbe9")
    for level, colour, shift, swing in (
        (290, "#a9c9a4", 0.4, 46),
        (360, "#7fb07f", 2.0, 52),
        (430, "#549063", 3.5, 48),
        (500, "#2f6d4b", 5.2, 42),
        (570, "#1b4d38", 0.9, 30),
    ):
        c.below(_wave(level, swing, 210, shift), colour)
    for _ in range(34):
        x = c.random.uniform(0, WIDTH)
        y, tall = _wave(570, 30, 210, 0.9)(x) + 8, c.random.uniform(24, 58)
        c.polygon([(x - tall / 4, y), (x + tall / 4, y), (x, y - tall)], "#123a2b")


def _lanterns(c: Canvas) -> None:
    c.stars(70, 300)
    c.line([(0, 90), (300, 130), (600, 140), (900, 130), (WIDTH, 90)], "#0b0d1c", 3)
    for number in range(8):
        x = 75.0 + 150 * number
        y, colour = 232 + 18 * math.sin(number * 1.3), ("#ff9f43", "#ff6b4a", "#ffc75f")[number % 3]
        c.line([(x, 118), (x, y - 46)], "#0b0d1c", 3)
        c.glow(x, y, 96, colour, 13)
        c.disc(x, y, 42, colour, flat=1.15)
        c.disc(x, y, 22, "#fff1c9", 140, 1.6)
        c.box(x - 17, y - 54, 34, 10, "#3b1d1d", 3)
        c.box(x - 17, y + 44, 34, 10, "#3b1d1d", 3)
    c.mirrored_below(390)
    for _ in range(60):
        x, y = c.random.uniform(0, WIDTH), c.random.uniform(398, HEIGHT)
        c.line([(x, y), (x + c.random.uniform(40, 160), y)], "#0e1433", 2, 120)


def _library(c: Canvas) -> None:
    for floor in (300, 600):
        x = 24.0
        while x < WIDTH - 60:
            wide, tall = c.random.uniform(24, 58), c.random.uniform(170, 248)
            colour = c.random.choice(("#8c3b32", "#31506b", "#b58a3c", "#5b6f4a", "#6b4a63", "#d9c9a3", "#3f3a36"))
            c.box(x, floor - tall, wide, tall, colour, 3)
            for band in (0.16, 0.8):
                c.box(x + 4, floor - tall + tall * band, wide - 8, 7, "#f1e3bd", 2, 150)
            x += wide + (c.random.uniform(30, 70) if c.random.random() < 0.07 else 2)
        c.box(0, floor, WIDTH, 20, "#5a3d29")
        c.box(0, floor + 20, WIDTH, 14, "#000000", 0, 60)


def _notebook(c: Canvas) -> None:
    for y in range(0, HEIGHT, 70):
        c.line([(0, y), (WIDTH, y + c.random.uniform(-8, 8))], "#a9774f", 2, 120)
    c.box(206, 106, 620, 440, "#000000", 10, 50)
    c.box(190, 90, 310, 440, "#fdf9ee", 8)
    c.box(500, 90, 310, 440, "#f7f1e1", 8)
    c.box(494, 90, 12, 440, "#d9cfb8")
    for y in range(140, 500, 36):
        c.line([(220, y), (470, y)], "#b9c9d6", 2)
        c.line([(530, y), (530 + c.random.uniform(90, 250), y)], "#52667a", 4)
    c.disc(986, 226, 128, "#000000", 40)
    c.disc(976, 214, 126, "#f4efe6")
    c.disc(976, 214, 92, "#e3dacb")
    c.disc(976, 214, 82, "#4a2c1a")
    c.ring(976, 214, 58, 4, "#6d4528")
    c.polygon([(700, 560), (1060, 410), (1070, 434), (710, 584)], "#e9b44c")
    c.polygon([(700, 560), (710, 584), (660, 590)], "#f3dfc1")
    c.polygon([(674, 580), (678, 588), (660, 590)], "#2d2a26")


def _orbit(c: Canvas) -> None:
    from PIL import Image

    c.stars(320)
    halo = Canvas("halo", "#000000", "#000000")
    for step in range(60):
        halo.ring(600, 315, 250 + step * 2.6, 2, ("#c98b5a", "#8f5f49", "#e0b48a", "#5e4038")[(step * 7) % 4], 0.3)
    tilted = halo.image.rotate(16, Image.Resampling.BICUBIC)
    c.image.paste(tilted, (0, 0), tilted.convert("L").point(lambda light: min(255, light * 2)))
    c.glow(600, 315, 190, "#ffe2a8", 18)
    c.disc(600, 315, 62, "#fff6dd")


def _pulse(c: Canvas) -> None:
    for radius, alpha in ((300, 60), (250, 90), (200, 140)):
        c.disc(600, 315, radius, "#ef7f8d", alpha)
    beat = [
        (0, 0),
        (40, 0),
        (60, -26),
        (80, 0),
        (110, 0),
        (125, 24),
        (150, -170),
        (178, 96),
        (196, 0),
        (230, 0),
        (256, -36),
        (284, 0),
    ]
    path = [(x + turn * 400 + 30, y + 325) for turn in range(3) for x, y in beat]
    c.line([(0, 325), *path, (WIDTH, 325)], "#b83a52", 16, 70)
    c.line([(0, 315), *[(x, y - 10) for x, y in path], (WIDTH, 315)], "#ffffff", 10)


def _stage(c: Canvas) -> None:
    for x, foot, colour in (
        (150, 420, "#ff5e8a"),
        (420, 760, "#ffd166"),
        (780, 470, "#4cc9f0"),
        (1050, 800, "#b388ff"),
    ):
        c.polygon([(x - 12, 0), (x + 12, 0), (foot + 130, 470), (foot - 130, 470)], colour, 95)
        c.disc(foot, 470, 130, colour, 130, 0.2)
    c.box(0, 492, WIDTH, 30, "#3a2030")
    for row, colour in ((530, "#1c0f1f"), (580, "#0e0711")):
        for x in range(-20, WIDTH + 60, 76):
            sway = c.random.uniform(-12, 12)
            c.disc(x + sway, row, 27, colour, flat=1.15)
            c.disc(x + sway, row + 74, 50, colour)


def _table(c: Canvas) -> None:
    for x in range(0, WIDTH, 90):
        c.box(x, 0, 45, HEIGHT, "#c9504a", 0, 80)
    for y in range(0, HEIGHT, 90):
        c.box(0, y, WIDTH, 45, "#c9504a", 0, 80)
    for x, y, soup in ((270, 200, "#e39b3b"), (620, 430, "#8fae5d"), (950, 190, "#d8643f")):
        c.disc(x + 10, y + 12, 150, "#000000", 50)
        c.disc(x, y, 148, "#fbf7ee")
        c.ring(x, y, 128, 3, "#d8cfbe")
        c.disc(x, y, 104, soup)
        for _ in range(14):
            angle, far = c.random.uniform(0, math.tau), c.random.uniform(10, 88)
            c.disc(x + far * math.cos(angle), y + far * math.sin(angle), c.random.uniform(4, 9), "#fff2cf", 190)
    c.disc(1010, 500, 110, "#9a5f2c", flat=0.62)
    c.disc(1004, 490, 104, "#c98745", flat=0.6)
    for x in (940, 990, 1040):
        c.line([(x, 460), (x + 34, 516)], "#f0d3a0", 8)
    c.box(96, 400, 16, 190, "#b9c0c6", 8)
    c.disc(104, 400, 30, "#c9d0d6", flat=1.4)


def _tiles(c: Canvas) -> None:
    for row in range(-1, 5):
        for column in range(-1, 9):
            x, y = column * 150 + 75.0, row * 150 + 90.0
            for radius, turn, colour in (
                (75, 0, "#1f5f8b"),
                (75, 45, "#1f5f8b"),
                (56, 0, "#f4e3c1"),
                (56, 45, "#f4e3c1"),
                (36, 0, "#2a9d8f"),
                (36, 45, "#2a9d8f"),
            ):
                corners = [math.radians(turn + 45 + 90 * side) for side in range(4)]
                c.polygon([(x + radius * math.cos(a), y + radius * math.sin(a)) for a in corners], colour)
            c.disc(x, y, 12, "#e9c46a")
            c.disc(x + 75, y + 75, 20, "#c8553d")
            c.disc(x + 75, y + 75, 9, "#f4e3c1")


def _track(c: Canvas) -> None:
    c.box(-340, 60, 1260, 1260, "#b5482f", 630)
    for lane in range(7):
        inset = lane * 62
        c.ring(290, 690, 630 - inset, 6, "#fbeee6")
    c.disc(290, 690, 252, "#4f9a5b")
    c.ring(290, 690, 254, 6, "#fbeee6")


def _voices(c: Canvas) -> None:
    for x, y, w, h, colour, tail in (
        (90, 70, 470, 250, "#ef476f", 180),
        (470, 150, 520, 270, "#ffd166", 860),
        (200, 290, 460, 230, "#06a77d", 300),
        (700, 60, 400, 220, "#118ab2", 980),
        (600, 350, 470, 200, "#8338ec", 700),
    ):
        c.box(x, y, w, h, colour, 70, 205)
        c.polygon([(tail, y + h - 4), (tail + 80, y + h - 4), (tail + 10, y + h + 62)], colour, 205)


def _waves(c: Canvas) -> None:
    for x in range(80, WIDTH, 190):
        c.polygon([(x, 0), (x + 60, 0), (x - 120, HEIGHT), (x - 280, HEIGHT)], "#ffffff", 22)
    for number, colour in enumerate(("#5fb7cf", "#3f9dbd", "#2c82a8", "#20688f", "#174f74", "#0f3857")):
        c.below(_wave(170 + number * 80, 24, 130 + number * 12, number * 1.7), colour, 215)


SCENES: dict[str, tuple[Scene, tuple[Colour, ...]]] = {
    "charts.png": (_charts, ("#f7f3e8", "#f7f3e8")),
    "circuit.png": (_circuit, ("#0b1b33", "#0b1b33")),
    "containers.png": (_containers, ("#f3d9b1", "#f3d9b1")),
    "ferry.jpg": (_ferry, ("#22323f", "#4b6070", "#7f8b90")),
    "harbour.jpg": (_harbour, ("#241f45", "#6b4a7a", "#e08a6d", "#f3c58b")),
    "hills.jpg": (_hills, ("#cfe6ee", "#f3efd9", "#e4ecc9")),
    "lanterns.jpg": (_lanterns, ("#0c1030", "#2a2152", "#4a2f5e")),
    "library.jpg": (_library, ("#3b2a20", "#2b1e17")),
    "notebook.jpg": (_notebook, ("#c08d62", "#a8754b")),
    "orbit.jpg": (_orbit, ("#05060f", "#141433", "#1d1030")),
    "pulse.png": (_pulse, ("#fbdcdc", "#fbdcdc")),
    "stage.jpg": (_stage, ("#150a1e", "#2b1233", "#3d1a3a")),
    "table.jpg": (_table, ("#f6ece0", "#f6ece0")),
    "tiles.png": (_tiles, ("#e8d3a8", "#e8d3a8")),
    "track.png": (_track, ("#74b27c", "#74b27c")),
    "voices.png": (_voices, ("#fdf6ec", "#fdf6ec")),
    "waves.webp": (_waves, ("#cdeaf0", "#8fd0dd")),
}


def draw(name: str) -> Picture:
    """The picture of that name, 1200 x 630. Raises KeyError for a name that is not in SCENES."""
    scene, colours = SCENES[name]
    canvas = Canvas(name, *colours)
    scene(canvas)
    return canvas.finished()


def main(folder: Path) -> None:
    from PIL import Image

    for name in SCENES:
        picture = draw(name)
        if name.endswith(".png"):
            picture.quantize(96, dither=Image.Dither.NONE).save(folder / name, optimize=True)
        else:
            picture.save(folder / name, quality=74, optimize=True, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
