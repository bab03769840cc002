"""Files, by their path."""

from __future__ import annotations

from promptliano.schema import File
from schemaroot import Repository


class FileRepository(Repository[File]):
    """Files of projects."""

    table = File

    def by_path(self, path: str, project_id: int | None = None) -> list[File]:
        """The files with that path, at most one in each project; in one project when it is given."""
        conditions = [File.path == path]
        if project_id is not None:
            conditions.append(File.project_id == project_id)
        return self.all(*conditions, order_by=[File.project_id, File.id])
