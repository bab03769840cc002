"""Which revisions are there, and in which order? Read from the folder of their files without running any of them.

A revision file is an Alembic script: `revision`, `down_revision`, `upgrade()` and `downgrade()`. Its checksum is over
its bytes; what runs is compiled from those same bytes.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from schemaroot.migration.errors import (
    RevisionDuplicateError,
    RevisionHeadsError,
    RevisionInvalidError,
    RevisionParentError,
    RevisionReplacedError,
    RevisionUnknownError,
    SquashedMiddleError,
)

if TYPE_CHECKING:
    from alembic.script.revision import RevisionMap

    from schemaroot.introspection.catalogue import Catalogue
    from schemaroot.introspection.found import FoundSchema
    from schemaroot.migration.verify import Invariant
    from schemaroot.schema.table import Table


@dataclass(frozen=True)
class Revision:
    """One revision file.

    Attributes:
        id: its name, unique in the folder.
        parents: the revisions that it builds on: none for the first, several for a merge.
        replaces: the revisions that it stands for, when it came from a squash.
        path: its file.
        source: the file's bytes.
        message: the first line of its docstring.
    """

    id: str
    parents: tuple[str, ...]
    replaces: tuple[str, ...]
    path: Path
    source: bytes
    message: str

    @cached_property
    def checksum(self) -> str:
        """The SHA-256 of the file's bytes, in hexadecimal digits."""
        return hashlib.sha256(self.source).hexdigest()

    @property
    def weight(self) -> int:
        """For how many revisions it counts in the number that stands in a file's header."""
        return max(1, len(self.replaces))

    def load(self) -> LoadedRevision:
        """Runs the file's top level and gives its two functions; raises `RevisionInvalidError`."""
        from schemaroot.migration.fence import no_connections  # loaded where revisions run, not at program start

        module = ModuleType(f"revision_{self.id}")
        module.__file__ = str(self.path)
        try:
            with no_connections():
                code = compile(self.source, str(self.path), "exec")
                exec(code, module.__dict__)  # the file is code that we run anyway
        except (Exception, SystemExit) as error:
            raise RevisionInvalidError(self.path, f"it cannot be loaded ({type(error).__name__}: {error})") from error
        steps: dict[str, Callable[[], None]] = {}
        for name in ("upgrade", "downgrade"):
            function = module.__dict__.get(name)
            if not callable(function):
                raise RevisionInvalidError(self.path, f"it has no function {name}()")
            steps[name] = cast("Callable[[], None]", function)
        return LoadedRevision(self, steps["upgrade"], steps["downgrade"])


@dataclass(frozen=True)
class LoadedRevision:
    """A revision with the functions that go up and down."""

    revision: Revision
    upgrade: Callable[[], None]
    downgrade: Callable[[], None]


_NAMES = ("revision", "down_revision", "replaces")


