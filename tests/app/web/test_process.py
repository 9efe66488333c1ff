"""What the web process is made of."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "transformers", "sklearn", "umap", "numba", "worker", "tokenizers", "safetensors")
WEB = ("fastapi", "starlette", "jinja2", "uvicorn", "resvg_py", "nh3")  # not in the worker's image


def test_importing_the_app_imports_nothing_of_the_models(tmp_path: Path) -> None:
    code = f"import sys, app.main, app.server, app.demo; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_worker_and_command_line_need_nothing_of_the_web() -> None:
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({WEB!r})); "
        "import app.cli, worker.main, worker.analyses, worker.on_device, worker.headless; print('fine')"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "fine"


def test_importing_the_app_does_nothing(tmp_path: Path) -> None:
    code = "import app.main, pathlib; print(list(pathlib.Path().iterdir()))"
    root = str(Path(__file__).resolve().parents[3])
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, env={"PYTHONPATH": root}
    )
    assert found.stdout.strip() == "[]"
