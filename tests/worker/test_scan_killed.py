"""A real scan whose worker is killed again and again ends as if nothing had happened, on both databases."""

from pathlib import Path

import pytest

from tests.support.killing import scan_with_kills


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_scan_survives_the_death_of_its_workers(database_url: str, tmp_path: Path) -> None:
    calm = scan_with_kills(database_url, tmp_path, kills=0, seed=3)
    wild = scan_with_kills(database_url, tmp_path, kills=3, seed=3, usual=calm.seconds)
    assert (calm.status, wild.status) == ("complete", "complete"), wild.error
    assert wild.kills == 3
    assert wild.begun_again <= 3
    assert len(calm.numbers) > 100
    assert wild.numbers == calm.numbers
