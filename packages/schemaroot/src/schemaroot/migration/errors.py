"""What can go wrong with revisions and migrations? Each refusal says what was not changed, and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from schemaroot.errors import SchemarootError


class MigrationError(SchemarootError):
    """A migration was refused or rolled back."""

    code = "MIGRATION_ERROR"


class RevisionInvalidError(MigrationError):
    """A revision file is not one: it does not say its revision, or cannot be read."""

    code = "REVISION_INVALID"

    def __init__(self, path: Path, problem: str, *, hint: str = "Mend the file.") -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}; nothing was run.", hint=hint)


class RevisionDuplicateError(MigrationError):
    """Two files say that they are the same revision."""

    code = "REVISION_DUPLICATE"

    def __init__(self, revision: str, paths: Sequence[Path]) -> None:
        self.revision = revision
        self.paths: tuple[Path, ...] = tuple(paths)
        named = " and ".join(path.name for path in self.paths)
        super().__init__(
            f"Revision {revision} is in {named}; nothing was run.",
            hint="Give the later one a revision of its own, with the other as its down_revision.",
        )


class RevisionParentError(MigrationError):
    """A revision builds on one that is not there, or on itself."""

    code = "REVISION_PARENT"

    def __init__(self, revision: str, problem: str) -> None:
        self.revision = revision
        super().__init__(
            f"Revision {revision} {problem}; nothing was run.",
            hint="Bring the file back (version control has it), or mend its down_revision; a database that has it takes"
            " the change with repair, one revision after the other.",
        )


class RevisionReplacedError(MigrationError):
    """A revision is there beside the one that stands for it since a squash."""

    code = "REVISION_REPLACED"

    def __init__(self, revision: str, by: str) -> None:
        self.revision = revision
        self.by = by
        super().__init__(
            f"Revision {revision} is there although {by} stands for it; nothing was run.",
            hint=f"Delete the file of {revision}; version control keeps it. Or take the squash back whole.",
        )


class SquashedMiddleError(MigrationError):
    """A database has some of the revisions that a squashed one stands for, but not the last."""

    code = "SQUASHED_MIDDLE"

    def __init__(self, squashed: str, last: str, has: Sequence[str], command: str) -> None:
        self.squashed = squashed
        self.last = last
        self.has: tuple[str, ...] = tuple(has)
        super().__init__(
            f"The database stands at {self.has[-1]}, in the middle of the revisions that {squashed} stands for now;"
            " nothing was run.",
            hint=f"Bring it to {last} with a program or a checkout from before the squash ({command} up {last}),"
            " then go on with this one.",
        )


class SquashRefusedError(MigrationError):
    """Revisions cannot be replaced by a single one; no file was changed."""

    code = "SQUASH_REFUSED"

    def __init__(self, upto: str, problems: Sequence[str], *, rows: bool = False) -> None:
        self.upto = upto
        self.problems: tuple[str, ...] = tuple(problems)
        hint = "Write those rows in a revision after the squash, or say that a fresh database needs none of them."
        super().__init__(
            f"The revisions up to {upto} were not squashed: {'; '.join(self.problems)}. No file was changed.",
            hint=hint if rows else "Squash up to another revision, or leave them as they are.",
        )


class RevisionHeadsError(MigrationError):
    """Two revisions build on the same one and nothing joins them."""

    code = "REVISION_HEADS"

    def __init__(self, heads: Sequence[str], command: str) -> None:
        self.heads: tuple[str, ...] = tuple(heads)
        super().__init__(
            f"There are {len(self.heads)} heads: {', '.join(self.heads)}; nothing was run.",
            hint=f"Join them: {command} merge",
        )


class RevisionUnknownError(MigrationError):
    """A name that no revision has, or more than one."""

    code = "REVISION_UNKNOWN"

    def __init__(self, wanted: str, known: Sequence[str], *, several: bool = False, folder: Path | None = None) -> None:
        self.wanted = wanted
        self.folder = folder
        problem = f"{wanted!r} could be {', '.join(known)}" if several else f"there is no revision {wanted!r}"
        hint = "Give more of its name." if several else f"Known: {', '.join(known) or 'none'}."
        if folder is not None and not known:
            hint = f"{folder} {'holds no revision' if folder.is_dir() else 'is not there'}; check the path."
        super().__init__(f"{problem[0].upper()}{problem[1:]}; nothing was run.", hint=hint)


class RevisionMissingError(MigrationError):
    """The database has a revision that no file describes."""

    code = "REVISION_MISSING"

    def __init__(self, revision: str, command: str) -> None:
        self.revision = revision
        super().__init__(
            f"The database has revision {revision}, which is in no file; nothing was run.",
            hint=f"Bring the file back, or install the program that knows it. See: {command} repair --help",
        )


class ChecksumMismatchError(MigrationError):
    """The file of an applied revision is not what was applied."""

    code = "CHECKSUM_MISMATCH"

    def __init__(self, revision: str, path: Path, command: str) -> None:
        self.revision = revision
        self.path = path
        super().__init__(
            f"{path.name} was changed after revision {revision} was applied; nothing was run.",
            hint=f"Take the change back, or, if it changes nothing that matters: {command} repair {revision}",
        )


class RevisionOrderError(MigrationError):
    """The database has a revision without one that it builds on."""

    code = "REVISION_ORDER"

    def __init__(self, revision: str, missing: str, command: str) -> None:
        self.revision = revision
        self.missing = missing
        super().__init__(
            f"The database has revision {revision} without {missing}, which comes before it; nothing was run.",
            hint=f"Give the later file a place after what is applied, or see: {command} stamp --help",
        )


class RenameUnclearError(MigrationError):
    """Something goes and something like it comes, and nobody said whether that is a rename; it is never guessed."""

    code = "RENAME_UNCLEAR"

    def __init__(self, hints: Sequence[str], dropped: Sequence[str]) -> None:
        self.hints: tuple[str, ...] = tuple(hints)
        self.dropped: tuple[str, ...] = tuple(dropped)
        drops = " ".join(f"--drop {name}" for name in self.dropped)
        super().__init__(
            "Something may have been renamed; no revision was written.",
            hint=f"If it was, write {'; '.join(self.hints)}. If not, add: {drops}",
        )


class LintError(MigrationError):
    """A revision would do something dangerous to this database and does not say that it means to."""

    code = "LINT_REFUSED"

    def __init__(self, revision: str, findings: Sequence[str], codes: Sequence[str]) -> None:
        self.revision = revision
        self.findings: tuple[str, ...] = tuple(findings)
        self.codes: tuple[str, ...] = tuple(dict.fromkeys(codes))
        allow = "; ".join(f"# lint: allow {code} - your reason" for code in self.codes)
        super().__init__(
            f"Revision {revision} was not run: {'; '.join(self.findings)}.",
            hint=f"`migrate plan` shows the safer way. If it is meant, write into the file: {allow}",
        )


class SchemaDriftError(MigrationError):
    """The live schema is not what its revisions made."""

    code = "SCHEMA_DRIFT"

    def __init__(self, revision: str, differences: Sequence[str], command: str) -> None:
        self.revision = revision
        self.differences: tuple[str, ...] = tuple(differences)
        super().__init__(
            f"The schema is not what revision {revision} made: {'; '.join(self.differences)}. Nothing was run.",
            hint=f"Undo what was changed by hand; {command} verify shows it all.",
        )


class SchemaUnknownError(MigrationError):
    """A database without history whose schema is that of no revision."""

    code = "SCHEMA_UNKNOWN"

    def __init__(self, path: str, nearest: str, differences: Sequence[str]) -> None:
        self.differences: tuple[str, ...] = tuple(differences)
        super().__init__(
            f"{path} has no history, and its schema is that of no revision; nearest is {nearest}:"
            f" {'; '.join(self.differences)}. Nothing was changed.",
            hint="Check the path. If it is the right file, mend the differences, or stamp it on purpose.",
        )


class DatabaseOutdatedError(MigrationError):
    """The database stands before the newest revision that the program knows."""

    code = "DB_OUTDATED"

    def __init__(self, path: str, found: str, wanted: str, command: str) -> None:
        self.found = found
        self.wanted = wanted
        super().__init__(
            f"{path} is at {found or 'no revision'}, this program needs {wanted}; it was not changed.",
            hint=f"Bring it up: {command} up",
        )


class MigrationLockedError(MigrationError):
    """Another runner holds the lock for longer than the timeout."""

    code = "MIGRATION_LOCKED"

    def __init__(self, path: str, waited_s: float, holder: str) -> None:
        self.waited_s = waited_s
        super().__init__(
            f"Another migration of {path} ran for longer than {waited_s:.0f} s{holder}; nothing was run.",
            hint="Wait for it to end, then try again.",
        )


class RevisionFailedError(MigrationError):
    """A step of a revision failed; the revision was rolled back whole."""

    code = "REVISION_FAILED"

    def __init__(
        self,
        revision: str,
        direction: str,
        step: int,
        problem: str,
        *,
        statement: str = "",
        backup: str = "",
        tried: bool = False,
    ) -> None:
        self.revision = revision
        self.direction = direction
        self.step = step
        self.problem = problem
        self.statement = statement
        self.backup = backup
        self.tried = tried
        where = " on an empty database already" if tried else ""
        ran = f" Statement: {' '.join(statement.split())}." if statement else ""
        outcome = "The database itself was not touched." if tried else "It was rolled back whole."
        super().__init__(
            f"Revision {revision} ({direction}) failed{where} at step {step}: {problem.rstrip('.')}.{ran} {outcome}",
            hint=f"Mend the revision and run again; the backup is {backup}." if backup else "Mend it and run again.",
        )


class InvariantError(MigrationError):
    """A revision changed what it did not declare, or left something wrong; it was rolled back whole."""

    code = "MIGRATION_INVARIANT"

    def __init__(self, revision: str, direction: str, problems: Sequence[str], *, backup: str = "") -> None:
        self.revision = revision
        self.direction = direction
        self.problems: tuple[str, ...] = tuple(problems)
        self.backup = backup
        super().__init__(
            f"Revision {revision} ({direction}) was rolled back whole: {'; '.join(self.problems)}.",
            hint=f"Mend the revision; the backup is {backup}." if backup else "Mend the revision.",
        )


class RehearsalError(MigrationError):
    """The rehearsal on a copy failed; the database itself was not touched."""

    code = "REHEARSAL_FAILED"

    def __init__(self, stage: str, problem: str, *, backup: str = "") -> None:
        self.stage = stage
        self.problem = problem
        self.backup = backup
        super().__init__(
            f"The rehearsal on a copy failed ({stage}): {problem.rstrip('.')}. The database itself was not changed.",
            hint="Mend the revision, or the rows that it names, and run again."
            + (f" The backup is {backup}." if backup else ""),
        )


class IrreversibleError(MigrationError):
    """A revision says that it cannot be undone."""

    code = "IRREVERSIBLE"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"It cannot be undone: {reason}.", hint="Restore the backup that was made before it.")


class OperationInvalidError(MigrationError):
    """An operation of a revision does not fit the schema or its rows; it was refused before it ran."""

    code = "OPERATION_INVALID"

    def __init__(self, operation: str, reason: str, *, hint: str = "") -> None:
        self.operation = operation
        self.reason = reason
        super().__init__(f"{operation}: {reason}; this operation was not run.", hint=hint)


class OperationFailedError(MigrationError):
    """The database refused a statement of an operation, as a rule because a row breaks a constraint."""

    code = "OPERATION_FAILED"

    def __init__(self, operation: str, reason: str, sql: str, *, hint: str = "") -> None:
        self.operation = operation
        self.reason = reason
        self.sql = sql
        super().__init__(f"{operation}: {reason}; the revision is undone.\n\n    {sql}\n", hint=hint)


class RawSqlRefusedError(MigrationError):
    """A revision gave SQL as text, or asked for the connection behind the operations."""

    code = "RAW_SQL_REFUSED"

    def __init__(self, operation: str, *, hint: str) -> None:
        self.operation = operation
        super().__init__(f"{operation} was refused; nothing was run.", hint=hint)


class TransactionEndedError(MigrationError):
    """A revision ended the transaction that it runs in, or began another."""

    code = "TRANSACTION_ENDED"

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(
            f"After {operation} the revision's transaction is over: something in it committed or rolled back.",
            hint="A revision must neither begin, commit nor roll back; restore the backup if rows are missing.",
        )
