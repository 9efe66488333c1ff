"""Static files under addresses that carry their content's hash, so that browsers may keep them for ever."""

import hashlib
from pathlib import Path
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).resolve().parents[2] / "static"


class Assets:
    """The files of one folder and their hashes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hashes: dict[str, tuple[int, str]] = {}

    def hash(self, name: str) -> str:
        """Twelve hex digits of the file's content. Raises FileNotFoundError."""
        file = self.folder / name
        changed = file.stat().st_mtime_ns
        known = self._hashes.get(name)
        if known is None or known[0] != changed:
            known = (changed, hashlib.sha256(file.read_bytes()).hexdigest()[:12])
            self._hashes[name] = known
        return known[1]

    def address(self, name: str) -> str:
        """Where the file is served, with its hash."""
        return f"/static/{name}?v={self.hash(name)}"


class HashedFiles(StaticFiles):
    """Serves the folder; an address with the right hash may be kept a year, any other is asked for again."""

    def __init__(self, assets: Assets) -> None:
        super().__init__(directory=assets.folder)
        self._assets = assets

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file with its caching header."""
        response = await super().get_response(path, scope)
        version = parse_qs(scope["query_string"].decode("latin-1")).get("v", [""])[0]
        try:
            right = version == self._assets.hash(path)
        except (FileNotFoundError, IsADirectoryError):
            raise HTTPException(404) from None
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if right else "no-cache"
        return response
