"""Which files does a sample project have on disk, and what stands in them?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from promptliano.legacy.sample.content import Content, Json
from promptliano.legacy.sample.words import Theme

CONTENT_LIMIT: Final = 100_000
"""So many characters of a file's text were kept; longer ones were cut."""

CUT_NOTICE: Final = "\n\n[The rest of this file was left out...]"
"""What stands at the end of a text that was cut."""

# Paths that only differ by case, by a leading dot, by slashes or by the form of an accent are different files.
SPECIAL_PATHS: Final = (
    "README.md",
    "docs/Readme.md",
    "docs/README.md",
    "src/menu.ts",
    "./src/menu.ts",
    "src\\menu.ts",
    "docs/\u00dcberblick \u2013 Plan.md",
    "docs/U\u0308berblick \u2013 Plan.md",
    ".env",
    "config/.gitignore",
    "Makefile",
    "LICENSE",
)

_FOLDERS = ("src", "src/lib", "src/ui", "tests", "docs", "config", "scripts")
_EXTENSIONS = (".ts", ".ts", ".ts", ".tsx", ".py", ".py", ".md", ".json", ".css", ".yml", ".txt")
_ROLES = ("view", "store", "rules", "api", "model", "test", "notes")


@dataclass(frozen=True)
class SourceFile:
    """One file on disk: its whole text, and what an analysis finds in it."""

    path: str
    text: str
    imports: list[Json]
    exports: list[Json]

    @property
    def name(self) -> str:
        """Give the last part of the path."""
        return re.split(r"[/\\]", self.path)[-1]

    @property
    def extension(self) -> str:
        """Give the extension in lower case, a dot file's whole name, or nothing for files like Makefile."""
        name = self.name.lower()
        return "." + name.rpartition(".")[2] if "." in name else ""

    @property
    def size(self) -> int:
        """Give the number of bytes on disk."""
        return len(self.text.encode())

    @property
    def kept_text(self) -> str:
        """Give the text as the old database kept it: cut, with a notice, when it is long."""
        return self.text if len(self.text) <= CONTENT_LIMIT else self.text[:CONTENT_LIMIT] + CUT_NOTICE


def special_files(content: Content, theme: Theme) -> list[SourceFile]:
    """Give the files with awkward paths, and one that is too long to be kept whole."""
    files = [_write(content, theme, path) for path in SPECIAL_PATHS]
    line = content.sentence(theme) + "\n"
    long_text = "# Log of one long night\n\n" + line * (120_000 // len(line))
    return [*files, SourceFile("docs/long-log.md", long_text, [], [])]


def ordinary_files(content: Content, theme: Theme) -> Iterator[SourceFile]:
    """Give files without end, no path twice."""
    taken: set[str] = set()
    number = 0
    while True:
        number += 1
        stem = re.sub(r"[^a-z]+", "-", content.pick(theme.areas).lower()).strip("-")
        extension = content.pick(_EXTENSIONS)
        path = f"{content.pick(_FOLDERS)}/{stem}-{content.pick(_ROLES)}{extension}"
        if path in taken:
            path = f"{path[: -len(extension)]}-{number}{extension}"
        taken.add(path)
        yield _write(content, theme, path)


def _write(content: Content, theme: Theme, path: str) -> SourceFile:
    """Write a file's text by its extension, with imports and exports that an analysis would find."""
    if path.endswith((".ts", ".tsx")):
        return _typescript(content, theme, path)
    sentence = content.sentence(theme)
    number = content.number()
    extension = path.rpartition(".")[2]
    texts = {
        "md": f"# {content.title(theme)}\n\n{content.paragraph(theme, 4)}\n\n{content.bullets(theme, 3)}\n",
        "py": (
            f'"""{sentence}"""\nimport csv\n\n\ndef load(rows, limit={number}):\n'
            f"    # {content.sentence(theme)}\n    return [row for row in rows if row][:limit]\n"
        ),
        "json": f'{{\n  "name": "{content.pick(theme.areas)}",\n  "limit": {number},\n  "on": true\n}}\n',
        "css": f".{content.pick(('menu', 'card', 'notice'))} {{\n  margin: {number}px; /* {sentence} */\n}}\n",
        "yml": f"# {sentence}\nlimit: {number}\nlabels:\n  - {content.pick(theme.things)}\n",
        "env": f"LIMIT={number}\nMODE=test\n",
        "gitignore": "node_modules/\n*.log\n",
    }
    return SourceFile(path, texts.get(extension, f"{sentence}\n{content.sentence(theme)}\n"), [], [])


def _typescript(content: Content, theme: Theme, path: str) -> SourceFile:
    """Write a module with each kind of import and export now and then."""
    number = content.number()
    lines: list[str] = []
    imports: list[Json] = []
    exports: list[Json] = []
    if content.maybe(0.7):
        lines.append("import rules from './rules'")
        imports.append({"source": "./rules", "specifiers": [{"type": "default", "local": "rules"}]})
    if content.maybe(0.6):
        lines.append("import { load as loadRows } from '../lib/load'")
        specifier: Json = {"type": "named", "imported": "load", "local": "loadRows"}
        imports.append({"source": "../lib/load", "specifiers": [specifier]})
    if content.maybe(0.4):
        lines.append("import * as files from 'node:fs'")
        imports.append({"source": "node:fs", "specifiers": [{"type": "namespace", "local": "files"}]})
    lines += ["", f"// {content.sentence(theme)}", f"export const limit = {number}", ""]
    exports.append({"type": "named", "specifiers": [{"exported": "limit", "local": "limit"}]})
    if content.maybe(0.6):
        lines += ["export default function render(rows: string[]): string {"]
        lines += [f"  // {content.sentence(theme)}", "  return rows.slice(0, limit).join(' · ')", "}"]
        exports.append({"type": "default"})
    if content.maybe(0.2):
        lines.append("export * from './more'")
        exports.append({"type": "all", "source": "./more"})
    return SourceFile(path, "\n".join(lines) + "\n", imports, exports)
