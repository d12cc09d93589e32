"""The wheel and the source distribution, built where there is no Node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def no_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which neither node nor npm is on PATH."""
    empty = tmp_path_factory.mktemp("empty")
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PATH": str(empty), "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(arguments: list[str], env: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


def build(kind: str, source: Path, out: Path, env: dict[str, str]) -> Path:
    done = run(["-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(out)], env, source)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory, no_node: dict[str, str]) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"), no_node)


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(target, filter="data")
    (source,) = target.iterdir()
    return source


@pytest.fixture(scope="module")
def wheel(
    unpacked: Path, tmp_path_factory: pytest.TempPathFactory, no_node: dict[str, str]
) -> Path:
    return build("wheel", unpacked, tmp_path_factory.mktemp("wheel"), no_node)


def bundle() -> set[str]:
    found = {f"hierwidgets/static/{path.name}" for path in (ROOT / "hierwidgets/static").iterdir()}
    assert found, "the front end is not built"
    return found


def test_the_sdist_holds_what_the_next_build_needs(unpacked: Path):
    names = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert bundle() <= names
    wanted = {"js/package.json", "js/package-lock.json", "hatch_build.py", "LICENSE", "Makefile"}
    assert wanted <= names
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]


def test_the_wheel_from_the_sdist_holds_the_bundle_and_the_data(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert bundle() <= names
    assert {"hierwidgets/py.typed", "hierwidgets/data/radon.csv"} <= names
    assert not [name for name in names if not name.startswith("hierwidgets")]


def test_the_wheel_imports_where_there_is_no_node(
    wheel: Path, tmp_path: Path, no_node: dict[str, str]
):
    target = tmp_path / "installed"
    pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)]
    done = run(pip, no_node, tmp_path)
    assert done.returncode == 0, done.stderr
    code = (
        f"import sys; sys.path.insert(0, {str(target)!r});"
        "import hierwidgets as hw; print(hw.__file__, hw.__version__);"
        "print(hw.example('radon').shape); hw.fit, hw.report"
    )
    done = run(["-c", code], no_node, tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(target) in done.stdout
    assert "(919, 4)" in done.stdout


@pytest.fixture
def without_bundle(unpacked: Path, tmp_path: Path) -> Path:
    source = tmp_path / "source"
    shutil.copytree(unpacked, source, ignore=shutil.ignore_patterns("static"))
    return source


def test_a_build_that_needs_node_and_has_none_says_so(
    without_bundle: Path, tmp_path: Path, no_node: dict[str, str]
):
    out = ["--outdir", str(tmp_path / "out")]
    done = run(["-m", "build", "--wheel", "--no-isolation", *out], no_node, without_bundle)
    assert done.returncode != 0
    assert "needs Node.js 20 or newer" in done.stdout + done.stderr


def test_the_front_end_can_be_skipped(
    without_bundle: Path, tmp_path: Path, no_node: dict[str, str]
):
    env = {**no_node, "HIERWIDGETS_SKIP_FRONTEND": "1"}
    built = build("wheel", without_bundle, tmp_path / "out", env)
    with zipfile.ZipFile(built) as archive:
        assert not [name for name in archive.namelist() if "static" in name]