def read_revision(path: Path) -> Revision:
    """The revision in a file; raises `RevisionInvalidError`. The file is read, not run."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise RevisionInvalidError(path, f"it cannot be read ({error.strerror or error})") from None
    try:
        tree = ast.parse(source, str(path))
    except (SyntaxError, ValueError) as error:
        raise RevisionInvalidError(path, f"it is not Python ({error})") from None
    said = {name: value for name, value in _constants(path, tree) if name in _NAMES}
    revision = said.get("revision")
    if not isinstance(revision, str) or not revision or not revision.replace("_", "").replace("-", "").isalnum():
        raise RevisionInvalidError(path, "it does not say its revision", hint='Write revision = "NNNN_name".')
    if "down_revision" not in said:
        raise RevisionInvalidError(path, "it does not say its down_revision", hint="None for the first revision.")
    message = (ast.get_docstring(tree) or "").strip().partition("\n")[0]
    parents, replaces = (_names(path, name, said.get(name)) for name in ("down_revision", "replaces"))
    return Revision(revision, parents, replaces, path, source, message)


def _constants(path: Path, tree: ast.Module) -> Iterator[tuple[str, object]]:
    for node in tree.body:
        target = (
            node.targets[0]
            if isinstance(node, ast.Assign)
            else node.target
            if isinstance(node, ast.AnnAssign)
            else None
        )
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        if isinstance(target, ast.Name) and target.id in _NAMES and value is not None:
            try:
                yield target.id, ast.literal_eval(value)
            except ValueError:
                raise RevisionInvalidError(
                    path, f"{target.id} is not written out", hint="Write a plain text."
                ) from None


def _names(path: Path, name: str, said: object) -> tuple[str, ...]:
    if said is None:
        return ()
    if isinstance(said, str):
        return (said,)
    if isinstance(said, (tuple, list)):
        members = tuple(cast("Iterable[object]", said))
        if all(isinstance(member, str) for member in members):
            return cast("tuple[str, ...]", members)
    raise RevisionInvalidError(path, f"{name} is neither a text, None, nor a tuple of texts")


class Revisions:
    """All revisions of a folder, in an order in which they can run."""

    def __init__(self, revisions: Iterable[Revision], *, command: str = "schemaroot migrate") -> None:
        found: dict[str, Revision] = {}
        for revision in revisions:
            other = found.get(revision.id)
            if other is not None:
                raise RevisionDuplicateError(revision.id, [other.path, revision.path])
            found[revision.id] = revision
        found = _after_squashes(found)
        self.command: str = command
        self.by_id: Mapping[str, Revision] = found
        self._check_parents()
        self.ordered: tuple[Revision, ...] = tuple(self._in_order())

    @classmethod
    def read(cls, folder: Path, *, command: str = "schemaroot migrate") -> Revisions:
        """The revisions in a folder (none when it is not there); raises the errors of `migration.errors`."""
        paths = sorted(folder.glob("*.py")) if folder.is_dir() else []
        return cls((read_revision(path) for path in paths if not path.name.startswith("_")), command=command)

    def _check_parents(self) -> None:
        for revision in self.by_id.values():
            for parent in revision.parents:
                if parent not in self.by_id:
                    raise RevisionParentError(revision.id, f"builds on {parent}, which is in no file")

    def _in_order(self) -> Iterator[Revision]:
        """Parents first; among those that could come next, by name."""
        waiting = dict(sorted(self.by_id.items()))
        done: set[str] = set()
        while waiting:
            ready = next((one for one in waiting.values() if done.issuperset(one.parents)), None)
            if ready is None:
                raise RevisionParentError(next(iter(waiting)), "builds on itself, directly or in a circle")
            del waiting[ready.id]
            done.add(ready.id)
            yield ready

    @property
    def heads(self) -> tuple[Revision, ...]:
        """The revisions that no other builds on."""
        parents = {parent for revision in self.by_id.values() for parent in revision.parents}
        return tuple(revision for revision in self.ordered if revision.id not in parents)

    @property
    def head(self) -> Revision | None:
        """The newest revision, `None` when there is none; raises `RevisionHeadsError` when there are several."""
        heads = self.heads
        if len(heads) > 1:
            raise RevisionHeadsError([head.id for head in heads], self.command)
        return heads[0] if heads else None

    def named(self, wanted: str) -> Revision:
        """The revision of a name, of the beginning of one, or `head`; raises `RevisionUnknownError`."""
        if wanted == "head" and self.head is not None:
            return self.head
        if wanted in self.by_id:
            return self.by_id[wanted]
        found = [revision for revision in self.ordered if wanted and revision.id.startswith(wanted)]
        if len(found) != 1:
            known = [revision.id for revision in found or self.ordered]
            raise RevisionUnknownError(wanted, known, several=bool(found))
        return found[0]

    def depth(self, revision: str) -> int:
        """How many revisions lead to it, itself included: the number that stands in the file's header."""
        heads = self.heads
        if len(heads) == 1 and heads[0].id == revision:
            return number_of(self.ordered)  # without Alembic, which program start does without
        return number_of(self.ancestors(revision))

    def ancestors(self, revision: str) -> tuple[Revision, ...]:
        """The revision and all that it builds on, in order."""
        upper = self.graph.iterate_revisions(revision, "base", inclusive=True)
        wanted = {found.revision for found in upper}
        return tuple(one for one in self.ordered if one.id in wanted)

    def descendants(self, revision: str) -> tuple[Revision, ...]:
        """The revision and all that build on it, in order."""
        return tuple(one for one in self.ordered if any(up.id == revision for up in self.ancestors(one.id)))

    @cached_property
    def graph(self) -> RevisionMap:
        """Alembic's map of the revisions."""
        from alembic.script.revision import Revision as Node  # loaded where a graph is walked, not at program start
        from alembic.script.revision import RevisionMap

        return RevisionMap(lambda: [Node(one.id, one.parents or None) for one in self.ordered])


