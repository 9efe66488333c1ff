import math
import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.figures.bars import LayerCounts, layer_histogram
from app.figures.figure import Figure, Table, inline, spread, standalone, wrapped
from app.figures.lines import LineAxes, Series, line_panel
from app.figures.marks import SHAPES, mark_path, shape_of
from app.figures.matrix import FLOOR, matrix_panel, strength
from app.figures.raster import png
from app.figures.scale import domain, level_ticks, significant, tick_label, ticks
from app.figures.scatter import Category, Cloud, scatter_panel
from app.figures.strip import StripLine, strip
from app.figures.style import labels, page_rules, palette
from app.figures.svg import element
from app.text.languages import language

STATIC = Path(__file__).parents[3] / "static"
LABELS = labels([language(code) for code in ("en", "ja", "ar", "hi", "th")])


def whole_figure(*panels, title: str = "Title", caption: str = "Caption.") -> Figure:
    return Figure("name", title, caption, panels, 2, Table((), ()), len(LABELS))


def test_text_and_attributes_are_escaped():
    made = element("text", "<b>&", title='"><script>')
    assert made == '<text title="&#34;&gt;&lt;script&gt;">&lt;b&gt;&amp;</text>'


def test_a_hostile_title_stays_text_in_the_file():
    svg = standalone(whole_figure(title="</svg><script>alert(1)</script>", caption="a & b < c"))
    tree = ET.fromstring(svg)
    assert not [one for one in tree.iter() if one.tag.endswith("script")]
    assert "a & b < c" in "".join(tree.itertext())


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 10))
def test_ticks_are_round_inside_and_about_as_many_as_wanted(low: float, span: float, wanted: int):
    high = low + span
    if not high > low:
        return
    marks = ticks(low, high, wanted)
    assert len(marks) <= wanted + 2
    slack = 1e-6 * max(abs(low), abs(high), span)
    assert all(low - slack <= mark <= high + slack for mark in marks)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20))
def test_the_domain_holds_the_values(values: list[float]):
    low, high = domain(values)
    slack = (high - low) * 2e-3
    assert low - slack <= min(values)
    assert max(values) <= high + slack
    assert high > low


def test_a_cosine_of_one_ends_its_axis():
    assert domain([0.21, 1.0000001])[1] == pytest.approx(1.0)


def test_the_domain_of_nothing():
    assert domain([math.nan]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0, "0"), (0.12345, "0.123"), (-0.5, "−0.500"), (1234.5, "1\u2009234"), (1e-7, "1.00e−07"), (math.nan, "–")],
)
def test_three_significant_digits(value: float, written: str):
    assert significant(value) == written


def test_tick_labels_have_the_decimals_of_their_step():
    assert tick_label(0.5, [0.0, 0.5, 1.0]) == "0.5"
    assert tick_label(-20, [-20, 0, 20]) == "−20"


@pytest.mark.parametrize("levels", [1, 2, 7, 13, 33, 81])
def test_the_first_and_last_level_are_labelled(levels: int):
    marks = level_ticks(levels)
    assert marks[0] == 0
    assert marks[-1] == levels - 1
    assert len(set(marks)) == len(marks) <= 9


@given(st.lists(st.floats(0, 100), max_size=8))
def test_spread_keeps_order_and_distance(places: list[float]):
    moved = spread(places, 10, 0, 100)
    for i, j in combinations(range(len(places)), 2):
        assert abs(moved[i] - moved[j]) >= 10 - 1e-6
        if places[i] < places[j]:
            assert moved[i] < moved[j]


def test_lines_are_named_at_their_ends_and_dashed():
    panel = line_panel([Series(label, [0.1, 0.2, 0.3 + label.index / 10]) for label in LABELS[1:]], LineAxes("Cosine"))
    assert re.findall(r'class="end">([a-z]+)<', panel.body) == ["ja", "ar", "hi", "th"]
    assert len(set(re.findall(r'stroke-dasharray="([^"]+)"', panel.body))) == 4
    assert "ja 0.100 to 0.400" in panel.alt


def test_a_gap_in_the_numbers_is_a_gap_in_the_line():
    panel = line_panel([Series(LABELS[1], [0.1, 0.2, math.nan, 0.3, 0.4])], LineAxes("Cosine"))
    d = re.search(r'd="([^"]+)"', panel.body)
    assert d is not None
    assert d[1].count("M") == 2
    assert "nan" not in panel.body


def test_a_panel_without_numbers_is_still_a_panel():
    assert "NaN" not in line_panel([], LineAxes("Cosine")).body
    assert "nan" not in line_panel([Series(LABELS[1], [math.nan] * 3)], LineAxes("Cosine")).body


def test_an_interval_is_a_band():
    panel = line_panel([Series(LABELS[1], [1, 2], low=[0.5, 1.5], high=[1.5, 2.5])], LineAxes("x"))
    assert 'class="band"' in panel.body


def test_bars_have_the_height_of_their_counts():
    panel = layer_histogram(LayerCounts(LABELS[2], [4, 2, 0, 0], [0, 0, 0, 1]), 2, 4)
    heights = [float(height) for height in re.findall(r'<rect [^>]*height="([\d.]+)"', panel.body)]
    assert heights == pytest.approx([heights[0], heights[0] / 2, heights[0] / 4], abs=0.02)
    assert panel.alt == "العربية · ar: most Type-1 in layer 0 (4), most Type-2 in layer 3 (1)."


def test_a_histogram_of_nothing():
    assert "no Type-1, no Type-2" in layer_histogram(LayerCounts(LABELS[1], [0, 0], [0, 0]), 1, 0).alt


