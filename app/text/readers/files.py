"""From an upload or a folder to plain data files in memory: gzip and zip unpacked under a cap, nothing written."""

import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from app.errors import CorpusError, TooLarge
from app.text.readers.reading import CorpusFile, Limits

DATA_SUFFIXES = (".txt", ".tsv", ".jsonl", ".ndjson", ".json")
NOT_DATA = frozenset({"readme", "license", "licence", "copying", "notice", "changelog"})
_CHUNK = 1 << 20


def open_files(
    source: Sequence[CorpusFile] | Path, limits: Limits, suffixes: Sequence[str] = DATA_SUFFIXES
) -> tuple[list[CorpusFile], list[str]]:
    """Return the data files by name, unpacked, and the names of files that hold no data: other suffixes, a README.

    Raises CorpusError for a broken or unsafe archive and for no data at all, TooLarge beyond the limits.
    """
    budget = _Budget(limits)
    data: list[CorpusFile] = []
    skipped: list[str] = []
    for file in _unzipped(_from_folder(source, limits) if isinstance(source, Path) else source, budget, suffixes):
        name = file.name.removesuffix(".gz")
        if not _is_data(name, suffixes):
            skipped.append(file.name)
            continue
        if len(name) > limits.name_characters:
            raise CorpusError(f"The file name {name[:40]}... has {len(name)} characters; {limits.name_characters} fit.")
        content = _gunzip(file, budget) if file.name.endswith(".gz") else file.data
        data.append(CorpusFile(name, content))
    if not data:
        found = f"only {', '.join(skipped[:5])}" if skipped else "nothing"
        raise CorpusError(f"There is no corpus file here, {found}: files end in {', '.join(suffixes)}, .gz or .zip.")
    return sorted(data, key=lambda file: file.name), skipped


class _Budget:
    """Counts unpacked bytes and files against the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.bytes = 0
        self.files = 0

    def spend(self, name: str, data: bytes) -> bytes:
        self.bytes += len(data)
        if self.bytes > self.limits.total_bytes:
            raise TooLarge(
                f"{name}: unpacked, the corpus is larger than {self.limits.total_bytes:,} bytes. Upload a part of it."
            )
        return data

    def count(self) -> None:
        self.files += 1
        if self.files > self.limits.files:
            raise TooLarge(f"The upload holds more than {self.limits.files:,} files. Upload fewer languages.")


def _from_folder(folder: Path, limits: Limits) -> list[CorpusFile]:
    if not folder.exists():
        raise CorpusError(f"There is no file or folder {folder}.")
    paths = sorted(folder.iterdir()) if folder.is_dir() else [folder]
    paths = [path for path in paths if path.is_file()]
    if sum(path.stat().st_size for path in paths) > limits.total_bytes:
        raise TooLarge(f"{folder} holds more than {limits.total_bytes:,} bytes. Read a part of it.")
    return [CorpusFile(path.name, path.read_bytes()) for path in paths]


def _is_data(name: str, suffixes: Sequence[str]) -> bool:
    path = PurePosixPath(name)
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return path.suffix in suffixes and not hidden and path.stem.lower() not in NOT_DATA


def _unzipped(files: Iterable[CorpusFile], budget: _Budget, suffixes: Sequence[str]) -> Iterable[CorpusFile]:
    for file in files:
        if file.name.lower().endswith(".zip"):
            yield from _unzip(file, budget, suffixes)
        else:
            budget.count()
            budget.spend(file.name, file.data)
            yield file


def _unzip(archive: CorpusFile, budget: _Budget, suffixes: Sequence[str]) -> Iterable[CorpusFile]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
            for entry in opened.infolist():
                budget.count()
                if entry.is_dir():
                    continue
                _check_entry(archive.name, entry)
                content = b""
                if _is_data(entry.filename.removesuffix(".gz"), suffixes):
                    with opened.open(entry) as stream:  # the size in the entry's header may lie
                        content = stream.read(budget.limits.total_bytes - budget.bytes + 1)
                    budget.spend(f"{archive.name}: {entry.filename}", content)
                yield CorpusFile(entry.filename, content)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as broken:
        raise CorpusError(f"{archive.name} is not a zip archive we can read ({broken}). Pack it again.") from None


def _check_entry(archive: str, entry: zipfile.ZipInfo) -> None:
    """Refuse names that leave the archive, links, passwords and archives within; nothing is written, but we say no."""
    name = entry.filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name:
        raise CorpusError(f"{archive}: the entry {name!r} points outside the archive. Pack plain files only.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise CorpusError(f"{archive}: the entry {name!r} is a link. Pack the file itself.")
    if entry.flag_bits & 1:
        raise CorpusError(f"{archive}: the entry {name!r} is encrypted. Pack it without a password.")
    if name.lower().endswith(".zip"):
        raise CorpusError(f"{archive}: the entry {name!r} is an archive within an archive. Unpack it first.")


def _gunzip(file: CorpusFile, budget: _Budget) -> bytes:
    chunks: list[bytes] = []
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(file.data)) as stream:
            while chunk := stream.read(_CHUNK):
                chunks.append(budget.spend(file.name, chunk))
    except (OSError, EOFError, zlib.error) as broken:
        raise CorpusError(f"{file.name} is not a whole gzip file ({broken}). Compress it again.") from None
    return b"".join(chunks)
