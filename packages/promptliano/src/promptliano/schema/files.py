"""Files of a project, and the sets of files that a user has selected."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, NotRequired

from typing_extensions import Doc, TypedDict

from promptliano.schema.projects import Project
from schemaroot import (
    Col,
    Index,
    JsonValue,
    Ref,
    Table,
    Unique,
    auto_id,
    boolean,
    integer,
    json,
    now,
    references,
    soft_delete,
    text,
    timestamp_ms,
)


class ImportSpecifier(TypedDict):
    """One name that an import brings in."""

    type: Literal["default", "named", "namespace"]
    imported: NotRequired[Annotated[str, Doc("its name at the source, for named imports")]]
    local: Annotated[str, Doc("its name inside the file")]


class FileImport(TypedDict):
    """One import statement of a source file."""

    source: str
    specifiers: list[ImportSpecifier]


class ExportSpecifier(TypedDict):
    """One name that an export offers."""

    exported: str
    local: Annotated[str, Doc("its name inside the file")]


class FileExport(TypedDict):
    """One export statement of a source file."""

    type: Literal["default", "named", "all"]
    source: NotRequired[Annotated[str, Doc("the file whose names it passes on")]]
    specifiers: NotRequired[Annotated[list[ExportSpecifier], Doc("for named exports")]]


class File(
    Table,
    name="files",
    comment="A file of a project as it was last read from disk",
    indexes=[Index("project_id", "created", "id"), Index("project_id", "extension"), Index("created", "id")],
    unique=[Unique("project_id", "path")],
    search=["path", "content"],
):
    """A file. Size and checksum are those of the whole file, also where the kept content is cut."""

    id: Col[int] = auto_id()
    project_id: Ref[Project, int] = references(lambda: Project.id, on_delete="cascade")
    path: Col[str] = text(comment="relative to the project's folder, with / between the parts")
    name: Col[str] = text(comment="last part of the path")
    extension: Col[str] = text(default="", comment="lower case with its dot; a dot file's whole name; may be empty")
    size: Col[int] = integer(default=0, comment="bytes of the whole file")
    content: Col[str | None] = text(default=None, comment="null when not read, as for binary files")
    content_truncated: Col[bool] = boolean(default=False, comment="whether the content is only the file's beginning")
    checksum: Col[str | None] = text(default=None, comment="SHA-256 of the whole file in hex; null when not read")
    summary: Col[str | None] = text(default=None)
    summarized: Col[datetime | None] = timestamp_ms(default=None, comment="when the summary was made")
    imports: Col[list[FileImport]] = json(default_factory=list)
    exports: Col[list[FileExport]] = json(default_factory=list)
    meta: Col[dict[str, JsonValue]] = json(default_factory=dict, comment="what other programs attach to the file")
    modified: Col[datetime | None] = timestamp_ms(default=None, comment="when the file on disk was last changed")
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()


class SelectedFile(
    Table,
    name="selected_files",
    comment="A file that a user has put into a named set",
    indexes=[Index("project_id", "selection", "position"), Index("file_id"), Index("created", "id")],
    unique=[Unique("project_id", "selection", "file_id")],
):
    """One member of a selection."""

    id: Col[int] = auto_id()
    project_id: Ref[Project, int] = references(lambda: Project.id, on_delete="cascade")
    file_id: Ref[File, int] = references(lambda: File.id, on_delete="cascade")
    selection: Col[str] = text(default="default", min_length=1, comment="name of the set")
    position: Col[int] = integer(default=0, comment="place within the set")
    reason: Col[str | None] = text(default=None, comment="why the file belongs to the set")
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()