def number_of(revisions: Iterable[Revision]) -> int:
    """The number that stands in the header of a file that has these revisions.

    A squashed revision counts for all that it stands for, so that the number never gets smaller by a squash.
    """
    return sum(revision.weight for revision in revisions)


def _after_squashes(found: Mapping[str, Revision]) -> dict[str, Revision]:
    """The revisions, each that builds on one which was squashed building on what stands for it.

    Raises `RevisionReplacedError` for a revision that is there beside what stands for it.
    """
    stands_for = {name: one.id for one in found.values() for name in one.replaces}
    for name, squashed in stands_for.items():
        if name in found:
            raise RevisionReplacedError(name, squashed)
    if not stands_for:
        return dict(found)
    return {
        name: replace(one, parents=tuple(dict.fromkeys(stands_for.get(parent, parent) for parent in one.parents)))
        for name, one in found.items()
    }


def standing(
    has: Iterable[str], revisions: Revisions, *, strict: bool = True
) -> tuple[dict[str, None], dict[str, tuple[str, ...]]]:
    """What a database has, told in the revisions of today.

    Args:
        has: the names in its ledger, in order.
        revisions: the files.
        strict: whether a database in the middle of squashed revisions is refused.

    Returns:
        The names with each chain that was squashed given by the one that stands for it; and of those, the ones that the
        ledger does not know of yet, with what they stand for.

    Raises:
        SquashedMiddleError: it has some revisions of a squashed chain, but not the last.
    """
    names = dict.fromkeys(has)
    taken_over: dict[str, tuple[str, ...]] = {}
    for revision in revisions.ordered:
        old = [name for name in names if name in revision.replaces]
        if not old:
            continue
        if revision.id not in names:
            if revision.replaces[-1] in names:
                taken_over[revision.id] = revision.replaces
                names[revision.id] = None
            elif strict:
                raise SquashedMiddleError(revision.id, revision.replaces[-1], old, revisions.command)
            else:
                continue
        for name in old:
            del names[name]
    return names, taken_over


@dataclass(frozen=True)
class Migrations:
    """What a program's migrations are.

    Attributes:
        folder: where the revision files lie.
        tables: the tables that the newest revision leads to.
        application_id: what marks the program's files, or `None` where nothing does.
        command: how a person calls the command, for hints.
        invariants: rules of the program that hold after every revision.
        found: what a reflected module knows besides its tables. Revisions neither make nor change it: it rides along,
            and `verify` tells where it is missing or other than this says.
    """

    folder: Path
    tables: Sequence[type[Table]] = ()
    application_id: int | None = None
    command: str = "schemaroot migrate"
    invariants: Sequence[Invariant] = ()
    found: FoundSchema | None = None

    def with_found(self, schema: Catalogue) -> Catalogue:
        """A schema, and what was found besides."""
        return schema if self.found is None else self.found.added_to(schema)

    def revisions(self) -> Revisions:
        """The revision files, read and checked against one another."""
        return Revisions.read(self.folder, command=self.command)
