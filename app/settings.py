"""The settings: the only reader of the environment."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting with its default; each is an environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the server listens on.")
    database_url: str = Field("", description="Database; empty = SQLite in DATA_DIR, or postgresql://user@host/name.")
    data_dir: Path = Field(Path("data"), description="Folder of the SQLite database and of downloaded models.")
    device: str = Field("auto", description="Where models run: auto, cpu, cuda, or cuda:0,cuda:1 (one worker each).")
    threads: int = Field(0, ge=0, description="CPU threads of a worker; 0 = all cores.")
    hf_token: SecretStr = Field(SecretStr(""), description="Token for gated models of the Hugging Face hub.")
    model_root: Path | None = Field(None, description="Local model folders must lie under here when set.")
    task_root: Path | None = Field(None, description="Folder of your own task files for lm-evaluation-harness.")
    lease_seconds: float = Field(
        15.0, gt=0, description="A worker unseen for so long is dead; its jobs go on elsewhere."
    )
    keep_days: int = Field(90, ge=1, description="Finished jobs and their events are deleted after so many days.")
    max_upload_mb: int = Field(64, ge=1, description="Largest corpus upload.")
    demo: bool = Field(True, description="Register the demo model and queue its scan on first start.")
    log_level: str = Field("info", description="debug, info, warning or error.")

    @property
    def url(self) -> str:
        """The database address with its driver named, as SQLAlchemy wants it."""
        if not self.database_url:
            return f"sqlite:///{(self.data_dir / 'babelscope.db').absolute()}"
        for scheme in ("postgresql://", "postgres://"):
            if self.database_url.startswith(scheme):
                return "postgresql+psycopg://" + self.database_url.removeprefix(scheme)
        return self.database_url

    def scratch(self, experiment_id: str) -> Path:
        """The folder of what an experiment keeps on this machine until it has its answer, or is deleted."""
        return self.data_dir / "harness" / experiment_id