def test_the_ramp_is_monotone_and_clipped():
    shades = [strength(value, (0.0, 1.0)) for value in (-1.0, 0.0, 0.5, 1.0, 2.0)]
    assert shades[0] == shades[1] == FLOOR
    assert shades == sorted(shades)
    assert shades[-1] == 1.0
    assert strength(math.nan, (0, 1)) == 0


def test_a_matrix_prints_its_numbers():
    values = np.array([[1.0, 0.25], [0.25, 1.0]])
    panel = matrix_panel(values, LABELS[:2], "level 3", (0, 1), cell=30, numbers=True)
    assert panel.body.count("<rect") == 5
    assert ">.25<" in panel.body
    assert panel.alt == "level 3: between 0.250 and 0.250."


@pytest.mark.parametrize("shape", SHAPES)
def test_marks_have_about_the_same_area_and_centre(shape: str):
    outline = mark_path(shape, 50, 50, 30)
    if shape == "circle":
        assert outline == "M20 50 a30 30 0 1 0 60 0a30 30 0 1 0 -60 0z"
        return
    start, *steps = [tuple(map(float, pair)) for pair in re.findall(r"[Ml](-?[\d.]+) (-?[\d.]+)", outline)]
    corners = np.cumsum([start, *steps], axis=0)
    following = np.roll(corners, -1, axis=0)
    twice = corners[:, 0] * following[:, 1] - following[:, 0] * corners[:, 1]
    assert 0.6 < abs(twice.sum() / 2) / (np.pi * 30**2) < 1.2
    np.testing.assert_allclose(corners.mean(axis=0), [50, 50], atol=8)


@pytest.mark.parametrize("code", ["ar", "he", "hi", "th", "ja", "ko", "zh", "ta", "ka", "am", "ru", "el", "bn", "my"])
def test_a_name_in_any_script_leaves_ink(code: str):
    (label,) = labels([language(code)])
    panel = layer_histogram(LayerCounts(label, [0], [0]), 1, 1)
    bare = layer_histogram(LayerCounts(labels([language("en")])[0], [0], [0]), 1, 1)
    assert png(standalone(whole_figure(panel))) != png(standalone(whole_figure(bare)))


def test_shapes_follow_scripts():
    found = {
        code: shape_of(language(code).script) for code in ("en", "ru", "el", "zh", "ja", "ko", "ar", "he", "hi", "ka")
    }
    assert found == {"en": "circle", "ru": "triangle", "el": "triangle", "zh": "square", "ja": "square", "ko": "square",
                     "ar": "diamond", "he": "diamond", "hi": "cross", "ka": "star"}  # fmt: skip


def test_a_map_draws_every_point_and_greys_the_rest():
    points = np.random.default_rng(1).uniform(-1, 1, (200, 2))
    category = np.arange(200) % 2
    categories = [Category(f"c{k}", "", f"lang-{k}", "square", 100, "sans-serif", shown=k == 0) for k in range(2)]
    cloud = Cloud(points, category, points[:, 0] > 0, [(0, -1), (1, -1), (1, 1)], (-1, -1, 1, 1))
    drawn = scatter_panel(cloud, categories, "PCA").body
    grey = re.search(r'<g class="lang-other" opacity="0.15">(.*?)</g>', drawn)
    assert grey is not None
    wanted = int(((points[:, 0] > 0) & (category == 0)).sum())
    marks = sum(one.count("M") for one in re.findall(r'd="([^"]+)" class="dots lang-0"', drawn))
    assert marks == wanted
    assert sum(one.count("M") for one in re.findall(r'd="([^"]+)"', grey[0])) == 200 - wanted
    assert 'class="lasso"' in drawn


def test_a_strip_clips_to_its_box():
    drawn = strip([StripLine("cosine", [-0.5, 0.5, 2.0], "type-1", None)])
    assert "M0 96L500 50L1000 4" in drawn


def test_the_page_and_the_file_are_drawn_by_the_same_rules():
    written = (STATIC / "figures.css").read_text("utf-8")
    assert written.split("*/\n", 1)[1] == page_rules()


def test_pages_and_files_have_the_same_language_colours():
    sheet = (STATIC / "app.css").read_text("utf-8")
    for size in (7, 9, 11):
        block = re.search(rf"\.palette-{size} {{(.*?)\n  }}", sheet, re.S)
        assert block is not None
        pairs = re.findall(r"--lang-(\d+): light-dark\((#\w+), (#\w+)\)", block[1])
        assert [light for _, light, _ in pairs] == list(palette(size + 1, "light")[1:])
        assert [dark for _, _, dark in pairs] == list(palette(size + 1, "dark")[1:])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_file_stands_alone(theme):
    svg = standalone(whole_figure(line_panel([Series(LABELS[1], [0.1, 0.9])], LineAxes("Cosine"))), theme)
    assert "var(" not in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    ET.fromstring(svg)
    assert png(svg) == png(svg)


def test_a_panel_in_a_page_is_an_image_with_words():
    panel = line_panel([Series(LABELS[1], [0.1, 0.9])], LineAxes("Cosine"))
    made = inline(panel)
    assert 'role="img"' in made
    assert 'aria-label="Cosine, levels 0 to 1: ja 0.100 to 0.900."' in made
    assert "style=" not in made


def test_lines_break_between_words():
    assert wrapped("aaa bbb ccc", 7, 1) == ["aaa bbb", "ccc"]
    assert wrapped("", 7, 1) == []
