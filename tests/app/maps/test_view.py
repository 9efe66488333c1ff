import numpy as np
import pytest

from app.errors import BadInput
from app.maps.categories import legend
from app.maps.service import nearest
from app.maps.units import in_units
from app.maps.view import ranges
from app.text.languages import language

LANGUAGES = tuple(language(code) for code in ("en", "de", "ru", "ja", "ar"))


def test_languages_of_one_family_share_an_entry():
    found = legend(LANGUAGES, (5, 4, 3, 2, 1), "family", None)
    assert [key.key for key in found.keys] == ["Germanic", "Slavic", "Japonic", "Semitic"]
    assert found.of_language == (0, 0, 1, 2, 3)
    assert found.keys[0].drawn.count == 9
    assert found.category(np.array([4, 1, 0])).tolist() == [3, 0, 0]


def test_shapes_follow_scripts():
    found = legend(LANGUAGES, (1,) * 5, "language", None)
    assert [key.drawn.shape for key in found.keys] == ["circle", "circle", "triangle", "square", "diamond"]


def test_what_is_not_highlighted_is_not_shown():
    found = legend(LANGUAGES, (1,) * 5, "language", "ja.en")
    assert found.shown(np.array([0, 1, 2, 3, 4])).tolist() == [True, False, False, True, False]
    assert legend(LANGUAGES, (1,) * 5, "language", "").shown(np.array([0])).tolist() == [False]


def test_an_unknown_highlight_is_refused_with_what_there_is():
    with pytest.raises(BadInput, match=r"“xx” is no language of this map. It has: en, de, ru, ja, ar"):
        legend(LANGUAGES, (1,) * 5, "language", "ja.xx")


def test_nearest_is_what_a_full_sort_finds():
    states = np.random.default_rng(0).standard_normal((50, 7)).astype(np.float32)
    near, distances = nearest(states, 13, 6)
    all_of_them = np.linalg.norm(states - states[13], axis=1)
    assert near == np.argsort(all_of_them)[1:7].tolist()
    np.testing.assert_allclose(distances, np.sort(all_of_them)[1:7], rtol=1e-6)


def test_nearest_of_a_map_of_one():
    assert nearest(np.zeros((1, 3), np.float32), 0, 6) == ([], [])


def test_units_meet_the_ends_of_the_box():
    ends = in_units(np.array([[-32767, 32767], [32767, -32767], [0, 0]], np.int16), (-4.0, 10.0, 6.0, 30.0))
    np.testing.assert_allclose(ends, [[-4, 30], [6, 10], [1, 20]])


@pytest.mark.parametrize(
    ("numbers", "written"), [((0, 1, 2, 3), "0–3"), ((0, 2, 3, 9), "0, 2–3, 9"), ((5,), "5"), ((), "")]
)
def test_ranges(numbers: tuple[int, ...], written: str):
    assert ranges(numbers) == written
