"""Writes `docs/reference/api.md` from the docstrings of what the front door of schemaroot offers.

    python tools/reference.py [--check]

With `--check` nothing is written; exit 1 when the page is not what it should be.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import sys
import textwrap
import typing
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import ModuleType

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "api.md"

GROUPS = {
    "Tables": ("schema.table", "schema.values"),
    "Columns": ("schema.column",),
    "Keys, indexes, checks": ("schema.constraints",),
    "Expressions": ("schema.expression",),
    "Values to be stored": ("schema.new",),
    "The database": ("engine.",),
    "Statements": ("query.",),
    "Repositories": ("repository.",),
    "Outside data": ("validation.",),
}
"""Chapters, and the modules whose names they hold."""

OF_THE_ENGINE = re.compile(r"; called by the \w+ itself\.?$")
INTERNAL = {
    "Database": {
        *("compile_point_update", "errors", "held", "plan_of", "point_reader", "point_writer", "pool"),
        *("read", "read_again", "stream_of", "write"),
    },
    "Nested": {"spec"},
    "Projection": {"spec"},
    "Query": {"spec"},
}
"""Members that the rooms of the toolkit use among themselves; they may change any day."""


def page() -> str:
    """The text of the page."""
    door = importlib.import_module("schemaroot")
    chapters: dict[str, list[str]] = {title: [] for title in GROUPS}
    for name in names_of(door):
        chapters[chapter_of(getattr(door, name), name)].append(name)
    parts = [
        "# The front door",
        "Generated from the docstrings by `python tools/reference.py`. What `schemaroot`, `schemaroot.errors`, "
        "`schemaroot.testing` and `schemaroot.testing.strategies` offer; names outside of these may change any day.",
    ]
    for title, names in chapters.items():
        parts.append(f"## {title}")
        parts += [entry(name, getattr(door, name)) for name in names]
    parts += ["## Testing", *(entry(name, item) for name, item in testing())]
    parts += ["## Errors", *errors()]
    return "\n\n".join(parts) + "\n"


def names_of(module: ModuleType) -> list[str]:
    """The public names of a module, in their order."""
    return list(typing.cast("list[str]", module.__all__))


def chapter_of(item: object, name: str) -> str:
    """The chapter that a name stands in."""
    module = str(getattr(item, "__module__", "")).removeprefix("schemaroot.")
    if isinstance(item, Enum) or name in ("JsonValue", "MISSING"):
        module = "schema.values"
    for title, prefixes in GROUPS.items():
        if any(module == prefix or (prefix.endswith(".") and module.startswith(prefix)) for prefix in prefixes):
            return title
    raise LookupError(f"{name} of {module} has no chapter; add its module to GROUPS")


def testing() -> Iterator[tuple[str, object]]:
    """What the tests of users are offered."""
    module = importlib.import_module("schemaroot.testing")
    yield from [(name, typing.cast("object", getattr(module, name))) for name in names_of(module)]
    strategies = importlib.import_module("schemaroot.testing.strategies")
    yield from ((name, getattr(strategies, name)) for name in ("rows_of", "values_of"))


def errors() -> Iterator[str]:
    """The tree of errors: each with its code and what it is about."""
    module = importlib.import_module("schemaroot.errors")
    items = typing.cast("list[object]", list(vars(module).values()))
    found: list[type] = [item for item in items if isinstance(item, type) and item.__module__ == module.__name__]
    for item in found:
        shown: object = item
        if Exception not in item.__mro__:
            yield entry(item.__name__, shown)
            continue
        [base] = [one for one in item.__bases__ if one.__module__ == module.__name__] or [Exception]
        code = str(getattr(item, "code", ""))
        yield f"### `{item.__name__}`\n\n`{code}`, a kind of `{base.__name__}`.\n\n{docstring(item)}"


def entry(name: str, item: object) -> str:
    """One name with its signature and docstring, and its members when it is a class."""
    if inspect.isclass(item):
        return "\n\n".join([heading("###", name, constructor(item)), *filter(None, [docstring(item)]), *members(item)])
    if inspect.isfunction(item):
        return "\n\n".join(filter(None, [heading("###", name, signatures(name, item)), docstring(item)]))
    return "\n\n".join(filter(None, [f"### `{name}`", value_comment(name)]))


def heading(level: str, name: str, shown: str) -> str:
    """A heading, and the signature below it."""
    return f"{level} `{name}`" + (f"\n\n```python\n{shown}\n```" if shown else "")


MADE_ELSEWHERE = {
    *("Assignment", "Database", "Delete", "Expr", "FkExpr", "Nested", "New", "Page", "Parameter", "Patch", "Prepared"),
    *("Projection", "Query", "TableDeclaration", "Update"),
}
"""Classes that users meet but do not call."""


def constructor(item: type) -> str:
    """How a class is called by its users; empty for those that come from elsewhere."""
    if item.__name__ in MADE_ELSEWHERE:
        return ""
    fields: Mapping[str, dataclasses.Field[object]] | None = vars(item).get("__dataclass_fields__")
    if fields is not None:
        return written(item.__name__, [f"{name}: {field.type}" for name, field in fields.items()], "")
    own = (kind for kind in item.__mro__ if kind is item or kind.__name__.startswith("_"))  # private bases count too
    made: object = next((vars(kind)["__init__"] for kind in own if "__init__" in vars(kind)), None)
    return signatures(item.__name__, made).removesuffix(" -> None") if inspect.isfunction(made) else ""


HOMES = {"Statement": "Query", "Expr": "Expr"}
"""Base classes of several classes, and the one that their members are told with."""


def members(item: type) -> Iterator[str]:
    """The public methods and properties of a class that are written in the toolkit."""
    seen: set[str] = set()
    elsewhere: list[str] = []
    home = ""
    for kind in item.__mro__:
        if not kind.__module__.startswith("schemaroot.") or issubclass(item, Enum):
            continue
        for name, member in vars(kind).items():
            if name.startswith("_") or name in seen or name in INTERNAL.get(item.__name__, ()):
                continue
            seen.add(name)
            described = member_entry(f"{item.__name__}.{name}", member)
            if described and HOMES.get(kind.__name__, item.__name__) != item.__name__:
                home = HOMES[kind.__name__]
                elsewhere.append(f"`{name}`")
            elif described:
                yield described
    if elsewhere:
        yield f"As those of `{home}`: {', '.join(elsewhere)}."


def member_entry(name: str, member: object) -> str:
    """One method or property; empty for what is neither or belongs to the engine."""
    if isinstance(member, property) or type(member).__name__ == "cached_property":
        text = docstring(member)
        return f"#### `{name}`\n\n{text}" if text else ""
    function: object = getattr(member, "__func__", member)
    if not inspect.isfunction(function):
        return ""
    text = docstring(function)
    if not text or OF_THE_ENGINE.search(text):
        return ""
    return f"{heading('####', name, signatures(name.rpartition('.')[2], function))}\n\n{text}"


def signatures(name: str, function: Callable[..., object]) -> str:
    """The signature of a function as it stands in the source, or those of its overloads."""
    return "\n".join(signature(name, one) for one in typing.get_overloads(function) or [function])


def signature(name: str, function: Callable[..., object]) -> str:
    """One signature."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    given = tree.args
    first = [*given.posonlyargs, *given.args]
    missing = len(first) - len(given.defaults)
    parts = [shown(one, given.defaults[i - missing] if i >= missing else None) for i, one in enumerate(first)]
    if given.posonlyargs:
        parts.insert(len(given.posonlyargs), "/")
    if given.vararg is not None:
        parts.append(f"*{shown(given.vararg)}")
    elif given.kwonlyargs:
        parts.append("*")
    parts += [shown(one, default) for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    if given.kwarg is not None:
        parts.append(f"**{shown(given.kwarg)}")
    if first and first[0].arg in ("self", "cls"):
        parts = parts[1:]
    if parts and parts[0] == "/":
        parts = parts[1:]
    return written(name, parts, f" -> {unquoted(tree.returns)}" if tree.returns is not None else "")


def shown(argument: ast.arg, default: ast.expr | None = None) -> str:
    """One argument."""
    annotation = f": {unquoted(argument.annotation)}" if argument.annotation is not None else ""
    if default is None:
        return argument.arg + annotation
    return f"{argument.arg}{annotation}{' = ' if annotation else '='}{ast.unparse(default)}"


def unquoted(annotation: ast.expr) -> str:
    """An annotation, also one that is written as a string."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    return re.sub(r"\[\*(\w+),\]", r"[*\1]", ast.unparse(annotation))


LINE = 100


def written(name: str, parts: list[str], returned: str) -> str:
    """A signature, on several lines where it is long."""
    line = f"{name}({', '.join(parts)}){returned}"
    return line if len(line) <= LINE else f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returned}"


SECTIONS = {"Args:": "Arguments", "Attributes:": "Attributes", "Raises:": "Raises", "Returns:": "Returns"}


def docstring(item: object) -> str:
    """A docstring as Markdown: its sections as lists, what is indented as code."""
    text = inspect.cleandoc(str(getattr(item, "__doc__", "") or ""))
    if not text or text.startswith(f"{getattr(item, '__name__', '')}("):  # one that dataclasses make
        return ""
    blocks: list[str] = []
    section = ""
    for block in re.split(r"\n\s*\n", text):
        lines = block.split("\n")
        title = next((title for title in SECTIONS if lines[0] == title), "")
        if title:
            section = title
            blocks.append(f"**{SECTIONS[title]}**\n\n{items(lines[1:])}")
        elif all(line.startswith("    ") for line in lines):
            blocks.append(items(lines) if section else "```python\n" + inspect.cleandoc("\n" + block) + "\n```")
        else:
            section = ""
            blocks.append(block)
    return "\n\n".join(blocks)


def items(lines: list[str]) -> str:
    """The entries of a section as a list."""
    joined = inspect.cleandoc("\n" + "\n".join(lines)).split("\n")
    found: list[str] = []
    for line in joined:
        if found and (line.startswith(" ") or found[-1].endswith(",")):
            found[-1] += " " + line.strip()
        else:
            found.append(line)
    named = (re.sub(r"^(\w+(?:, \w+)*): ", lambda match: f"{quoted(match[1])}: ", line) for line in found)
    return "\n".join(f"- {line}" for line in named)


def quoted(names: str) -> str:
    """Names as code."""
    return ", ".join(f"`{name}`" for name in names.split(", "))


def value_comment(name: str) -> str:
    """The text below a value in its module."""
    for module in ("schema.values", "schema.constraints"):
        source = inspect.getsource(importlib.import_module(f"schemaroot.{module}"))
        match = re.search(rf'^{name}\b[^\n]*\n"""(.*?)"""', source, re.MULTILINE | re.DOTALL)
        if match:
            return match[1]
    return ""


def main(arguments: list[str]) -> int:
    """Writes the page or compares it; 2 for wrong use."""
    if arguments not in ([], ["--check"]):
        print("python tools/reference.py [--check]", file=sys.stderr)
        return 2
    text = page()
    if arguments:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{PAGE.name} is not what the docstrings say; run python tools/reference.py", file=sys.stderr)
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
