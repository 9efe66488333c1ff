"""Uploading corpora and looking at them."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.corpora.service import ROWS_AT_ONCE, store_corpus
from app.db.session import utc_now
from app.db.tables import Corpus, Sentence
from app.errors import AlreadyStored
from app.text.corpora import CorpusFile, read_corpus

ENGLISH = "Good morning.\nThe cat sleeps.\nThe cat sleeps.\nWhere is the river?\n"
JAPANESE = "おはよう。\n猫が寝ている。\n猫が寝ています。\n川はどこですか。\n"
ARABIC = "صباح الخير.\nالقطة نائمة.\nالقطة نائمة الآن.\nأين النهر؟\n"
Files = Mapping[str, str | bytes]
FILES = {"en.txt": ENGLISH, "ja.txt": JAPANESE, "ar.txt": ARABIC}


def upload(client: TestClient, files: Files, place: str = "/corpora", **fields: str):
    sent = [("files", (name, data.encode() if isinstance(data, str) else data)) for name, data in files.items()]
    return client.post(place, files=sent, data=fields)


def stored(client: TestClient, files: Files = FILES, **fields: str) -> str:
    answer = upload(client, files, **{"pivot": "en", **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).removeprefix("/corpora/")


def test_an_empty_list_leads_to_the_upload(reader: TestClient) -> None:
    assert 'href="/corpora/new"' in reader.get("/corpora").text


def test_line_aligned_files_are_stored_line_by_line(client: TestClient, sessions: sessionmaker[Session]) -> None:
    corpus_id = stored(client, name="Greetings")
    answer = client.get(f"/api/corpora/{corpus_id}").json()
    assert answer["name"] == "Greetings"
    assert answer["languages"] == ["en", "ar", "ja"]
    assert answer["sentences"] == {"en": 4, "ar": 4, "ja": 4}
    assert answer["report"]["duplicates"] == {"en": 1}
    with sessions() as session:
        rows = session.scalars(select(Sentence).where(Sentence.language == "ja").order_by(Sentence.number)).all()
        assert [row.text for row in rows] == JAPANESE.split()
        assert [row.number for row in rows] == [0, 1, 2, 3]
        assert rows[1].source == "ja.txt:2"
    page = client.get(f"/corpora/{corpus_id}").text
    assert "日本語" in page
    assert '<bdi class="text" lang="ar" dir="rtl">أين النهر؟</bdi>' in page


def test_a_zip_is_unpacked(client: TestClient) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    corpus_id = stored(client, {"greetings.zip": packed.getvalue()})
    assert client.get(f"/api/corpora/{corpus_id}").json()["sentences"]["ar"] == 4


def test_the_same_sentences_twice_lead_to_the_first(client: TestClient) -> None:
    corpus_id = stored(client, name="First")
    answer = upload(client, {f"copy/{name}": text for name, text in FILES.items()}, pivot="en")
    assert answer.status_code == 409
    assert f'href="/corpora/{corpus_id}"' in answer.text
    assert "stored already as “First”" in answer.text
    assert len(client.get("/api/corpora").json()) == 1


@pytest.mark.parametrize(
    ("files", "fields", "sentence"),
    [
        ({"en.txt": ENGLISH, "ja.txt": "一\n"}, {"format": "nway"}, "different numbers of lines"),
        ({"jpn-eng.tsv": "a\tb\nno tab here\nc\td\n"}, {}, "jpn-eng.tsv"),
        ({"en.txt": b"\xff\xfe broken \xff\n", "ja.txt": "一\n"}, {}, "en.txt"),
        ({"picture.png": b"\x89PNG"}, {}, "no corpus file here"),
        ({"en.txt": ENGLISH}, {}, "at least 2 languages"),
        (FILES, {"pivot": "klingonish"}, "not a language code"),
        (FILES, {"pivot": "fr"}, "pivot fr is not in the corpus"),
        (FILES, {"format": "excel"}, "no corpus format"),
        ({"a.zip": b"PK\x03\x04 not really"}, {}, "a.zip"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_form_kept(
    reader: TestClient, files: Files, fields: dict[str, str], sentence: str
) -> None:
    answer = upload(reader, files, name="Kept", **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Kept"' in answer.text
    assert upload(reader, files, "/api/corpora", **fields).json()["error"] in answer.text.replace("&#39;", "'").replace(
        "&#34;", '"'
    )
    assert reader.get("/api/corpora").json() == []


def test_no_file_at_all_is_said(reader: TestClient) -> None:
    answer = reader.post(
        "/corpora",
        content=b'--x\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\n\r\n--x--\r\n',
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 422
    assert "Choose the files" in answer.text


def test_an_upload_beyond_the_limit_is_refused(reader: TestClient) -> None:
    answer = upload(reader, {"en.txt": "x" * 1_100_000})
    assert answer.status_code == 413
    assert "MAX_UPLOAD_MB" in answer.text


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(reader: TestClient) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("en.txt", "word\n" * 3_000_000)
    answer = upload(reader, {"bomb.zip": packed.getvalue()})
    assert answer.status_code == 413


def test_sentences_side_by_side(client: TestClient) -> None:
    corpus_id = stored(client)
    page = client.get(f"/api/corpora/{corpus_id}/sentences", params={"base": "ja", "show": ["ar"], "q": "川"}).json()
    assert (page["base"], page["total"], page["pages"]) == ("ja", 1, 1)
    (row,) = page["rows"]
    assert row["sentence"]["text"] == "川はどこですか。"
    assert row["parallel"]["ar"]["text"] == "أين النهر؟"
    html = client.get(f"/corpora/{corpus_id}?base=ja&show=ar&q=川").text
    assert "川はどこですか。" in html
    assert "猫が寝ている" not in html


def test_a_search_takes_signs_as_they_are_and_may_find_nothing(client: TestClient) -> None:
    corpus_id = stored(client)
    assert client.get(f"/api/corpora/{corpus_id}/sentences?q=%25").json()["total"] == 0
    assert "No sentence of this language matches" in client.get(f"/corpora/{corpus_id}?q=%25").text


def test_pages_of_many_sentences(client: TestClient) -> None:
    count = ROWS_AT_ONCE + 3
    files: Files = {
        "en.txt": "".join(f"Sentence {n}.\n" for n in range(count)),
        "de.txt": "".join(f"Satz {n}.\n" for n in range(count)),
    }
    corpus_id = stored(client, files)
    last = client.get(f"/api/corpora/{corpus_id}/sentences?page=41").json()
    assert (last["total"], last["pages"]) == (count, 41)
    assert [row["sentence"]["number"] for row in last["rows"]] == [2000, 2001, 2002]
    assert last["rows"][0]["parallel"]["de"]["text"] == "Satz 2000."
    page = client.get(f"/corpora/{corpus_id}?page=2").text
    assert f'href="/corpora/{corpus_id}"' in page
    assert f'href="/corpora/{corpus_id}?page=3"' in page


def test_hidden_marks_are_shown(client: TestClient) -> None:
    files: Files = {"en.txt": "safe\u202egnp.exe\nplain\n", "de.txt": "<img onerror=x>\nzwei\n"}
    page = client.get(f"/corpora/{stored(client, files)}").text
    assert "\u202e" not in page
    assert "U+202E" in page
    assert "&lt;img onerror=x&gt;" in page


def test_deleting(client: TestClient, sessions: sessionmaker[Session], finished: str) -> None:
    (used,) = client.get("/api/corpora").json()
    assert client.post(f"/corpora/{used['id']}/delete").status_code == 409
    corpus_id = stored(client)
    assert client.post(f"/corpora/{corpus_id}/delete").headers["location"] == "/corpora"
    with sessions() as session:
        left = session.scalar(select(func.count()).select_from(Sentence).where(Sentence.corpus_id == corpus_id))
        assert left == 0
    assert client.delete(f"/api/corpora/{corpus_id}").status_code == 404


def test_storing_from_a_folder_as_the_command_line_does(session: Session, tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    row = store_corpus(session, read_corpus(tmp_path, pivot="en"), "x" * 300, utc_now())
    assert session.get_one(Corpus, row.id).name == "x" * 200
    again = read_corpus([CorpusFile(name, text.encode()) for name, text in FILES.items()], pivot="en")
    with pytest.raises(AlreadyStored):
        store_corpus(session, again, "again", utc_now())
