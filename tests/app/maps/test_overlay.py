"""Sentences with neurons switched off over the map: their addresses, bytes, numbers and drawings."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.maps.units import in_steps, outside
from tests.app.maps.conftest import Mapped
from tests.support.synthetic_geometry import EXPERIMENT

JA = f"{EXPERIMENT}.ja.2"
FAR = "overlaid0004.ja.2"
STEP = 2 * 0.1  # of the box: Type-2 goes twice as far


def rings_by_hand(mapped: Mapped, level: int, step: float = STEP) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of every second Japanese sentence, and their places before and after, in units of the projection."""
    points = np.flatnonzero(mapped.arrays["map/language"] == 1)[::2]
    before = mapped.arrays[f"map/pca/{level}"][points] / 32767 * 10
    return points, before, before + np.array([step * 20, 0])


def test_the_bytes_are_the_places_in_steps_of_the_same_box_and_level(mapped: Mapped):
    for level in (0, 3):
        points, _, after = rings_by_hand(mapped, level)
        found = np.frombuffer(mapped.get(f"/map/overlay/{JA}/{level}.i16").content, "<i2").reshape(-1, 2)
        wanted = np.clip(np.rint(after / 10 * 32767), -32767, 32767)
        np.testing.assert_allclose(found, wanted, atol=1)
        assert np.array_equal(np.frombuffer(mapped.get(f"/map/overlay/{JA}/points.i32").content, "<i4"), points)


def test_the_files_may_be_kept_under_their_version(mapped: Mapped):
    answer = mapped.get(f"/map/overlay/{JA}/2.i16")
    tag = answer.headers["ETag"]
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "immutable" in mapped.get(f"/map/overlay/{JA}/2.i16", v=tag.strip('"')[:12]).headers["Cache-Control"]
    address = f"/runs/{mapped.run}/map/overlay/{JA}/2.i16"
    assert mapped.client.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert mapped.get(f"/map/overlay/{EXPERIMENT}.ja.1/2.i16").headers["ETag"] != tag


def test_the_json_has_exact_places_and_says_how_many_are_outside(mapped: Mapped):
    points, before, after = rings_by_hand(mapped, 4, 2 * 0.25)
    found = mapped.json(f"/map/overlay/{FAR}/4")
    assert found["point"] == points.tolist()
    np.testing.assert_allclose(found["x"], before[:, 0], atol=1e-5)
    np.testing.assert_allclose(found["x_zeroed"], after[:, 0], atol=1e-5)
    np.testing.assert_allclose(found["y_zeroed"], before[:, 1], atol=1e-5)
    beyond = int((after[:, 0] > 10).sum())
    assert found["outside"] == beyond > 0
    assert found["read"] == len(points)
    caption = mapped.get("/map/caption", overlay=FAR, level=4).text
    assert f"{beyond} of them lie outside the map" in caption
    assert "drawn at its edge" in caption
    sent = np.frombuffer(mapped.get(f"/map/overlay/{FAR}/4.i16").content, "<i2").reshape(-1, 2)
    assert int((sent[:, 0] == 32767).sum()) == beyond


def test_the_card_lists_the_overlays_with_their_addresses(mapped: Mapped):
    listed = {one["overlay"]: one for one in mapped.json("/map")["overlays"]}
    assert {f"{EXPERIMENT}.{code}.{kind}" for code in ("ja", "ar", "hi", "th") for kind in (1, 2)} <= set(listed)
    assert not any(key.startswith("overlaid0003") for key in listed), "an experiment without a map has none"
    one = listed[JA]
    assert (one["method"], one["language"], one["type"], one["neurons"]) == ("pca", "ja", 2, 7)
    assert mapped.client.get(one["points"]["3"]).content == mapped.get(f"/map/overlay/{JA}/3.i16").content
    assert mapped.client.get(one["point"]).content == mapped.get(f"/map/overlay/{JA}/points.i32").content


def test_the_page_offers_them_without_a_script_and_keeps_the_choice(mapped: Mapped):
    plain = mapped.get("/map").text
    assert '<form class="overlay-choice" method="get"' in plain
    assert f'<option value="{JA}" data-method="pca">日本語 · ja: Type-2, 7 neurons</option>' in plain
    assert "data-overlay=" not in plain
    page = mapped.get("/map", overlay=JA, level=2, colour="family").text
    assert f'<option value="{JA}" data-method="pca" selected>' in page
    assert f'data-overlay="{JA}" data-overlay-version="' in page
    form = page.split('<form class="overlay-choice"')[1].split("</form>")[0]
    assert '<input type="hidden" name="level" value="2">' in form
    assert '<input type="hidden" name="colour" value="family">' in form
    levels = page.split('<form class="levels"')[1].split("</form>")[0]
    assert f'<input type="hidden" name="overlay" value="{JA}">' in levels
    assert f"/runs/{mapped.run}/map?level=1&amp;colour=family&amp;overlay={JA}" in page
    assert f"map.png?level=2&amp;colour=family&amp;overlay={JA}" in page.split("<noscript>")[-1]
    assert "Hollow: the same sentences with neurons of" in page


