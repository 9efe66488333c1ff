"""Question sets on pages and as JSON: upload, look, refuse, delete."""

from fastapi.testclient import TestClient

GOOD = (
    '{"id": 1, "language": "en", "question": "Capital of <Italy>?", "answer": "Rome", "choices": ["Oslo", "Rome"]}\n'
    '{"id": 1, "language": "ja", "question": "イタリアの首都は?", "answer": "ローマ"}\n'
)


def send(client: TestClient, content: str, name: str = "x.jsonl") -> str:
    answer = client.post("/questions", files={"files": (name, content.encode())}, data={"name": "Capitals"})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_set_is_uploaded_shown_and_deleted(client: TestClient) -> None:
    assert "No question set is stored yet" in client.get("/questions").text
    place = send(client, GOOD)
    text = client.get(place).text
    assert "Capital of &lt;Italy&gt;?" in text
    assert "Oslo" in text
    assert "ローマ" in client.get(f"{place}?language=ja").text
    assert "No question of this language matches" in client.get(f"{place}?q=nothing").text
    assert "Capitals" in client.get("/questions").text
    page = client.get(f"/api{place}/questions?language=ja").json()
    assert (page["total"], page["rows"][0]["answers"]) == (1, ["ローマ"])
    assert client.get("/api/questions").json()[0]["report"]["with_choices"] == 1
    assert client.post(f"{place}/delete").status_code == 303
    assert client.get(place).status_code == 404


def test_what_is_wrong_is_said_on_the_form(client: TestClient) -> None:
    answer = client.post("/questions", files={"files": ("en.jsonl", b'{"question": 3, "answer": "a"}')})
    assert answer.status_code == 422
    assert "en.jsonl line 1: a question is a text" in answer.text
    assert "Choose the files" in client.post("/questions", data={"name": "x"}).text
    send(client, GOOD)
    twice = client.post("/questions", files={"files": ("y.jsonl", GOOD.encode())})
    assert twice.status_code == 409
    assert "stored already" in twice.text
