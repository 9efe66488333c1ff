"""Files that came with a form."""

from collections.abc import Sequence

from fastapi import UploadFile

from app.text.corpora import CorpusFile


def uploaded(files: Sequence[UploadFile] | None) -> list[CorpusFile]:
    """The files with their content; an empty file field, which sends one without a name, is overlooked."""
    return [CorpusFile(file.filename, file.file.read()) for file in files or () if file.filename]
