"""Walks over tokens: what both the parser of expressions and that of statements do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

from schemaroot.introspection.sql.tokens import Token, plain, tokenize

P = ParamSpec("P")
T = TypeVar("T")


def remembered(parse: Callable[P, T]) -> Callable[P, T]:
    """The parser with a memory: a schema is read again and again while a migration runs, and hardly a text changes."""
    return cast("Callable[P, T]", lru_cache(maxsize=4096)(parse))


class Unreadable(Exception):
    """The text is not what was looked for; `position` is where in the text it was noticed."""

    def __init__(self, wanted: str, position: int) -> None:
        self.wanted = wanted
        self.position = position
        super().__init__(f"expected {wanted} at {position}")


_END = Token("unknown", "", "", -1, -1)


class Reader:
    """Tokens with a place to read on from."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens: list[Token] = [*tokens, _END]
        self.place: int = 0

    @property
    def token(self) -> Token:
        """The token that is next."""
        return self.tokens[self.place]

    def ahead(self, distance: int = 1) -> Token:
        """A later token."""
        return self.tokens[min(self.place + distance, len(self.tokens) - 1)]

    @property
    def at_end(self) -> bool:
        """Whether all is read."""
        return self.token is _END

    def take(self) -> Token:
        """The next token, which is then read; raises `Unreadable` at the end."""
        token = self.token
        if token is _END:
            raise self.missing("more")
        self.place += 1
        return token

    def missing(self, wanted: str) -> Unreadable:
        """The error for something else than `wanted` being next."""
        position = self.token.start if not self.at_end else self.tokens[-2].end if len(self.tokens) > 1 else 0
        return Unreadable(wanted, position)

    def sees(self, *words: str) -> bool:
        """Whether these keywords or signs are next."""
        return all(is_word(self.ahead(distance), word) for distance, word in enumerate(words))

    def accept(self, *words: str) -> bool:
        """Reads these keywords or signs if they are next."""
        if not self.sees(*words):
            return False
        self.place += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Reads these keywords or signs; raises `Unreadable` when something else is next."""
        if not self.accept(*words):
            raise self.missing(" ".join(words))

    def name(self) -> str:
        """Reads a name, without its quotes."""
        if not self.token.is_name:
            raise self.missing("a name")
        return self.take().name

    def parenthesised(self) -> list[Token]:
        """Reads from an opening parenthesis to the one that closes it; gives what is between."""
        self.expect("(")
        start, depth = self.place, 1
        while depth:
            text = self.take()
            if text.kind == "operator":
                depth += {"(": 1, ")": -1}.get(text.text, 0)
        return self.tokens[start : self.place - 1]

    def type_words(self) -> str:
        """Reads a type: its words in capitals with its arguments, or nothing."""
        words: list[str] = []
        while self.token.is_name and not self.sees("GENERATED", "ALWAYS", "AS"):
            token = self.take()
            words.append(token.value if token.kind == "word" else type_text(token.value))
        if words and self.sees("("):
            words[-1] += f"({_type_arguments(self.parenthesised())})"
        return " ".join(words)


@lru_cache(maxsize=1024)
def type_text(value: str) -> str:
    """A type as SQLite keeps it: its words in capitals, or quoted where no words read so."""
    reader = Reader(tokenize(value))
    try:
        words = "" if any(token.kind in {"quoted", "string"} for token in reader.tokens) else reader.type_words()
    except Unreadable:
        words = ""
    return words if words and reader.place == len(reader.tokens) - 1 else '"' + value.replace('"', '""') + '"'


def _type_arguments(tokens: list[Token]) -> str:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.text == ",":
            parts.append([])
        elif token.text != "+":
            parts[-1].append(token)
    return ", ".join(plain(part).replace(" ", "") if len(part) < 3 else plain(part) for part in parts)


def is_word(token: Token, word: str) -> bool:
    """Whether a token is a keyword (given in capitals) or a sign."""
    return token.value == word and token.kind in {"word", "operator"}


def collation_text(name: str) -> str:
    """The name of a collating sequence: SQLite's own in capitals, others as they are spelt."""
    upper = name.upper()
    return upper if upper in {"BINARY", "NOCASE", "RTRIM"} else name
