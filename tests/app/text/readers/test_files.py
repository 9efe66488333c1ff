import gzip
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.errors import CorpusError, TooLarge
from app.text.corpora import read_corpus
from app.text.readers.files import open_files
from app.text.readers.reading import CorpusFile, Limits

SWAHILI, TURKISH = "Mkate ni wa moto.\nDaraja liko wapi?\n", "Ekmek sıcak.\nKöprü nerede?\n"


def archive_of(entries: Sequence[tuple[str | zipfile.ZipInfo, bytes | str]]) -> CorpusFile:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in entries:
            opened.writestr(name, data)
    return CorpusFile("upload.zip", packed.getvalue())


def refused(file: CorpusFile, limits: Limits | None = None) -> str:
    with pytest.raises(CorpusError) as error:
        open_files([file], limits or Limits())
    return str(error.value)


def test_a_folder_may_come_as_zip() -> None:
    files: list[tuple[str, bytes | str]] = [
        ("set/", ""),
        ("set/sw.txt", SWAHILI),
        ("set/tr.txt.gz", gzip.compress(TURKISH.encode())),
        ("set/README.txt", "about"),
        ("__MACOSX/set/._sw.txt", b"\0"),
        ("set/.DS_Store", b"\0"),
    ]
    corpus = read_corpus([archive_of(files)])
    assert corpus.languages == ("sw", "tr")
    assert "README.txt" in corpus.report.warnings[0]


def test_a_folder_on_disk_is_read(tmp_path: Path) -> None:
    (tmp_path / "sw.txt").write_text(SWAHILI, encoding="utf-8")
    (tmp_path / "tr.txt.gz").write_bytes(gzip.compress(TURKISH.encode()))
    (tmp_path / "LICENSE").write_text("free", encoding="utf-8")
    (tmp_path / "deeper").mkdir()
    files, skipped = open_files(tmp_path, Limits())
    assert [file.name for file in files] == ["sw.txt", "tr.txt"]
    assert skipped == ["LICENSE"]
    with pytest.raises(CorpusError, match="no file or folder"):
        open_files(tmp_path / "missing", Limits())
    with pytest.raises(TooLarge):
        open_files(tmp_path, Limits(total_bytes=10))


@pytest.mark.parametrize("name", ["../sw.txt", "/etc/sw.txt", "a/../../sw.txt", "..\\sw.txt", "C:\\sw.txt"])
def test_names_that_leave_the_archive_are_refused(name: str) -> None:
    assert "points outside the archive" in refused(archive_of([(name, SWAHILI)]))


def test_links_are_refused() -> None:
    link = zipfile.ZipInfo("sw.txt")
    link.external_attr = 0o120777 << 16
    assert "is a link" in refused(archive_of([(link, "/etc/passwd")]))


def test_archives_within_archives_are_refused() -> None:
    inner = archive_of([("sw.txt", SWAHILI)]).data
    assert "archive within an archive" in refused(archive_of([("inner.zip", inner)]))


def test_encrypted_entries_are_refused() -> None:
    plain = archive_of([("sw.txt", SWAHILI)]).data
    directory = plain.index(b"PK\x01\x02")
    locked = bytearray(plain)
    locked[6] |= 1
    locked[directory + 8] |= 1
    assert "is encrypted" in refused(CorpusFile("upload.zip", bytes(locked)))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no archive", b"plain text"])
def test_broken_archives_are_refused(data: bytes) -> None:
    assert "upload.zip is not a zip archive" in refused(CorpusFile("upload.zip", data))
    assert "sw.txt.gz is not a whole gzip file" in refused(CorpusFile("sw.txt.gz", data or b"x"))


def test_damaged_archives_are_refused() -> None:
    good = archive_of([("sw.txt", SWAHILI * 50)]).data
    damaged = good[:45] + b"\xff\xff\xff" + good[48:]
    assert "upload.zip is not a zip archive" in refused(CorpusFile("upload.zip", damaged))
    whole = gzip.compress(SWAHILI.encode())
    assert "sw.txt.gz is not a whole gzip file" in refused(CorpusFile("sw.txt.gz", whole[:-9]))


def test_what_unpacks_beyond_the_limit_is_refused() -> None:
    zeros = b"\n" * 200_000
    limits = Limits(total_bytes=100_000)
    bombs = [
        archive_of([("sw.txt", zeros)]),
        archive_of([("sw.txt", zeros[:60_000]), ("tr.txt", zeros[:60_000])]),
        CorpusFile("sw.txt.gz", gzip.compress(zeros)),
        archive_of([("sw.txt.gz", gzip.compress(zeros))]),
        CorpusFile("sw.txt", zeros),
    ]
    for bomb in bombs:
        with pytest.raises(TooLarge, match="larger than 100,000 bytes"):
            open_files([bomb], limits)


def test_a_header_that_lies_about_the_size_does_not_help() -> None:
    packed = bytearray(archive_of([("sw.txt", b"\n" * 200_000)]).data)
    directory = packed.index(b"PK\x01\x02")
    packed[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    with pytest.raises((TooLarge, CorpusError)):
        open_files([CorpusFile("upload.zip", bytes(packed))], Limits(total_bytes=100_000))


def test_too_many_files_are_refused() -> None:
    with pytest.raises(TooLarge, match="more than 3 files"):
        open_files([archive_of([(f"{n}.md", "") for n in range(5)])], Limits(files=3))


def test_no_data_is_said() -> None:
    assert "only notes.md" in refused(CorpusFile("notes.md", b"text"))
    assert "nothing" in refused(archive_of([]))
    assert "fit" in refused(CorpusFile("a" * 200 + ".txt", b"text"))
