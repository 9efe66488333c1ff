"""Fetch a model's files from the Hugging Face hub: configuration, tokenizer and safetensors, nothing that runs."""

import errno
import re
from dataclasses import dataclass
from pathlib import Path

import httpx2
from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from app.errors import ModelUnavailable, OutOfSpace, ProductError

HUB_ID = re.compile(r"^[\w.-]+/[\w.-]+$")
_CONFIG = ["config.json"]
# The weights' names are transformers' own; others (original/consolidated.safetensors) would be a second copy.
_FILES = ["*.json", "*.jinja", "*.txt", "*.model", "tokenizer*", "model*.safetensors"]


@dataclass(frozen=True)
class Hub:
    """How to reach the hub: a token for gated models, the folder for downloads, another address than the usual."""

    token: str | None = None
    cache: Path | None = None
    endpoint: str | None = None

    def fetch_config(self, name: str, revision: str | None) -> Path:
        """Download only config.json; gives a folder named after the commit, so that all else comes from the same."""
        return self._fetch(name, revision, _CONFIG)

    def fetch(self, name: str, revision: str | None) -> Path:
        """Download what a model needs; raises ModelUnavailable with what to do, OutOfSpace when the disk is full."""
        return self._fetch(name, revision, _FILES)

    def _fetch(self, name: str, revision: str | None, patterns: list[str]) -> Path:
        if HUB_ID.match(name) is None:
            raise ModelUnavailable(f"“{name[:80]}” is neither a folder on this worker nor a hub id like owner/model.")
        try:
            folder = snapshot_download(
                name,
                revision=revision,
                cache_dir=self.cache,
                token=self.token or None,
                endpoint=self.endpoint,
                allow_patterns=patterns,
            )
        # ValueError: an id the hub's own rules refuse, such as owner/model..name.
        except (OSError, ValueError, httpx2.HTTPError) as error:
            raise _explained(name, revision, error) from error
        return Path(folder)


def _explained(name: str, revision: str | None, error: Exception) -> ProductError:
    """The sentence for a failed download, without the library's own, which shows addresses and request ids."""
    # Behind "not in the cache" the hub's own answer is the cause.
    cause = error.__cause__ if isinstance(error, LocalEntryNotFoundError) else None
    answer = cause if isinstance(cause, HfHubHTTPError) else error
    status = answer.response.status_code if isinstance(answer, HfHubHTTPError) else None
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return OutOfSpace(f"The disk is full; {name} could not be downloaded. Free some space and start again.")
    if isinstance(answer, GatedRepoError) or status == httpx2.codes.FORBIDDEN:
        return ModelUnavailable(
            f"{name} is gated. Accept its licence on the hub, set HF_TOKEN to a token that may read it, and restart."
        )
    if isinstance(answer, RevisionNotFoundError):
        return ModelUnavailable(f"{name} has no revision “{revision}”. Give a commit, tag or branch of it.")
    if isinstance(answer, RepositoryNotFoundError) or status in {httpx2.codes.UNAUTHORIZED, httpx2.codes.NOT_FOUND}:
        return ModelUnavailable(
            f"The hub has no model {name}, or it is private. Check the name; for a private or gated model set HF_TOKEN."
        )
    if isinstance(error, ValueError):
        return ModelUnavailable(f"“{name}” is not a possible hub id. Write it as owner/model.")
    if status is not None:
        return ModelUnavailable(f"The hub answered with an error ({status}) for {name}. Try again later.")
    return ModelUnavailable(
        f"{name} is not on this machine and the hub could not be reached. Check the network, or give a local folder."
    )
