"""The reference page of tables: what it says of columns, rules, relations and JSON."""

from __future__ import annotations

import dataclasses
import enum
import re
from datetime import datetime
from typing import Annotated, Literal, NotRequired

import msgspec
import pydantic
from typing_extensions import Doc, TypedDict

from schemaroot import (
    Check,
    Col,
    Index,
    JsonValue,
    Ref,
    Table,
    Unique,
    auto_id,
    boolean,
    generated,
    integer,
    json,
    now,
    real,
    references,
    soft_delete,
    text,
    timestamp_ms,
)
from schemaroot.export.reference import reference_page


class Size(TypedDict):
    """One size of a dish."""

    name: str
    grams: NotRequired[Annotated[int, Doc("weight | of all")]]


class Menu(Table, name="menus", comment="What is on offer", unique=[Unique("title")]):
    """A menu."""

    id: Col[int] = auto_id()
    title: Col[str] = text(min_length=1, max_length=80, comment="as it is printed")
    note: Col[str | None] = text(default=None, secret=True)
    changed: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()


class Dish(
    Table,
    name="dishes",
    indexes=[
        Index("menu_id", "-price"),
        Index("price", where=lambda: Dish.kind == "main", name="ix_dear"),
        Index(lambda: Dish.price + 1, name="ix_one_more"),
    ],
    checks=[Check("price_and_weight", lambda: (Dish.price > 0) | (Dish.weight > 0))],
    search=["name", "sizes"],
):
    """A dish."""

    id: Col[int] = auto_id()
    menu_id: Ref[Menu, int] = references(lambda: Menu.id, on_delete="cascade")
    like_id: Ref[Dish, int | None] = references(lambda: Dish.id, default=None, on_delete="set null")
    name: Col[str] = text(default="a|b")
    kind: Col[Literal["main", "side"]] = text(default="main")
    price: Col[int] = integer(minimum=0)
    weight: Col[float] = real(default=1.5)
    vegan: Col[bool] = boolean(default=False)
    is_main: Col[bool] = generated(lambda: Dish.kind == "main")
    sizes: Col[list[Size]] = json(default_factory=list)
    words: Col[list[str]] = json(default_factory=list)
    more: Col[JsonValue] = json()


PAGE = """\
## menus

What is on offer.

| column | type | null | default | key | meaning |
| --- | --- | --- | --- | --- | --- |
| `id` | integer | no | from the database | primary key |  |
| `title` | text 1..80 | no | required |  | as it is printed |
| `note` | text | yes | null |  | secret: not shown in messages |
| `changed` | timestamp (ms) | no | `now()` |  | set anew by each update |
| `deleted` | timestamp (ms) | yes | null |  | the moment of deletion, null for a live row |

| rule | name | says |
| --- | --- | --- |
| primary key | `pk_menus` | `id` |
| unique | `uq_menus_title` | `title` over live rows |
| check | `ck_menus_title_length` | `length(title) >= 1 AND length(title) <= 80` |

- has any number of rows of [dishes](#dishes) by `dishes.menu_id`

## dishes

| column | type | null | default | key |
| --- | --- | --- | --- | --- |
| `id` | integer | no | from the database | primary key |
| `menu_id` | integer | no | required | [menus](#menus) `id`, on delete cascade |
| `like_id` | integer | yes | null | [dishes](#dishes) `id`, on delete set null |
| `name` | text | no | `"a\\|b"` |  |
| `kind` | `main`, `side` | no | `"main"` |  |
| `price` | integer 0.. | no | required |  |
| `weight` | real | no | `1.5` |  |
| `vegan` | boolean | no | `false` |  |
| `is_main` | boolean | no | computed: `kind = 'main'` |  |
| `sizes` | JSON, see below | no | `[]` |  |
| `words` | JSON `[text, ...]` | no | `[]` |  |
| `more` | JSON `any JSON` | no | required |  |

| rule | name | says |
| --- | --- | --- |
| primary key | `pk_dishes` | `id` |
| foreign key | `fk_dishes_menu_id` | `menu_id` is a `menus.id`, on delete cascade |
| foreign key | `fk_dishes_like_id` | `like_id` is a `dishes.id`, on delete set null |
| check | `ck_dishes_kind` | `kind IN ('main', 'side')` |
| check | `ck_dishes_price_range` | `price >= 0` |
| check | `ck_dishes_price_and_weight` | `price > 0 OR weight > 0.0` |

| index | over | of rows where |
| --- | --- | --- |
| `ix_dishes_menu_id_price` | `menu_id`, `price` descending |  |
| `ix_dear` | `price` | `kind = 'main'` |
| `ix_one_more` | `price + 1` |  |

Full-text search over `name`, `sizes`.

- belongs to one row of [menus](#menus) by `menu_id`, and is deleted with it
- belongs to at most one row of [dishes](#dishes) by `like_id`, which becomes null when that row is deleted
- has any number of rows of [dishes](#dishes) by `dishes.like_id`

Each `sizes` is JSON:

```text
[
  {
    "name": text
    "grams"?: integer  // weight | of all
  },
  ...
]
```
"""


