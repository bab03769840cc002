"""A call that gives a declaring function the wrong arguments is a wrong declaration, and is told as one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from schemaroot.errors import DeclarationError

F = TypeVar("F", bound=Callable[..., Any])


def declaring(function: F) -> F:
    """The function or class, whose unknown, missing or positional arguments raise `DeclarationError`."""
    if isinstance(function, type):
        made: Callable[..., Any] = vars(function)["__init__"]
        setattr(function, "__init__", _told(made, function.__name__))  # noqa: B010  # a plain assignment is a type error
        return cast(F, function)
    return cast(F, _told(function, function.__name__))


def _told(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    code = function.__code__
    known = [name for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if name != "self"]

    @wraps(function)
    def called(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except TypeError as error:  # these functions only keep what they are given: it is the call that is wrong
            problem = str(error).partition("() ")[2].partition(". Did you mean")[0]
            raise DeclarationError(f"{name}()", problem, hint=f"It takes {', '.join(known)}.") from None

    return called
