"""An entity-relationship diagram of tables as SVG: drawn here, without a browser, a network or another program."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from schemaroot.export.layout import Layout, Link, Point, lay_out
from schemaroot.schema.column import Column
from schemaroot.schema.table import Table, TableDeclaration, declaration_of
from schemaroot.schema.table_set import check_tables
from schemaroot.schema.types import Enumeration, TimestampMs

FRAME = 28.0  # around the picture
HEAD = 30.0  # height of a box's head
ROW = 19.0  # height of a column's row
FOOT = 6.0  # below the last row
PAD = 12.0  # left and right of the text in a box
MARK = 24.0  # width of the place for PK and FK
BETWEEN = 18.0  # least distance between a column's name and its type
CELL = 7.3  # width of a letter of 12 px in a fixed-width font
HEAD_CELL = 8.5
TITLE_CELL = 11.0
NARROWEST = 560.0  # what the legend needs
TITLE = 52.0  # height of the title's strip
LEGEND = 40.0  # height of the legend's strip
LONGEST = 40  # letters of a name that are shown

COLORS = ("#3b82f6", "#d97706", "#059669", "#a855f7", "#e11d48", "#0891b2", "#65a30d", "#db2777", "#6366f1", "#a16207")
PLAIN = "#8b949e"
STYLE = """\
.er-page{fill:#ffffff}.er-halo{stroke:#ffffff}.er-box{fill:#ffffff;stroke:#d0d7de}.er-head{fill-opacity:.16}
.er-name,.er-column{fill:#1f2328}.er-type,.er-note{fill:#656d76}.er-sample{stroke:#656d76}
.er text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:12px}
.er .er-title{font-size:18px;font-weight:700;fill:#1f2328}.er .er-name{font-size:14px;font-weight:700}
.er .er-key{font-size:9.5px;font-weight:700}.er .er-note{font-size:11px}
.er-line,.er-end,.er-halo,.er-sample{fill:none;stroke-width:1.6}.er-halo{stroke-width:6}.er-maybe{stroke-dasharray:5 4}
@media (prefers-color-scheme:dark){.er-page{fill:#0d1117}.er-halo{stroke:#0d1117}.er-box{fill:#161b22;stroke:#30363d}
.er .er-title,.er-name,.er-column{fill:#e6edf3}.er-type,.er-note{fill:#9198a1}.er-sample{stroke:#9198a1}
.er-head{fill-opacity:.3}}
"""


@dataclass(frozen=True)
class _ForeignKey:
    """One line of the diagram."""

    child: int
    column: Column
    parent: int
    target: Column
    is_sole: bool


def diagram(tables: Iterable[type[Table]], *, title: str) -> str:
    """The tables with their columns, and a line for every foreign key between them, as one SVG document.

    The tables stand in layers, each to the right of those that it refers to. A line has the color of the table that it
    leads to, a crow's foot where many rows refer to one, and dashes where the key may be null. The picture follows the
    reader's light or dark color scheme, and is the same for the same declarations.

    Args:
        tables: the tables to show; a foreign key to a table that is not among them is marked and has no line.
        title: what stands above the picture.

    Raises:
        DeclarationError: the tables do not fit each other.
    """
    declared = [declaration_of(table) for table in check_tables(tables, whole=False)]
    keys = list(_foreign_keys(declared))
    rows = [{name: HEAD + ROW * (place + 0.5) for place, name in enumerate(table.columns)} for table in declared]
    links = [
        Link(key.child, key.parent, rows[key.child][key.column.name], rows[key.parent][key.target.name]) for key in keys
    ]
    layout = lay_out([_size(table) for table in declared], links)
    referred = [place for place in range(len(declared)) if any(key.parent == place for key in keys)]
    colors = {place: COLORS[number % len(COLORS)] for number, place in enumerate(referred)}
    width = 2 * FRAME + max(layout.width, TITLE_CELL * len(title), NARROWEST)
    height = layout.height + TITLE + LEGEND + 2 * FRAME
    counts = f"{_counted(len(declared), 'table')}, {_counted(len(keys), 'foreign key')}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="er" role="img" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}">',
        f"<title>{_xml(title)}</title>",
        f"<desc>{_xml(counts)}: {_xml(', '.join(table.name for table in declared))}</desc>",
        f"<style>\n{STYLE}</style>",
        f'<rect class="er-page" width="{width:g}" height="{height:g}" rx="10"/>',
        f'<text class="er-title" x="{FRAME:g}" y="{FRAME + 16:g}">{_xml(title)}</text>',
        f'<text class="er-note" x="{FRAME:g}" y="{FRAME + 35:g}">{_xml(counts)}</text>',
        f'<g transform="translate({FRAME:g} {FRAME + TITLE:g})">',
        *_lines(keys, layout, colors),
    ]
    for place, table in enumerate(declared):
        target_colors = {key.column.name: colors[key.parent] for key in keys if key.child == place}
        lines += _box(table, layout.corners[place], layout.widths[place], colors.get(place, PLAIN), target_colors)
    lines += ["</g>", *_legend(height - FRAME - 4), "</svg>"]
    return "\n".join(lines) + "\n"


def _foreign_keys(declared: Sequence[TableDeclaration]) -> Iterator[_ForeignKey]:
    places = {table.name: place for place, table in enumerate(declared)}
    for child, table in enumerate(declared):
        keys = [unique.columns for unique in table.uniques if unique.where is None]
        keys.append(tuple(column.name for column in table.primary_key))
        for column in table.columns.values():
            if column.reference is not None:
                target = table.target_of(column)
                if target.table in places:
                    yield _ForeignKey(child, column, places[target.table], target, (column.name,) in keys)


# Boxes ---------------------------------------------------------------------------------------------------------------


def _size(table: TableDeclaration) -> tuple[float, float]:
    """Width and height of a table's box."""
    widest = max(CELL * (_cells(column.name) + _cells(_type(column))) for column in table.columns.values())
    width = max(2 * PAD + HEAD_CELL * _cells(table.name), 2 * PAD + MARK + widest + BETWEEN)
    return float(round(width)), HEAD + ROW * len(table.columns) + FOOT


def _type(column: Column) -> str:
    if isinstance(column.type, Enumeration):
        name = "enum"
    else:
        name = "timestamp" if isinstance(column.type, TimestampMs) else column.type.storage
    return name + ("?" if column.nullable else "")


def _box(
    table: TableDeclaration, corner: Point, width: float, color: str, target_colors: dict[str, str]
) -> Iterator[str]:
    height = _size(table)[1]
    x, y = corner
    yield f'<g class="er-table" data-table={_attribute(table.name)} transform="translate({x:g} {y:g})">'
    yield f"<title>{_xml(table.name)}{_xml(': ' + table.comment) if table.comment else ''}</title>"
    yield f'<rect class="er-box" width="{width:g}" height="{height:g}" rx="7"/>'
    head = f"M0 {HEAD:g}V7A7 7 0 0 1 7 0H{width - 7:g}A7 7 0 0 1 {width:g} 7V{HEAD:g}Z"
    yield f'<path class="er-head" d="{head}" fill="{color}"/>'
    yield f'<path d="M0 {HEAD:g}H{width:g}" stroke="{color}" stroke-width="1.6"/>'
    yield f'<text class="er-name" x="{PAD:g}" y="{HEAD - 10:g}">{_shown(table.name)}</text>'
    for place, column in enumerate(table.columns.values()):
        base = HEAD + ROW * (place + 0.5) + 4
        mark = "PK" if column.primary_key else "FK" if column.reference is not None else ""
        if mark:
            fill = target_colors.get(column.name, color if column.primary_key else PLAIN)
            yield f'<text class="er-key" x="{PAD:g}" y="{base - 0.5:g}" fill="{fill}">{mark}</text>'
        yield f'<text class="er-column" x="{PAD + MARK:g}" y="{base:g}">{_shown(column.name)}</text>'
        yield f'<text class="er-type" x="{width - PAD:g}" y="{base:g}" text-anchor="end">{_type(column)}</text>'
    yield "</g>"


# Lines ---------------------------------------------------------------------------------------------------------------


def _lines(keys: Sequence[_ForeignKey], layout: Layout, colors: dict[int, str]) -> Iterator[str]:
    """The lines table by table, each with a halo that parts it from the lines below it."""
    for parent, color in colors.items():
        mine = [(key, layout.paths[number]) for number, key in enumerate(keys) if key.parent == parent]
        yield f'<g class="er-keys" stroke="{color}">'
        for _, path in mine:
            yield f'<path class="er-halo" d="{_curve(path)}"/>'
        for key, path in mine:
            maybe = " er-maybe" if key.column.nullable else ""
            name = _attribute(f"{key.column.label} {key.target.label}")
            says = f"{key.column.label} \N{RIGHTWARDS ARROW} {key.target.label}"
            yield f'<path class="er-line{maybe}" data-key={name} d="{_curve(path)}"><title>{_xml(says)}</title></path>'
        for end in sorted({_bar(path[-1], path[-2]) for _, path in mine} | {_many(key, path) for key, path in mine}):
            yield f'<path class="er-end" d="{end}"/>'
        yield "</g>"


def _many(key: _ForeignKey, path: Sequence[Point]) -> str:
    return _bar(path[0], path[1]) if key.is_sole else _foot(path[0], path[1])


def _bar(end: Point, before: Point) -> str:
    """The sign for one, across a line near its end."""
    x = end[0] + (7 if before[0] > end[0] else -7)
    return f"M{x:g} {end[1] - 5:g}V{end[1] + 5:g}"


def _foot(end: Point, before: Point) -> str:
    """The sign for many, a crow's foot at the end of a line."""
    x = end[0] + (11 if before[0] > end[0] else -11)
    return f"M{end[0]:g} {end[1] - 5:g}L{x:g} {end[1]:g}L{end[0]:g} {end[1] + 5:g}"


def _curve(points: Sequence[Point]) -> str:
    """A line through the points with rounded corners."""
    parts = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for before, (corner, after) in zip(points, pairwise(points[1:]), strict=False):
        radius = min(7.0, _distance(before, corner) / 2, _distance(corner, after) / 2)
        enter, leave = _toward(corner, before, radius), _toward(corner, after, radius)
        parts.append(f"L{enter[0]:g} {enter[1]:g}Q{corner[0]:g} {corner[1]:g} {leave[0]:g} {leave[1]:g}")
    return "".join([*parts, f"L{points[-1][0]:g} {points[-1][1]:g}"])


def _distance(one: Point, two: Point) -> float:
    return abs(one[0] - two[0]) + abs(one[1] - two[1])


def _toward(start: Point, goal: Point, way: float) -> Point:
    share = way / (_distance(start, goal) or 1.0)
    return round(start[0] + (goal[0] - start[0]) * share, 2), round(start[1] + (goal[1] - start[1]) * share, 2)


def _legend(y: float) -> Iterator[str]:
    """What the signs mean, below the picture."""
    x = FRAME
    for sign, meaning in (
        ("foot", "many rows"),
        ("bar", "one row"),
        ("dashes", "key may be null"),
        ("", "? = null allowed"),
    ):
        if sign:
            line = [(x, y - 4), (x + 34, y - 4)]
            maybe = " er-maybe" if sign == "dashes" else ""
            end = {"foot": _foot(line[1], line[0]), "bar": _bar(line[1], line[0])}.get(sign, "")
            yield f'<path class="er-sample{maybe}" d="{_curve(line)}{end}"/>'
            x += 42
        yield f'<text class="er-note" x="{x:g}" y="{y:g}">{meaning}</text>'
        x += 6.7 * len(meaning) + 26


# Text ----------------------------------------------------------------------------------------------------------------


def _cells(text: str) -> int:
    """How many letters wide a text is in a fixed-width font, as it is shown."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in _cut(text))


def _cut(text: str) -> str:
    line = " ".join(_clean(text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def _clean(text: str) -> str:
    """The text with a sign in place of each character that XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _shown(text: str) -> str:
    return escape(_cut(text))


def _xml(text: str) -> str:
    return escape(_clean(text))


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")
