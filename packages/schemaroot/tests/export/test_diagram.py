"""The diagram of tables: valid, complete, and with nothing on top of anything else."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from schemaroot import Col, Ref, Table, Unique, auto_id, blob, integer, references, text
from schemaroot.export.diagram import diagram

SVG = "{http://www.w3.org/2000/svg}"


class Person(Table, name="persons", comment="Someone"):
    """Refers to itself, and to a table that refers to it."""

    id: Col[int] = auto_id()
    boss_id: Ref[Person, int | None] = references(lambda: Person.id, default=None)
    home_id: Ref[Address, int | None] = references(lambda: Address.id, default=None)
    name: Col[str] = text()


class Address(Table, name="addresses"):
    """Part of a circle."""

    id: Col[int] = auto_id()
    person_id: Ref[Person, int] = references(lambda: Person.id)


class Profile(Table, name="profiles"):
    """At most one for each person."""

    person_id: Ref[Person, int] = references(lambda: Person.id, primary_key=True)
    color: Col[str] = text()


class Word(Table, name="words", unique=[Unique("home_id")]):
    """Refers to the start and the middle of a chain."""

    id: Col[int] = auto_id()
    author_id: Ref[Person, int] = references(lambda: Person.id)
    home_id: Ref[Address, int] = references(lambda: Address.id)


class Lonely(Table, name="lonely"):
    """Refers to nothing."""

    id: Col[int] = auto_id()
    picture: Col[bytes] = blob()


TABLES: list[type[Table]] = [Person, Address, Profile, Word, Lonely]


def parsed(tables: list[type[Table]], title: str = "People") -> ElementTree.Element:
    return ElementTree.fromstring(diagram(tables, title=title))


def groups(picture: ElementTree.Element) -> list[ElementTree.Element]:
    return [group for group in picture.iter(f"{SVG}g") if group.get("class") == "er-table"]


def corner(group: ElementTree.Element) -> tuple[float, float]:
    x, y = re.findall(r"[\d.]+", group.get("transform", ""))
    return float(x), float(y)


def lines(picture: ElementTree.Element) -> dict[str, ElementTree.Element]:
    return {path.get("data-key", ""): path for path in picture.iter(f"{SVG}path") if path.get("data-key")}


def test_every_table_and_column_is_shown() -> None:
    shown = {
        group.get("data-table"): ["".join(text.itertext()) for text in group.iter(f"{SVG}text")]
        for group in groups(parsed(TABLES))
    }

    assert list(shown) == ["persons", "addresses", "profiles", "words", "lonely"]
    assert shown["persons"] == [
        "persons",
        *("PK", "id", "integer"),
        *("FK", "boss_id", "integer?"),
        *("FK", "home_id", "integer?"),
        *("name", "text"),
    ]
    assert shown["profiles"][1:4] == ["PK", "person_id", "integer"]


def test_every_foreign_key_has_a_line() -> None:
    drawn = lines(parsed(TABLES))

    assert sorted(drawn) == [
        "addresses.person_id persons.id",
        "persons.boss_id persons.id",
        "persons.home_id addresses.id",
        "profiles.person_id persons.id",
        "words.author_id persons.id",
        "words.home_id addresses.id",
    ]


def test_a_key_that_may_be_null_is_dashed() -> None:
    dashed = [name for name, line in lines(parsed(TABLES)).items() if "er-maybe" in line.get("class", "")]

    assert sorted(dashed) == ["persons.boss_id persons.id", "persons.home_id addresses.id"]


def test_crows_feet_stand_where_many_rows_refer_to_one() -> None:
    """A key that is unique by itself has a bar: four feet for six keys, and bars at the keys of both targets."""
    signs = [path.get("d", "") for path in parsed(TABLES).iter(f"{SVG}path") if path.get("class") == "er-end"]

    assert sum("L" in sign for sign in signs) == 4


def test_boxes_do_not_overlap() -> None:
    boxes: list[tuple[float, float, float, float]] = []
    for group in groups(parsed(TABLES)):
        x, y = corner(group)
        box = group.find(f"{SVG}rect")
        assert box is not None
        boxes.append((x, y, x + float(box.get("width", "")), y + float(box.get("height", ""))))

    for one, two in combinations(boxes, 2):
        assert one[2] < two[0] or two[2] < one[0] or one[3] < two[1] or two[3] < one[1]


def test_text_keeps_inside_its_box_and_apart() -> None:
    """Counted with letters of 0.62 em, which is wider than the fixed-width fonts of the common systems."""
    sizes = {"er-name": 14, "er-column": 12, "er-type": 12, "er-key": 9.5}
    for group in groups(parsed(TABLES)):
        box = group.find(f"{SVG}rect")
        assert box is not None
        spans: list[tuple[float, float, float]] = []
        for label in group.iter(f"{SVG}text"):
            width = 0.62 * sizes[label.get("class", "")] * len("".join(label.itertext()))
            x = float(label.get("x", "")) - (width if label.get("text-anchor") == "end" else 0)
            assert x >= 0
            assert x + width <= float(box.get("width", ""))
            spans.append((float(label.get("y", "")), x, x + width))
        for one, two in combinations(spans, 2):
            assert abs(one[0] - two[0]) > 12 or one[2] < two[1] or two[2] < one[1]


def test_the_picture_is_the_same_each_time() -> None:
    assert diagram(TABLES, title="x") == diagram(TABLES, title="x")


def test_the_picture_follows_light_and_dark() -> None:
    assert "prefers-color-scheme:dark" in diagram(TABLES, title="x")


def test_the_picture_needs_nothing_from_outside() -> None:
    picture = diagram(TABLES, title="x").replace('xmlns="http://www.w3.org/2000/svg"', "")

    assert not re.search(r"https?:|href|url\(|@import|<script|<image|foreignObject", picture)


@pytest.mark.parametrize("tables", [[], [Lonely], [Person], [Lonely, Profile]])
def test_few_tables_make_a_picture(tables: list[type[Table]]) -> None:
    """A foreign key to a table that is not shown has its mark and no line."""
    picture = parsed(tables)

    assert len(groups(picture)) == len(tables)
    assert list(lines(picture)) == (["persons.boss_id persons.id"] if tables == [Person] else [])


class Hostile(Table, name='a"b<&>\x01', comment="</title><script>alert(1)</script>"):
    """A table whose texts try to be more than texts."""

    id: Col[int] = auto_id()
    a_name_that_is_much_too_long_to_be_shown_in_a_box: Col[int] = integer()


class Cut(Table, name="ein_sehr_langer_name_für_eine_tabelle_日本語"):
    """A name that is cut, with wide letters."""

    id: Ref[Hostile, int] = references(lambda: Hostile.id, primary_key=True)


def test_hostile_names_stay_names() -> None:
    picture = parsed([Hostile, Cut], title="</svg>\x00&\ud800")
    hostile = groups(picture)[0]

    assert picture.findtext(f"{SVG}title") == "</svg>\N{REPLACEMENT CHARACTER}&\N{REPLACEMENT CHARACTER}"
    assert hostile.get("data-table") == 'a"b<&>\N{REPLACEMENT CHARACTER}'
    assert "<script>" in (hostile.findtext(f"{SVG}title") or "")
    assert not list(picture.iter(f"{SVG}script"))
    assert "a_name_that_is_much_too_long_to_be_show…" in [label.text for label in hostile.iter(f"{SVG}text")]
