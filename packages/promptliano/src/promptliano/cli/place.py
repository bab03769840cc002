"""Where do migrations and backups of ours work? On the database that the configuration names, with our revisions."""

from __future__ import annotations

from promptliano.cli import options
from schemaroot.cli.place import Place


def find_place(database: options.Database = None) -> Place:
    """The database that the option, the environment, the configuration file or the default names."""
    from promptliano.cli.opening import again, setting_for
    from promptliano.storage import migrations
    from schemaroot.cli.address import file_of

    setting = setting_for(database)
    return Place(migrations(), file_of(setting.url), again=again(database), make_folder=setting.make_folder)
