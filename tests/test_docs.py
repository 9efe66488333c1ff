"""What the documents say of the code is true, and modules stay small enough to read."""

import re
from pathlib import Path

from app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 300
PACKAGES = ("app", "worker", "demo", "benchmarks", "scripts", "tests")


def test_the_settings_table_of_the_readme_lists_every_setting() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    table = readme.split("## Settings", 1)[1].split("\n## ", 1)[0]
    listed = re.findall(r"^\| `([A-Z_]+)` \|", table, flags=re.MULTILINE)
    assert listed == [name.upper() for name in Settings.model_fields]


def test_defaults_in_the_readme_are_those_of_the_code() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)` \|", readme, flags=re.MULTILINE))
    assert len(shown) > 8
    for name, value in shown.items():
        if name != "DATABASE_URL":
            default = Settings.model_fields[name.lower()].default
            assert value == (f"{default:g}" if isinstance(default, float) else str(default).lower()), name


def test_every_picture_and_page_the_readme_links_to_exists() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_modules_are_short() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    files += (ROOT / "static" / "js").rglob("*.js")
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in files}
    assert len(files) > 100
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_dependencies_that_are_pinned_have_a_reason() -> None:
    reasons = (ROOT / "docs" / "dependencies.md").read_text("utf-8").lower()
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    block = project.split("dependencies = [", 1)[1].split("[project.scripts]", 1)[0]
    for name in re.findall(r'^  "([a-z0-9-]+)', block, flags=re.MULTILINE):
        if name != "babelscope":  # an extra may take in another one
            assert name.split("-binary")[0] in reasons, name
