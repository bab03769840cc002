"""What can go wrong with backups: each refusal says what was not changed, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from schemaroot.errors import DatabaseError


class BackupError(DatabaseError):
    """A backup could not be made, or cannot be used."""

    code = "BACKUP_FAILED"


class NotEnoughSpaceError(BackupError):
    """The file system has too little room for what was to be done; nothing was begun."""

    code = "NO_SPACE"

    def __init__(self, path: Path | str, needed: int, free: int) -> None:
        self.path: Path = Path(path)
        self.needed = needed
        self.free = free
        super().__init__(
            f"{path}: {needed:,} bytes are needed and {free:,} are free; nothing was begun.", hint="Free space."
        )


class BackupMissingError(BackupError):
    """There is no backup where one was looked for, or the file has no manifest that can be read."""

    code = "BACKUP_MISSING"

    def __init__(self, path: Path | str, problem: str) -> None:
        self.path: Path = Path(path)
        self.problem = problem
        super().__init__(f"{path} is not a backup: {problem}; nothing was changed.", hint="List the backups.")


class BackupNotVerifiedError(BackupError):
    """A backup is not what its manifest says, or a new one could not be verified and was removed."""

    code = "BACKUP_NOT_VERIFIED"

    def __init__(self, path: Path | str, problems: Sequence[str]) -> None:
        self.path: Path = Path(path)
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__(
            f"{path} did not pass verification: {'; '.join(self.problems)}; nothing was changed.",
            hint="Use another backup, and check the database.",
        )


class RestoreRefusedError(BackupError):
    """A backup was not restored, since that would have taken something from somebody; the database is as it was.

    Attributes:
        path: the database.
        reason: why.
        pids: the processes that stand in the way, where the system tells.
    """

    code = "RESTORE_REFUSED"

    def __init__(self, path: Path | str, reason: str, *, pids: Sequence[int] = (), hint: str) -> None:
        self.path: Path = Path(path)
        self.reason = reason
        self.pids: tuple[int, ...] = tuple(pids)
        super().__init__(f"{path} was not restored: {reason}; it is as it was.", hint=hint)
