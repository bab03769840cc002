"""The layout of a diagram: boxes stand apart, and lines run beside them."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from schemaroot.export.layout import Layout, Link, lay_out

Rectangle = tuple[float, float, float, float]
Sizes = list[tuple[int, int]]


@st.composite
def pictures(draw: st.DrawFn) -> tuple[Sizes, list[Link]]:
    """Boxes and any lines between them, circles and lines to a box itself included."""
    sizes = draw(st.lists(st.tuples(st.integers(60, 300), st.integers(40, 400)), max_size=9))
    if not sizes:
        return [], []
    boxes = st.integers(0, len(sizes) - 1)
    ends = draw(st.lists(st.tuples(boxes, boxes, st.integers(5, 35)), max_size=14))
    return sizes, [Link(source, target, port, 15) for source, target, port in ends]


def boxes(sizes: Sizes, layout: Layout) -> list[Rectangle]:
    """Left, top, right and bottom of each box."""
    placed = zip(layout.corners, layout.widths, sizes, strict=True)
    return [(x, y, x + width, y + size[1]) for (x, y), width, size in placed]


def overlap(one: Rectangle, two: Rectangle, slack: float = 0.1) -> bool:
    """Whether two rectangles share more than their edges."""
    beside = one[2] <= two[0] + slack or two[2] <= one[0] + slack
    return not (beside or one[3] <= two[1] + slack or two[3] <= one[1] + slack)


@given(pictures())
def test_boxes_stand_apart_inside_the_picture(picture: tuple[Sizes, list[Link]]) -> None:
    sizes, links = picture
    layout = lay_out(sizes, links)
    placed = boxes(sizes, layout)

    assert not [pair for pair in combinations(placed, 2) if overlap(*pair)]
    for (width, _), (left, top, right, bottom) in zip(sizes, placed, strict=True):
        assert right - left >= width
        assert left >= 0
        assert top >= 0
        assert right <= layout.width
        assert bottom <= layout.height


@given(pictures())
def test_lines_run_beside_the_boxes_from_port_to_port(picture: tuple[Sizes, list[Link]]) -> None:
    sizes, links = picture
    layout = lay_out(sizes, links)
    placed = boxes(sizes, layout)

    assert len(layout.paths) == len(links)
    for link, path in zip(links, layout.paths, strict=True):
        for (x, y), (u, v) in pairwise(path):
            assert abs(x - u) < 0.1 or abs(y - v) < 0.1
            line = (min(x, u), min(y, v), max(x, u), max(y, v))
            assert not [box for box in placed if overlap(box, line)]
        for (x, y), box, port in ((path[0], link.source, link.source_port), (path[-1], link.target, link.target_port)):
            left, top, right, _ = placed[box]
            assert min(abs(x - left), abs(x - right)) < 0.01
            assert abs(y - top - port) < 0.2


@given(pictures())
def test_the_same_boxes_get_the_same_picture(picture: tuple[Sizes, list[Link]]) -> None:
    assert lay_out(*picture) == lay_out(*picture)


def test_a_box_stands_right_of_what_it_depends_on() -> None:
    layout = lay_out([(100, 100)] * 3, [Link(2, 1, 50, 20), Link(1, 0, 50, 20)])

    assert [x for x, _ in layout.corners] == sorted(x for x, _ in layout.corners)


def test_a_line_to_a_far_box_passes_between_the_boxes() -> None:
    """The line from the third box to the first has the second in its way."""
    layout = lay_out([(100, 100)] * 3, [Link(1, 0, 50, 20), Link(2, 1, 50, 20), Link(2, 0, 70, 20)])
    left, top = layout.corners[1]

    passing = [(y, v) for (x, y), (u, v) in pairwise(layout.paths[2]) if min(x, u) <= left and max(x, u) >= left + 100]
    assert passing
    assert all(y == v and not top <= y <= top + 100 for y, v in passing)