def test_an_empty_choice_is_none(mapped: Mapped):
    assert "data-overlay=" not in mapped.get("/map", overlay="").text


def test_a_run_without_one_says_where_they_come_from(client: TestClient, finished: str):
    assert f'href="/experiments/new/geometry?run={finished}"' in client.get(f"/runs/{finished}/map").text


def test_an_overlay_opens_its_own_map_and_no_other(mapped: Mapped):
    refused = mapped.get("/map", 422, method="umap", overlay=JA).text
    assert "are on the map “pca”, not on “umap”" in refused
    assert 'href="/runs/' in mapped.get("/map", overlay=JA).text


@pytest.mark.parametrize("key", ["overlaid0003.ja.2", f"{EXPERIMENT}.en.1", f"{EXPERIMENT}.ja.3", "nothing", "a.b.c"])
def test_what_is_no_overlay_is_not_found(mapped: Mapped, key: str):
    assert "This run has no overlay “" in mapped.get("/map", 404, overlay=key).text
    assert mapped.json(f"/map/overlay/{key}/1", 404)["error"].startswith("This run has no overlay “")
    mapped.get(f"/map/overlay/{key}/1.i16", 404)


def test_a_level_that_is_not_stored_has_no_overlay(mapped: Mapped):
    assert "Level 77 is not stored" in mapped.json(f"/map/overlay/{JA}/77", 404)["error"]


def test_places_on_a_map_that_was_drawn_anew_are_refused(mapped: Mapped):
    said = mapped.json("/map/overlay/overlaid0002.ja.1/2", 409)["error"]
    assert "was drawn anew since “Turned”" in said


def test_a_point_says_how_far_it_goes(mapped: Mapped):
    points, _, _ = rings_by_hand(mapped, 1)
    text = mapped.get(f"/map/point/{points[3]}", overlay=JA, level=1).text
    assert "switched off:" in text
    assert "Type-2, 7 neurons. It moves by 20 % of the map" in text
    assert mapped.json(f"/map/point/{points[3]}", overlay=JA, level=1)["moved"] == pytest.approx(STEP, abs=1e-4)
    other = int(np.flatnonzero(mapped.arrays["map/language"] == 1)[1])
    assert "switched off" not in mapped.get(f"/map/point/{other}", overlay=JA, level=1).text
    assert mapped.json(f"/map/point/{other}", overlay=JA, level=1)["moved"] is None
    assert mapped.json(f"/map/point/{points[3]}", level=1)["moved"] is None


def test_the_drawing_has_a_ring_a_line_and_a_legend(mapped: Mapped):
    points, _, _ = rings_by_hand(mapped, 2)
    drawn = mapped.get("/map.svg", overlay=JA, level=2).text
    words = " ".join(" ".join(ET.fromstring(drawn).itertext()).split())
    assert "ja switched off:" in words
    assert f"Hollow: {len(points)} sentences of Japanese" in words
    [rings] = [one for one in drawn.split("<path")[1:] if 'class="round lang-1"' in one and one.count("M") > 1]
    [ways] = [one for one in drawn.split("<path")[1:] if 'class="leader lang-1"' in one]
    assert rings.count("M") == ways.count("M") == len(points)
    grey = mapped.get("/map.svg", overlay=JA, level=2, hl="hi").text
    [dim] = [one for one in grey.split("<path")[1:] if 'class="round lang-other"' in one]
    assert dim.count("M") == len(points)
    assert mapped.get("/map.png", overlay=JA, level=2).content != mapped.get("/map.png", level=2).content


def test_a_shared_map_carries_it(mapped: Mapped):
    made = mapped.client.post("/api/shares", json={"of": f"/runs/{mapped.run}/map?level=2&overlay={JA}"})
    assert made.status_code in (200, 201), made.text
    token = made.json()["token"]
    assert "Hollow: 15 sentences of Japanese" in mapped.client.get(f"/s/{token}").text
    header, *rows = mapped.client.get(f"/s/{token}.csv").text.splitlines()
    assert header.endswith("selected,x_zeroed,y_zeroed")
    assert sum(not row.endswith(",,") for row in rows) == 15


def test_steps_stop_at_the_edge_and_rounding_is_not_outside():
    bounds = (-2.0, 0.0, 2.0, 8.0)
    places = np.array([[-2.0, 8.0], [2.0005, 4.0], [3.0, 4.0], [0.0, -5.0]])
    assert in_steps(places, bounds).tolist() == [[-32767, 32767], [32767, 0], [32767, 0], [0, -32767]]
    assert outside(places, bounds) == 2
