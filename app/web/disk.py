"""How much room is left where results are stored."""

import shutil

from app.settings import Settings


def free_bytes(settings: Settings) -> int | None:
    """Free bytes under the data folder; None if the database is elsewhere or the folder is not there yet."""
    if not settings.url.startswith("sqlite") or not settings.data_dir.exists():
        return None
    return shutil.disk_usage(settings.data_dir).free
