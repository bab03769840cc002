"""What do people and assistants write into a project? Deterministic texts, times and ids from one seed."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from typing import Final, TypeAlias, TypeVar

from promptliano.legacy.sample import words
from promptliano.legacy.sample.words import Theme

T = TypeVar("T")
Json: TypeAlias = "str | int | float | bool | Sequence[Json] | dict[str, Json] | None"

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

# A Monday in May 2025; a seed moves the start by up to four weeks, so that samples differ in their ids.
_FIRST_DAY = 1_747_000_000_000


def compact(value: Json) -> str:
    """Write JSON the way the old application did: no blanks, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def checksum(text: str) -> str:
    """Give the sha256 of a file with this text, as 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


class MomentIds:
    """Ids as the old application gave them: the moment of creation in ms, moved up by 1 to 10 until free, per table."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._taken: dict[str, set[int]] = {}
        self._last: dict[tuple[str, int], int] = {}

    def take(self, table: str, moment: int) -> int:
        """Give the next free id of the table for something made at this moment."""
        taken = self._taken.setdefault(table, set())
        # A bulk insert shares one moment; going on from its last id spares the walk over all of them.
        candidate = self._last.get((table, moment), moment)
        while candidate in taken:
            candidate += self._chance.randint(1, 10)
        taken.add(candidate)
        self._last[table, moment] = candidate
        return candidate


class Content:
    """The source of everything that a sample holds. Two with the same seed, asked the same, answer the same."""

    def __init__(self, seed: int) -> None:
        self.chance: random.Random = random.Random(seed)
        self.start: int = _FIRST_DAY + self.chance.randrange(28 * DAY)
        self.ids: MomentIds = MomentIds(self.chance)

    def pick(self, choices: Sequence[T]) -> T:
        """Give one of the choices."""
        return self.chance.choice(choices)

    def some(self, choices: Sequence[T], most: int, *, least: int = 0) -> list[T]:
        """Give between `least` and `most` different ones of the choices, in any order."""
        most = min(most, len(choices))
        return self.chance.sample(choices, self.chance.randint(min(least, most), most))

    def maybe(self, share: float) -> bool:
        """Say yes in this share of the cases."""
        return self.chance.random() < share

    def after(self, moment: int, shortest: int, longest: int) -> int:
        """Give a moment that lies between `shortest` and `longest` ms later, by full seconds."""
        return moment + self.chance.randint(shortest // SECOND, longest // SECOND) * SECOND

    def sentence(self, theme: Theme) -> str:
        """Give one sentence about the project."""
        return self._filled(words.SENTENCES, theme)

    def paragraph(self, theme: Theme, sentences: int) -> str:
        """Give several sentences in a row."""
        return " ".join(self.sentence(theme) for _ in range(sentences))

    def bullets(self, theme: Theme, count: int) -> str:
        """Give a Markdown list."""
        return "\n".join(f"- {self.sentence(theme)}" for _ in range(count))

    def title(self, theme: Theme) -> str:
        """Give the title of a ticket."""
        return _capital(self._filled(words.TITLES, theme))

    def overview(self, theme: Theme) -> str:
        """Give the overview of a ticket: nothing, a sentence or two, or a page of Markdown."""
        form = self.chance.random()
        if form < 0.2:
            return ""
        if form < 0.55:
            return self.paragraph(theme, self.chance.randint(1, 2))
        text = (
            f"## Goal\n\n{self.paragraph(theme, 2)}\n\n## Notes\n\n{self.bullets(theme, self.chance.randint(2, 4))}\n"
        )
        if self.maybe(0.3):
            text += f"\n```ts\nexport const limit = {self.number()} // {self.pick(theme.things)}\n```\n"
        return text + f"\n**Done when** {self.pick(theme.things)} are right in the {self.pick(theme.areas)}.\n"

    def task(self, theme: Theme) -> str:
        """Give the text of a task."""
        return self._filled(words.TASKS, theme)

    def tags(self) -> list[str]:
        """Give up to three tags, often none."""
        return self.some(words.TAGS, 3) if self.maybe(0.6) else []

    def error(self, theme: Theme) -> str:
        """Give the message of a failed run."""
        return self._filled(words.ERRORS, theme)

    def summary(self, theme: Theme, *, as_json: bool) -> str:
        """Give the summary of a file: plain text, or the JSON document that some summarisers returned."""
        text = self._filled(words.SUMMARIES, theme)
        return compact({"purpose": text, "keyExports": ["load", "render"]}) if as_json else text

    def chat_title(self, theme: Theme) -> str:
        """Give the title of a chat."""
        return _capital(self._filled(words.CHAT_TITLES, theme))

    def question(self, theme: Theme) -> str:
        """Give what a person writes to the assistant."""
        return self._filled(words.QUESTIONS, theme)

    def answer(self, theme: Theme) -> str:
        """Give what the assistant writes back."""
        return _capital(self._filled(words.ANSWERS, theme))

    def prompt_title(self, theme: Theme) -> str:
        """Give the title of a prompt."""
        return self._filled(words.PROMPT_TITLES, theme)

    def prompt(self, theme: Theme) -> str:
        """Give the text of a prompt, with places to fill in and a block in angle brackets."""
        return (
            f"{self.paragraph(theme, 2)}\n\nUse {{variable}} and {{{{double}}}} where they help.\n\n"
            f"<context>\n{self.sentence(theme)}\n</context>"
        )

    def number(self) -> int:
        """Give a small number, as people write them into texts."""
        return self.chance.choice((2, 3, 5, 12, 40, 64, 99, 120, 250, 1000))

    def _filled(self, patterns: Sequence[str], theme: Theme) -> str:
        """Fill one of the patterns with words of the theme; only the parts that it names are made."""
        pattern = self.chance.choice(patterns)
        parts: dict[str, str | int] = {
            "area": self.chance.choice(theme.areas),
            "thing": self.chance.choice(theme.things),
            "n": self.number(),
        }
        for name in ("sentence", "sentence2"):
            if f"{{{name}}}" in pattern:
                parts[name] = self._filled(words.SENTENCES, theme)
        for name in ("task", "other"):
            if f"{{{name}}}" in pattern:
                parts[name] = self._filled(words.TASKS, theme)
        return pattern.format_map(parts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
