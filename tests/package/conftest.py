"""One wheel, and one clean environment with it, for all tests of the package."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from packaged import PARTS, ROOT
from processes import listening


@contextmanager
def _once(folder: Path) -> Iterator[bool]:
    """Whether this process is the one that makes what belongs into `folder`; the others wait until it has."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not (folder / "made").exists()
        (folder / "made").touch()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that the worker processes of this session have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def wheel(shared: Path) -> Path:
    """The wheel, built from the archive of the sources, and that from a copy of what is under version control, so that
    nothing else can slip in."""
    out = shared / "wheel"
    with _once(out) as mine:
        if mine:
            _build(out)
    (made,) = out.glob("*.whl")
    return made


def _build(out: Path) -> None:
    source = out / "source"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, cwd=out, timeout=240)
    assert built.returncode == 0, built.stdout + built.stderr


@pytest.fixture(scope="session")
def installed(wheel: Path, shared: Path) -> Path:
    """A clean virtual environment with the wheel in it; its dependencies are lent by this one, without the network."""
    out = shared / "clean"
    with _once(out) as mine:
        if mine:
            _install(wheel, out / "venv")
    return out / "venv"


def _install(wheel: Path, folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=240)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True, timeout=240)
    (site,) = (folder / "lib").glob("python*/site-packages")
    lent = site / "lent"
    lent.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        ours = "eni_conformance" in entry.name or entry.suffix == ".pth" or entry.name in PARTS
        if not ours and entry.name != "__pycache__":
            (lent / entry.name).symlink_to(entry)
    (site / "lent.pth").write_text(str(lent) + "\n")


@pytest.fixture(scope="session")
def faulty(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The target file of an emulator that refuses a detach of a primary interface with a wrong status."""
    target = tmp_path_factory.mktemp("faulty") / "target.toml"
    options = ["--port", "0", "--write-target", str(target), "--parent-pid", str(os.getpid())]
    program = [str(installed / "bin" / "eni-conformance"), "emulator"]
    with listening([*program, *options, "--fault", "status-primary"]):
        yield target
