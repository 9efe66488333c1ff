"""A run whose views are shared."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

Share = Callable[..., str]


@pytest.fixture
def share(client: TestClient) -> Share:
    """Shares the view at an address; the token."""

    def make(address: str, **fields: str) -> str:
        answer = client.post("/shares", data={"of": address, **fields})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].removeprefix("/shares/")

    return make
