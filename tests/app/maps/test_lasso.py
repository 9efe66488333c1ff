import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadInput
from app.maps.lasso import CHUNK, MOST_CORNERS, Lasso, inside

units = st.integers(-32768, 32767)
corners = st.lists(st.tuples(units, units), min_size=3, max_size=MOST_CORNERS)


@given(corners, st.integers(0, 9999))
def test_a_lasso_survives_its_address(polygon: list[tuple[int, int]], level: int):
    lasso = Lasso("umap", level, tuple(polygon))
    assert Lasso.parse(str(lasso)) == lasso
    assert len(str(lasso)) < 1500


@pytest.mark.parametrize(
    "written",
    [
        "",
        "umap.3",
        "umap.3_1.2_3.4",
        "3_1.2_3.4_5.6",
        "umap.3_1.2_3.4_5",
        "umap.3_1.2_3.4_x.6",
        "umap.3_1.2_3.4_5.40000",
        "umap.3" + "_1.2" * (MOST_CORNERS + 1),
        "../x.3_1.2_3.4_5.6",
        "umap.3_1.2_3.4_5.٣",
    ],
)
def test_a_damaged_lasso_is_refused(written: str):
    with pytest.raises(BadInput, match="selection"):
        Lasso.parse(written)


def test_a_triangle_holds_what_is_in_it():
    points = np.array([[0, 0], [10, 1], [5, 5], [9, 9], [-2, 0], [5, 20]], np.int16)
    assert inside(points, ((-1, -1), (21, -1), (-1, 21))).tolist() == [True, True, True, True, False, False]


@given(corners, st.integers(0, 2**32 - 1))
def test_inside_agrees_with_the_crossing_rule_point_by_point(polygon: list[tuple[int, int]], seed: int):
    points = np.random.default_rng(seed).integers(-32768, 32768, (20, 2)).astype(np.int16)
    assert inside(points, tuple(polygon)).tolist() == [by_hand(int(x), int(y), polygon) for x, y in points]


def by_hand(x: int, y: int, polygon: list[tuple[int, int]]) -> bool:
    within = False
    for (ax, ay), (bx, by) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) * ((bx - ax) / (by - ay)):
            within = not within
    return within


def test_more_points_than_a_chunk():
    points = np.zeros((CHUNK + 3, 2), np.int16)
    points[-1] = 100
    found = inside(points, ((-10, -10), (10, -10), (10, 10), (-10, 10)))
    assert found.sum() == CHUNK + 2
    assert not found[-1]
