"""What a release is made of: a wheel with what runs, a source distribution with all that one works on it with."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import aiotwenty
from tests.support.once import once
from tests.support.uncounted import uncounted

ROOT = Path(__file__).resolve().parents[2]
NAME = f"aiotwenty-{aiotwenty.__version__}"

PRESETS = ("apollo", "google-contacts", "hubspot", "linkedin", "outlook", "pipedrive", "salesforce")
DATA = {
    "aiotwenty/playground/page.html",
    "aiotwenty/playground/static/LICENSES.txt",
    "aiotwenty/playground/static/app.css",
    "aiotwenty/playground/static/app.js",
    "aiotwenty/py.typed",
    "aiotwenty/sandbox/metadata/metadata.graphql",
    "aiotwenty/sandbox/model/catalogue.json",
    "aiotwenty/transport/redis_limit.lua",
    *(f"aiotwenty/bulk/presets/{name}.toml" for name in PRESETS),
    *(f"{NAME}.dist-info/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")),
}
"""All of the wheel that is not Python."""

NEVER = re.compile(r"(^|/)(node_modules|__pycache__|\.venv|\.git|\.env|\.demo|dist|build)(/|$)|\.(pyc|db|log|key|pem)$")
SECRET = re.compile(rb"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{40,}|-----BEGIN [A-Z ]*PRIVATE KEY-----\n")
"""Keys of Twenty are JSON web tokens; the made-up ones of tests have no signature of this length."""

WHEEL_LIMIT = 1_200_000
"""Bytes, GraphiQL apart: a wheel that grows past it has something in it that nobody meant to ship."""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of this checkout, and the wheel made from that, as the workflow `publish` makes them."""

    def build(folder: Path) -> None:
        _hatchling(ROOT, "sdist", folder)
        with tarfile.open(folder / f"{NAME}.tar.gz") as archive:
            archive.extractall(folder / "unpacked", filter="data")
        _hatchling(folder / "unpacked" / NAME, "wheel", folder)

    return once(tmp_path_factory, "dist", build)


def _hatchling(source: Path, target: str, folder: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, env=uncounted())


@pytest.fixture
def wheel(dist: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(dist / f"{NAME}-py3-none-any.whl") as archive:
        yield archive


@pytest.fixture
def sdist(dist: Path) -> Iterator[tarfile.TarFile]:
    with tarfile.open(dist / f"{NAME}.tar.gz") as archive:
        yield archive


def test_the_wheel_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    source = ROOT / "src"
    code = {path.relative_to(source).as_posix() for path in (source / "aiotwenty").rglob("*.py")}
    assert set(wheel.namelist()) == code | DATA


def test_the_wheel_is_no_larger_than_it_has_to_be(wheel: zipfile.ZipFile, dist: Path) -> None:
    graphiql = sum(entry.compress_size for entry in wheel.infolist() if "/playground/static/" in entry.filename)
    assert (dist / f"{NAME}-py3-none-any.whl").stat().st_size - graphiql < WHEEL_LIMIT


def test_the_source_distribution_holds_what_is_committed(sdist: tarfile.TarFile) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    committed = {path for path in listed.splitlines() if (ROOT / path).exists()}
    # What only a clone has a use for: the hosting site's own files, and hooks of git.
    wanted = {path for path in committed if not path.startswith((".ci/", ".github/", ".pre-commit"))}
    assert wanted - {path.removeprefix(f"{NAME}/") for path in sdist.getnames()} == set()


def test_nothing_is_packed_that_was_made_or_downloaded_here(wheel: zipfile.ZipFile, sdist: tarfile.TarFile) -> None:
    names = [*wheel.namelist(), *(name.removeprefix(f"{NAME}/") for name in sdist.getnames())]
    assert [name for name in names if NEVER.search(name)] == []


def test_no_key_is_packed(sdist: tarfile.TarFile) -> None:
    files = {entry.name: file.read() for entry in sdist if (file := sdist.extractfile(entry))}
    assert [name for name, content in files.items() if SECRET.search(content)] == []


def test_the_index_takes_both(dist: Path) -> None:
    files = sorted(map(str, dist.glob("aiotwenty-*")))
    assert len(files) == 2
    checked = subprocess.run(
        [sys.executable, "-m", "twine", "--no-color", "check", "--strict", *files], capture_output=True, text=True
    )
    assert (checked.returncode, checked.stdout.count("PASSED")) == (0, 2), checked.stdout + checked.stderr


def test_the_readme_has_only_links_that_work_away_from_the_repository(wheel: zipfile.ZipFile) -> None:
    text = wheel.read(f"{NAME}.dist-info/METADATA").decode().partition("\n\n")[2]
    assert re.findall(r"\]\((?!https?://|#)[^)]*\)", text) == []


def test_the_changelog_goes_by_release() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    released = headings[headings[0] == "[Unreleased]" :]
    assert headings
    assert [heading for heading in released if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", heading)] == []
    versions = [tuple(map(int, re.findall(r"\d+", heading)[:3])) for heading in released]
    assert versions == sorted(set(versions), reverse=True)
