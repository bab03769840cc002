"""How are migrations and backups typed? Commands for any program's tables, and what its own commands can be made of.

A program adds the groups to its own command line and says where its database and its revisions are:

    app.add_typer(group("migrate", "Change the schema."))       # and add_migrate(commands, place, command="shop")
    app.add_typer(group("db", "Backups, restores, checks."))    # and add_db(commands, place, command="shop")
"""
