"""A database that was there before goes on with migrations: reflected, taken in, changed, and taken back."""

from __future__ import annotations

from .conftest import Shop

TRIGGER = "CREATE TRIGGER told AFTER INSERT ON things BEGIN UPDATE things SET kind = 'b' WHERE id = new.id; END"
VIEW = "CREATE VIEW seen AS SELECT id, kind FROM things"


def test_a_reflected_database_changes_both_ways_with_its_triggers_and_views(shop: Shop) -> None:
    (shop.folder / "pyproject.toml").write_text('[tool.schemaroot]\ntables = "mine"\ndatabase = "shop.db"\n')
    shop.sql("CREATE TABLE things (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL DEFAULT 'a')")
    shop.sql(TRIGGER)
    shop.sql(VIEW)
    shop.sql("INSERT INTO things DEFAULT VALUES")
    shop.done("reflect", "shop.db", "--module", "mine.py")
    shop.done("migrate", "new", "-m", "first")
    shop.done("migrate", "up")
    shop.done("migrate", "verify")
    assert "error" not in shop.done("migrate", "check").err

    module = shop.folder / "mine.py"
    source = module.read_text()
    module.write_text(source.replace('default="a"', 'default="zzz"'))
    refused = shop("migrate", "new", "-m", "other default")
    assert (refused.code, refused.out) == (2, "")
    assert "things.kind: the default is 'zzz' but found= says 'a'." in refused.err

    module.write_text(source.replace('default="a"', 'default="zzz"').replace("default=\"'a'\"", "default=\"'zzz'\""))
    shop.done("migrate", "new", "-m", "other default")
    shop.done("migrate", "up")
    assert shop.sql("SELECT dflt_value FROM pragma_table_info('things') WHERE name = 'kind'") == [("'zzz'",)]
    shop.done("migrate", "verify")
    for statement in (TRIGGER, VIEW):
        assert shop.sql("SELECT 1 FROM sqlite_schema WHERE sql = ?", statement) == [(1,)]
    shop.done("migrate", "down", "--yes")
    assert shop.sql("SELECT id, kind FROM seen") == [(1, "b")]
    assert shop.sql("SELECT 1 FROM sqlite_schema WHERE sql = ?", TRIGGER) == [(1,)]

    shop.sql("DROP VIEW seen")
    shop.sql("CREATE INDEX mine_too ON things (kind)")
    verdict = shop("migrate", "verify")
    assert verdict.code == 1
    assert verdict.out.splitlines() == ["view seen is missing", "index mine_too on things is not declared"]
    shop.done("migrate", "up")
    assert shop.sql("SELECT 1 FROM sqlite_schema WHERE name = 'mine_too'") == [(1,)]
