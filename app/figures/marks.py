"""The marks of maps: a shape for each group of scripts, filled or as an outline."""

import math
from itertools import pairwise

import numpy as np

from app.figures.svg import number

MARK = {"Latn": "circle", "Cyrl": "triangle", "Grek": "triangle", "Jpan": "square", "Kore": "square", "Hans": "square",
        "Hant": "square", "Hani": "square", "Arab": "diamond", "Hebr": "diamond", "Deva": "cross", "Beng": "cross",
        "Taml": "cross", "Telu": "cross", "Knda": "cross", "Mlym": "cross", "Gujr": "cross", "Guru": "cross",
        "Orya": "cross", "Sinh": "cross", "Thai": "cross", "Laoo": "cross", "Khmr": "cross", "Mymr": "cross",
        "Tibt": "cross"}  # fmt: skip
SHAPES = ("circle", "triangle", "square", "diamond", "cross", "star")


def shape_of(script: str) -> str:
    """● Latin, ▲ Cyrillic and Greek, ■ Han, Kana, Hangul, ◆ Arabic and Hebrew, ✚ Brahmic, ★ any other."""
    return MARK.get(script, "star")


def marks_path(where: np.ndarray, shape: str, size: float) -> str:
    """The outlines of equal marks around every place [n, 2]."""
    outline = mark_path(shape, 0, 0, size)
    relative = outline[outline.index(" ", outline.index(" ") + 1) + 1 :]
    start = [float(part) for part in outline[1:].split(" ")[:2]]
    return "".join(f"M{number(float(x) + start[0])} {number(float(y) + start[1])} {relative}" for x, y in where)


def mark_path(shape: str, x: float, y: float, r: float) -> str:
    """The outline of a mark around (x, y), of about equal area for every shape."""
    if shape == "circle":
        arc = f"a{number(r)} {number(r)} 0 1 0"
        return f"M{number(x - r)} {number(y)} {arc} {number(2 * r)} 0{arc} {number(-2 * r)} 0z"
    corners = _corners(shape, r)
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(corners)]
    drawn = "".join(f"l{number(dx)} {number(dy)}" for dx, dy in steps)
    return f"M{number(x + corners[0][0])} {number(y + corners[0][1])} {drawn}z"


def _corners(shape: str, r: float) -> list[tuple[float, float]]:
    if shape == "square":
        a = 0.89 * r
        return [(-a, -a), (a, -a), (a, a), (-a, a)]
    if shape == "diamond":
        a = 1.25 * r
        return [(0, -a), (a, 0), (0, a), (-a, 0)]
    if shape == "triangle":
        a = 1.3 * r
        return [(0, -a), (a * 0.94, a * 0.68), (-a * 0.94, a * 0.68)]
    if shape == "cross":
        a, b = 1.2 * r, 0.42 * r
        return [
            (-b, -a),
            (b, -a),
            (b, -b),
            (a, -b),
            (a, b),
            (b, b),
            (b, a),
            (-b, a),
            (-b, b),
            (-a, b),
            (-a, -b),
            (-b, -b),
        ]
    turns = [(math.pi * i / 5 - math.pi / 2, 1.35 * r if i % 2 == 0 else 0.58 * r) for i in range(10)]
    return [(math.cos(angle) * far, math.sin(angle) * far) for angle, far in turns]
