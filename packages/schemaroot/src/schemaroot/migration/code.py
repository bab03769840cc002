"""Python source, laid out: on one line where it fits, else one argument to a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 88
"""The longest line, in characters: the narrowest setting that is common."""

Code: TypeAlias = "str | Call | Sequence[Code]"
"""An expression: its source, a call, or a list of expressions."""


@dataclass(frozen=True)
class Call:
    """A call: the function's source, and its arguments, each with its keyword or an empty text."""

    function: str
    arguments: tuple[tuple[str, Code], ...]


def call(function: str, /, *arguments: Code, **keywords: Code) -> Call:
    """The call of a function."""
    return Call(function, (*(("", one) for one in arguments), *keywords.items()))


def dumped(text: str) -> str:
    """The source of a text, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def flat(code: Code) -> str:
    """The source on one line."""
    match code:
        case str():
            return code
        case Call(function=function, arguments=arguments):
            return f"{function}({', '.join(_argument(keyword, flat(one)) for keyword, one in arguments)})"
        case _:
            return f"[{', '.join(map(flat, code))}]"


def layout(code: Code, *, indent: int = 0, keyword: str = "", end: str = "") -> str:
    """The source, indented by so many spaces, with every line as short as it can be made."""
    space = " " * indent
    line = space + _argument(keyword, flat(code)) + end
    if len(line) <= WIDTH or isinstance(code, str):
        return line
    if isinstance(code, Call):
        inside = [layout(one, indent=indent + 4, keyword=name, end=",") for name, one in code.arguments]
        return "\n".join([space + _argument(keyword, f"{code.function}("), *inside, f"{space}){end}"])
    inside = [layout(one, indent=indent + 4, end=",") for one in code]
    return "\n".join([space + _argument(keyword, "["), *inside, f"{space}]{end}"])


def _argument(keyword: str, code: str) -> str:
    return f"{keyword}={code}" if keyword else code
