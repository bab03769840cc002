"""Why was a legacy database not imported? Each refusal says what is wrong and what to do; nothing was changed."""

from __future__ import annotations

from pathlib import Path

from schemaroot.errors import SchemarootError


class ImportRefusedError(SchemarootError):
    """An import did not begin or did not end; source and target are as before."""

    code = "IMPORT_REFUSED"


class NotLegacyError(ImportRefusedError):
    """The file is a database, but not one of the legacy applications."""

    code = "NOT_LEGACY"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{path} is not a legacy database: {problem}.", hint="Check the path.")


class SourceUnreadableError(ImportRefusedError):
    """The source is there but cannot be read."""

    code = "SOURCE_UNREADABLE"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{path} cannot be read: {problem}; nothing was changed.", hint="Mend its permissions.")


class SourceChangingError(ImportRefusedError):
    """The source kept changing while it was read."""

    code = "SOURCE_CHANGING"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} kept changing while it was copied.", hint="Stop the legacy application, then again.")


class TargetNotEmptyError(ImportRefusedError):
    """The target holds rows that did not come from this source."""

    code = "TARGET_NOT_EMPTY"

    def __init__(self, target: str, table: str) -> None:
        self.target = target
        self.table = table
        super().__init__(
            f"{target} already holds rows (in {table}) that did not come from this source; it was not changed.",
            hint="Import into a new file.",
        )


class TargetTakenError(ImportRefusedError):
    """Another import is building the same target, or somebody created it meanwhile."""

    code = "TARGET_TAKEN"

    def __init__(self, target: Path, problem: str) -> None:
        self.target = target
        super().__init__(f"{target}: {problem}; nothing was changed.", hint="Wait for it, or choose another target.")


class KeyFileError(ImportRefusedError):
    """The file with the key that seals secrets cannot be used."""

    code = "KEY_FILE"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{path}: {problem}.", hint="Put the key file that belongs to the database beside it.")


class AgentsUnreadableError(ImportRefusedError):
    """A folder or a file of agents is there but cannot be read."""

    code = "AGENTS_UNREADABLE"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(
            f"{path} cannot be read: {problem}; nothing was imported.",
            hint="Mend its permissions, or leave --agents out.",
        )


class AgentsMissingError(ImportRefusedError):
    """The folder that should hold agents is not there."""

    code = "AGENTS_MISSING"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"{folder} is not a folder; nothing was imported.", hint="Name the folder with the projects.")
