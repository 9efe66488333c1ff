"""Dendrograms, lines of descent and moved points as drawings."""

import re
import xml.etree.ElementTree as ET

import numpy as np

from app.figures.dendrogram import Joint, dendrogram_panel, descent_panel
from app.figures.figure import inline
from app.figures.overlay import SIDE, Moved, overlay_panels
from app.figures.style import labels
from app.text.families import lineage
from app.text.languages import language

CODES = ("en", "nl", "it", "fr", "ja")
NAMED = labels([language(code) for code in CODES])


def rows_of(svg: str) -> dict[str, float]:
    """The height at which each language's code stands."""
    root = ET.fromstring(svg)
    return {one.text: float(one.attrib["y"]) for one in root.iter("text") if one.text in CODES}


def test_a_clustering_has_its_joints_at_their_heights() -> None:
    joints = [Joint(0, 1, 0.5), Joint(2, 3, 0.6), Joint(5, 6, 0.8), Joint(7, 4, 1.0)]
    panel = dendrogram_panel(joints, [0, 1, 2, 3, 4], NAMED, "By neurons", axis="distance")
    svg = str(inline(panel))
    assert [code for code, _ in sorted(rows_of(svg).items(), key=lambda one: one[1])] == list(CODES)
    across = [tuple(map(float, found)) for found in re.findall(r'd="M([\d.]+) [\d.]+H([\d.]+)V', svg)]
    assert len(across) == 4
    leaf, first = across[0]
    roots = [end for _, end in across]
    assert leaf > first > roots[1] > roots[2] > roots[3], "higher joints lie farther from the leaves"
    scale = (leaf - first) / 0.5
    np.testing.assert_allclose([(leaf - end) / scale for end in roots], [0.5, 0.6, 0.8, 1.0], atol=2e-3)


def test_descent_brings_relatives_together_and_names_their_branch() -> None:
    lines = {code: lineage(code) for code in CODES}
    panel = descent_panel(lines, [0, 2, 4, 1, 3], NAMED, "By descent")
    rows = rows_of(str(inline(panel)))
    assert [code for code, _ in sorted(rows.items(), key=lambda one: one[1])] == ["en", "nl", "it", "fr", "ja"]
    for name in ("West Germanic", "Romance", "Indo-European"):
        assert name in panel.body
    assert "Japonic" in panel.alt


def test_a_language_of_unknown_descent_stands_alone() -> None:
    panel = descent_panel({"en": ("A", "B"), "nl": ("A",)}, [0, 1, 2], NAMED, "By descent")
    assert len(rows_of(str(inline(panel)))) == 3
    assert ">A<" in panel.body


def test_moved_points_are_dots_rings_and_the_ways_between() -> None:
    before, after = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 2.0], [1.0, 1.0]])
    panel, names = overlay_panels(np.array([[0.5, 0.5]]), [Moved(NAMED[1], before, after)], "Level 3")
    root = ET.fromstring(str(inline(panel)))
    ways = [one.attrib["d"] for one in root.iter("path") if one.attrib.get("class") == "leader"]
    points = [tuple(map(float, pair)) for pair in re.findall(r"[ML]([\d.]+) ([\d.]+)", ways[0])]
    assert len(points) == 4
    assert points[0][1] - points[1][1] == 2 * (points[2][1] - points[3][1]), "equal scale, y upwards"
    assert panel.width == SIDE, "the names stand in a panel of their own, so that a narrow page keeps the text readable"
    assert f">{NAMED[1].endonym}<" in names.body
    rings = [one for one in root.iter("path") if one.attrib.get("class") == "round"]
    assert rings[0].attrib["d"].count("M") == 2
