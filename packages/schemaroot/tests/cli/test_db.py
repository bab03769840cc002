"""Every verb of `schemaroot db`, on real files: what it does, what it prints, how it ends."""

from __future__ import annotations

from pathlib import Path

from .conftest import Shop


def made(shop: Shop) -> Path:
    """The backup that `db backup` makes."""
    return Path(shop.done("db", "backup").out.strip())


def test_a_backup_is_verified_private_and_listed(filled: Shop) -> None:
    said = filled.done("db", "backup", "--reason", "before the fair", "--json").json

    path = Path(said["path"])
    assert path.stat().st_mode & 0o777 == 0o600
    assert (said["verified"], said["reason"], said["revision"]) == (True, "before the fair", "0001_first_tables")
    assert (said["tables"]["customers"], said["tables"]["orders"]) == (2, 3)
    listed = filled.done("db", "backups")
    assert path.name in listed.out
    assert "verified" in listed.out
    assert filled.done("db", "backups", "--verify", "--json").json["backups"][0]["found"] == []


def test_a_damaged_backup_is_found(filled: Shop) -> None:
    path = made(filled)
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)

    said = filled("db", "backups", "--verify")

    assert said.code == 1
    assert "bad" in said.out
    assert "SHA-256" in said.err
    assert "error[BACKUP_NOT_VERIFIED]: " in filled("db", "restore", path.name, "--yes").err


def test_a_restore_brings_the_rows_back_and_can_be_undone(filled: Shop) -> None:
    path = made(filled)
    filled.sql("DELETE FROM customers WHERE id = 1")
    refused = filled("db", "restore")
    assert (refused.code, "error[NEEDS_YES]: " in refused.err) == (2, True)
    assert filled.sql("SELECT count(*) FROM orders") == [(1,)]

    done = filled.done("db", "restore", path.name, "--yes", "--json").json
    assert done["backup"]["path"] == str(path)
    assert filled.sql("SELECT count(*) FROM orders") == [(3,)]

    undone = filled.done("db", "restore", "--undo", "--yes")
    assert "1 row" not in undone.err
    assert filled.sql("SELECT count(*) FROM orders") == [(1,)]
    assert filled("db", "restore", "x", "--undo").err.startswith("error[USAGE]: ")
    assert "error[BACKUP_MISSING]: " in filled("db", "restore", "no-such", "--yes").err


def test_nothing_is_undone_where_nothing_was_restored(filled: Shop) -> None:
    assert "error[BACKUP_MISSING]: " in filled("db", "restore", "--undo", "--yes").err


def test_old_backups_go_only_with_a_yes(filled: Shop) -> None:
    paths = [made(filled) for _ in range(3)]
    dry = filled.done("db", "backups", "--prune", "--keep", "1", "--dry-run", "--json").json
    assert (len(dry["wouldRemove"]), dry["removed"]) == (2, [])
    assert "error[NEEDS_YES]: " in filled("db", "backups", "--prune", "--keep", "1").err
    assert all(path.exists() for path in paths)

    said = filled.done("db", "backups", "--prune", "--keep", "1", "--yes")

    assert "2 backups were removed." in said.err
    assert [path.exists() for path in paths] == [False, False, True]


def test_check_names_the_row_that_is_wrong(filled: Shop) -> None:
    assert filled.done("db", "check", "--json").json["findings"] == []
    backup = made(filled)
    filled.sql("UPDATE orders SET total = 99 WHERE id = 2")

    said = filled("db", "check", "--against", backup.name)
    assert said.code == 1
    assert said.out.startswith("content: orders")
    assert filled.done("db", "check").out == ""


def test_a_damaged_backup_is_no_reference(filled: Shop) -> None:
    backup = made(filled)
    content = bytearray(backup.read_bytes())
    content[-10] ^= 0xFF
    backup.chmod(0o600)
    backup.write_bytes(content)

    said = filled("db", "check", "--against", backup.name)

    assert said.code == 2
    assert said.err.startswith("error[BACKUP_NOT_VERIFIED]: ")


def test_check_names_drift_and_broken_references(filled: Shop) -> None:
    filled.sql("ALTER TABLE customers ADD COLUMN colour TEXT")
    from contextlib import closing
    from sqlite3 import connect

    with closing(connect(filled.path)) as connection, connection:
        connection.execute("INSERT INTO orders (customer_id, total) VALUES (77, 1)")

    document = filled("db", "check", "--json")

    assert document.code == 1
    assert {one["kind"] for one in document.json["findings"]} == {"drift", "foreign key"}


def test_stats_say_what_takes_the_room(filled: Shop) -> None:
    said = filled.done("db", "stats", "--json").json

    assert {one["name"]: one["rows"] for one in said["tables"]}["orders"] == 3
    assert said["bytes"] == said["pages"] * said["pageSize"]
    assert "customers" in filled.done("db", "stats").out


def test_a_backup_of_another_program_is_refused(filled: Shop) -> None:
    flags = ["--application-id", "0x53484F50", "--database", "marked.db"]
    filled.done("migrate", "up", "--create", *flags)
    path = made(filled)

    said = filled("db", "restore", str(path), "--yes", *flags)

    assert (said.code, "error[DB_FOREIGN]: " in said.err) == (2, True)


def test_reflect_writes_classes_that_make_the_same_schema(filled: Shop, tmp_path: Path) -> None:
    said = filled.done("reflect", "shop.db", "--module", "found.py", "--page", "found.md")
    assert "found.py is written." in said.err
    assert "customers" in (tmp_path / "found.md").read_text()
    assert filled("reflect", "shop.db", "--module", "found.py").err.startswith("error[FILE_EXISTS]: ")

    flags = ["--tables", "found", "--migrations", "again", "--database", "fresh.db"]
    filled.done("migrate", "new", "-m", "as found", *flags)
    filled.done("migrate", "up", "--create", *flags)
    assert filled.done("migrate", "check", "--json", *flags).json["clean"]
    assert "class" in filled.done("reflect", "shop.db").out