def test_the_page_says_everything_about_each_table() -> None:
    page = reference_page([Menu, Dish], title="The kitchen")

    assert page.startswith("# The kitchen\n\nGenerated from the declarations")
    assert "\n\n- [menus](#menus): What is on offer\n- [dishes](#dishes)\n\n" in page
    assert page[page.index("## menus") :] == PAGE


def test_the_page_is_the_same_each_time() -> None:
    assert reference_page([Menu, Dish], title="x") == reference_page([Menu, Dish], title="x")


def test_a_key_to_a_table_that_is_not_shown_has_no_link() -> None:
    page = reference_page([Dish], title="x")

    assert "| `menu_id` | integer | no | required | `menus` `id`, on delete cascade |" in page
    assert "#menus" not in page


# JSON documents ------------------------------------------------------------------------------------------------------


class Grade(enum.Enum):
    """A grade."""

    GOOD = "good"
    BAD = "bad"


class Point(msgspec.Struct, rename="camel", tag="point"):
    """A point."""

    first_part: int
    second_part: float = 0.0


@dataclasses.dataclass
class Area:
    """An area."""

    corners: list[Point]
    grade: Grade
    note: str | None = None


class Model(pydantic.BaseModel):
    """A model."""

    size: int = pydantic.Field(serialization_alias="theSize", description="in metres")
    at: dict[str, datetime] = {}


class Tree(TypedDict):
    """A tree."""

    name: Literal["oak", "elm"]
    branches: list[Tree]


class Shapes(Table, name="shapes"):
    """A table of all kinds of JSON."""

    id: Col[int] = auto_id()
    point: Col[Point] = json()
    area: Col[Area] = json()
    model: Col[Model] = json()
    tree: Col[Tree] = json()
    mixed: Col[list[int | str]] = json(default_factory=list)
    lists: Col[dict[str, list[bool]]] = json(default_factory=dict)


def documents() -> dict[str, str]:
    """The spelled-out documents of the page, by column."""
    parts = reference_page([Shapes], title="x").split("Each `")[1:]
    return {part.split("`")[0]: part.split("```text\n")[1].split("\n```")[0] for part in parts}


def test_a_struct_is_shown_by_its_names_in_json() -> None:
    assert documents()["point"] == '{\n  "type": "point"\n  "firstPart": integer\n  "secondPart"?: number\n}'


def test_objects_inside_of_objects_are_shown() -> None:
    assert documents()["area"].splitlines() == [
        "{",
        '  "corners": [',
        "    {",
        '      "type": "point"',
        '      "firstPart": integer',
        '      "secondPart"?: number',
        "    },",
        "    ...",
        "  ]",
        '  "grade": "good" | "bad"',
        '  "note"?: text | null',
        "}",
    ]


def test_a_pydantic_model_is_shown_with_its_descriptions() -> None:
    assert documents()["model"].splitlines() == [
        "{",
        '  "theSize": integer  // in metres',
        '  "at"?: {name: text (date and time), ...}',
        "}",
    ]


def test_a_shape_that_contains_itself_ends() -> None:
    assert documents()["tree"] == '{\n  "name": "oak" | "elm"\n  "branches": [(Tree again), ...]\n}'


def test_small_documents_are_shown_in_their_row() -> None:
    page = reference_page([Shapes], title="x")

    assert "| `mixed` | JSON `[integer \\| text, ...]` |" in page
    assert "| `lists` | JSON `{name: [boolean, ...], ...}` |" in page


# Hostile texts -------------------------------------------------------------------------------------------------------


class Hostile(Table, name="a|b`c <script>", comment="<b>bold</b> | [link](javascript:x)\n# heading"):
    """A table whose texts try to be more than texts."""

    id: Col[int] = auto_id(comment="x | y\n\n| z")


def test_hostile_texts_stay_texts() -> None:
    page = reference_page([Hostile], title="<title>")

    outside_of_code = re.sub(r"(`+).*?\1", "", page)
    assert not re.search(r"<\w", outside_of_code)
    assert page.startswith("# &lt;title>\n")
    assert "&lt;b>bold&lt;/b> \\| \\[link\\](javascript:x) # heading." in page
    assert "| `id` | integer | no | from the database | primary key | x \\| y \\| z |" in page
