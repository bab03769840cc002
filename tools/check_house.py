"""Checks the rules of the house that no ready-made tool knows, and prints each finding as ``path:line: message``.

    python tools/check_house.py [ROOT]

1. Imports point back towards ``schema`` (the tables ``SCHEMAROOT`` and ``PROMPTLIANO`` below).
2. SQL text stands in the places listed in ``SQL_PLACES`` and nowhere else in the packages' source.
3. A comment that silences a checker gives its reason on the same line.
4. No text names a folder of the machine it was written on, or the host of a package registry.
"""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ANY = frozenset({"*"})


def rooms(names: str = "") -> frozenset[str]:
    """The names in a line of the tables below."""
    return frozenset(names.split())


# Who may import whom: a room is a subpackage or a module directly below the package. Every room may import itself.
# Imports under TYPE_CHECKING and inside functions count like all others.
SCHEMAROOT = {
    "errors": rooms(),
    "schema": rooms("errors"),
    "query": rooms("errors schema"),
    "engine": rooms("errors schema query"),
    "repository": rooms("errors schema query engine"),
    "validation": rooms("errors schema"),
    "export": rooms("errors schema"),
    "introspection": rooms("errors schema engine"),
    "backup": rooms("errors schema query engine introspection"),
    "migration": rooms("errors schema query engine introspection backup"),
    "http": rooms("errors schema query engine repository validation export"),
    "monitoring": rooms("errors schema query engine"),
    "testing": ANY,
    "cli": ANY,  # commands over everything
    "__main__": rooms("cli"),
    "__init__": ANY,  # the front door
}
PROMPTLIANO = {
    "__init__": rooms(),
    "config": rooms(),
    "schema": rooms(),
    "migrations": rooms(),  # a revision file must not change when the declarations do
    "repositories": rooms("schema"),
    "storage": rooms("schema migrations"),
    "services": rooms("schema repositories"),
    "legacy": rooms("schema repositories storage"),
    "docs": rooms("schema"),
    "cli": rooms("config schema storage repositories services legacy http docs"),
    "http": rooms("config schema repositories services legacy"),
    "__main__": rooms("main"),
    "quickstart": rooms("main"),
    "main": ANY,  # where the parts are joined
}
PACKAGES = {"schemaroot": SCHEMAROOT, "promptliano": PROMPTLIANO}
MAY_USE = {"schemaroot": rooms("schemaroot"), "promptliano": rooms("schemaroot promptliano")}

# Where SQL text may stand, and why.
SQL_PLACES = {
    "packages/schemaroot/src/schemaroot/backup/statements.py": "pragmas, and reads of tables as a live schema has them",
    "packages/schemaroot/src/schemaroot/engine/dialect.py": "pragmas, transactions, full text: Core cannot say them",
    "packages/schemaroot/src/schemaroot/introspection/render.py": "a schema's definitions as the statements they are",
    "packages/schemaroot/src/schemaroot/introspection/sql/statements.py": "keywords that it parses; it writes no SQL",
    "packages/schemaroot/src/schemaroot/introspection/sql/tables.py": "keywords that it parses; it writes no SQL",
    "packages/schemaroot/src/schemaroot/migration/statements.py": "rebuilds and side tables: Core cannot say them",
}

SQL_START = re.compile(
    r"\s*(?:(?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA|SAVEPOINT|RELEASE|WITH|ATTACH|DETACH|REINDEX|ANALYZE)\s+\S"
    r"|(?:BEGIN|COMMIT|ROLLBACK|VACUUM)\b)"
)
SQL_RUNNERS = {"execute", "executemany", "executescript", "exec_driver_sql"}
SQL_TEXTS = {"text", "DDL", "TextClause"}  # SQLAlchemy's ways to take statements as they are

SILENCER = re.compile(
    r"(?:type:\s*ignore|pyright:\s*ignore|mypy:\s*ignore-errors|(?:ruff:\s*)?noqa)"
    r"(?:\s*\[[^\]]*\]|:\s*[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)?"
)
REASON = re.compile(r"[^\W\d_]{2,}")

FORBIDDEN_TEXTS = {
    re.compile(r"(?<![\w./~-])/(?:work|root)/"): "a folder of the machine it was written on",
    re.compile(r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com))\b"): "the host of a package registry",
}
SKIPPED_FOLDERS = {".git", ".venv", "data", "dist", "build", "node_modules", "__pycache__"}
SKIPPED_FILES = {"uv.lock"}


class Finding(NamedTuple):
    """One broken rule, at one line."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def check(root: Path) -> list[Finding]:
    """All findings in the project at ``root``, in order of path and line."""
    findings: set[Finding] = set()
    for path in tracked_files(root):
        name = path.relative_to(root).as_posix()
        try:
            source = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        findings.update(check_text(name, source))
        if path.suffix not in {".py", ".pyi"}:
            continue
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            findings.add(Finding(name, error.lineno or 1, f"not Python: {error.msg}"))
            continue
        findings.update(check_silencers(name, source))
        if module := module_of(name):
            nodes = list(ast.walk(tree))
            findings.update(check_imports(name, module, nodes))
            if name not in SQL_PLACES:
                findings.update(check_sql(name, nodes))
    return sorted(findings)


def tracked_files(root: Path) -> list[Path]:
    """The files that git has or would add; outside a git checkout, every file that is not made by a tool."""
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return sorted({path for name in listed.split("\0") if name and (path := root / name).is_file()})
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS and not name.endswith("_cache")]
        found.extend(Path(folder, name) for name in names if name not in SKIPPED_FILES)
    return sorted(found)


def module_of(name: str) -> tuple[str, ...] | None:
    """``packages/P/src/P/room/part.py`` as ``("P", "room", "part")``; ``None`` for what is not packages' source."""
    match name.removesuffix(".py").split("/"):
        case ["packages", _, "src", package, *parts] if package in PACKAGES and parts:
            return (package, *parts)
        case _:
            return None


# Imports -------------------------------------------------------------------------------------------------------------


def check_imports(name: str, module: tuple[str, ...], nodes: Iterable[ast.AST]) -> Iterator[Finding]:
    """Each import of ours that points forwards, or at a room that the tables do not know."""
    package, room = module[0], module[1]
    table = PACKAGES[package]
    if room not in table:
        yield Finding(name, 1, f"{package}.{room} has no line in the table of imports (tools/check_house.py)")
        return
    for line, target in imported_modules(module, nodes):
        owner = target[0]
        if owner not in PACKAGES:
            continue
        if owner not in MAY_USE[package]:
            yield Finding(name, line, f"{package} must not import {owner}")
        elif owner == package:
            wanted = target[1] if len(target) > 1 else "__init__"
            allowed = table[room]
            if wanted != room and wanted not in allowed and allowed != ANY:
                words = ", ".join(sorted(allowed)) or "nothing of the package"
                yield Finding(name, line, f"{package}.{room} must not import {package}.{wanted} (allowed: {words})")


def imported_modules(module: tuple[str, ...], nodes: Iterable[ast.AST]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each imported module as its parts, with its line; ``from schemaroot import schema`` names the room."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, tuple(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            base = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                base = (*module[: len(module) - node.level], *base)
            if len(base) == 1 and base[0] in PACKAGES:
                table = PACKAGES[base[0]]
                for alias in node.names:
                    yield node.lineno, (*base, alias.name) if alias.name in table else base
            elif base:
                yield node.lineno, base


# SQL -----------------------------------------------------------------------------------------------------------------


def check_sql(name: str, nodes: Collection[ast.AST]) -> Iterator[Finding]:
    """Each string that is SQL, and each call that takes SQL text as it is."""
    not_code = {id(node) for node in docstrings(nodes)}
    modules, texts = sqlalchemy_names(nodes)
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            not_code.update(id(part) for part in node.values)
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in not_code:
            content = literal_text(node)
            if SQL_START.match(content):
                yield Finding(name, node.lineno, f"SQL text outside the listed places: {content.strip()[:40]!r}")
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute):
            if function.attr == "exec_driver_sql":
                yield Finding(name, node.lineno, "exec_driver_sql() outside the listed places")
            elif function.attr in SQL_RUNNERS and node.args and is_made_of_text(node.args[0]):
                yield Finding(name, node.lineno, f"{function.attr}() is given SQL as a string")
            if function.attr in SQL_TEXTS and dotted_name(function.value) in modules:
                yield Finding(name, node.lineno, f"SQLAlchemy's {function.attr}() outside the listed places")
        elif isinstance(function, ast.Name) and function.id in texts:
            yield Finding(name, node.lineno, f"SQLAlchemy's {texts[function.id]}() outside the listed places")


def docstrings(nodes: Iterable[ast.AST]) -> Iterator[ast.Constant]:
    """Every string that stands alone as a statement: docstrings, and notes below attributes."""
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value


def literal_text(node: ast.Constant | ast.JoinedStr) -> str:
    """The text of a string literal, with ``?`` for what an f-string fills in; empty for other constants."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(literal_text(part) if isinstance(part, ast.Constant) else "?" for part in node.values)


def is_made_of_text(node: ast.expr) -> bool:
    """Whether an expression is a string literal or is put together from one."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(left=left, right=right):
            return is_made_of_text(left) or is_made_of_text(right)
        case ast.Call(func=ast.Attribute(value=value)):
            return is_made_of_text(value)
        case _:
            return False


def sqlalchemy_names(nodes: Iterable[ast.AST]) -> tuple[set[str], dict[str, str]]:
    """The names that SQLAlchemy's modules have in a file, and the names of its functions that take SQL text."""
    modules: set[str] = set()
    texts: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "sqlalchemy":
                    modules.add(alias.asname or alias.name)
                    modules.add(alias.asname or "sqlalchemy")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy" and not node.level:
            for alias in node.names:
                if alias.name in SQL_TEXTS:
                    texts[alias.asname or alias.name] = alias.name
                else:
                    modules.add(alias.asname or alias.name)
    return modules, texts


def dotted_name(node: ast.expr) -> str:
    """``a.b.c`` of an expression made of names and dots; empty for others."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (front := dotted_name(node.value)):
        return f"{front}.{node.attr}"
    return ""


# Comments and texts --------------------------------------------------------------------------------------------------


def check_silencers(name: str, source: str) -> Iterator[Finding]:
    """Each comment that silences a checker and says nothing more."""
    if not SILENCER.search(source):
        return  # finding the comments takes far longer than looking whether one can be there
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        match = SILENCER.search(token.string) if token.type == tokenize.COMMENT else None
        if match and not REASON.search(SILENCER.sub("", token.string)):
            yield Finding(name, token.start[0], f"{match.group().strip()!r} without a reason after it")


def check_text(name: str, source: str) -> Iterator[Finding]:
    """Each line that names what belongs to one machine or one registry."""
    for number, line in enumerate(source.splitlines(), start=1):
        for pattern, what in FORBIDDEN_TEXTS.items():
            if match := pattern.search(line):
                yield Finding(name, number, f"{match.group()!r} names {what}")


def report(findings: Iterable[Finding]) -> int:
    """Print the findings; 1 when there are any."""
    lines = [str(finding) for finding in findings]
    print("\n".join([*lines, f"{len(lines)} findings"]) if lines else "the house is in order")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(report(check(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())))
