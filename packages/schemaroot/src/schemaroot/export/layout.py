"""Where the boxes of a diagram stand and how the lines between them run: plain geometry, with no drawing.

Boxes stand in layers from left to right, each to the right of those that it depends on; lines run in the channels
between layers. All lines to the same side of one box form a net: they share a trunk, which passes a layer at a place of
its own, so that no line runs through a box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, permutations

GAP = 26.0  # between two boxes
LANE = 14.0  # height of the place where a net passes a layer
TRACK = 10.0  # between two vertical lines of a channel
MARGIN = 26.0  # between a box and the first vertical line beside it, with room for a line's end
LOOP = 14.0  # how far the line of a box to itself stands out
EXACT_TRACKS = 6  # up to so many lines of a channel, every order is tried
EXACT_BOXES = 60  # up to so many boxes, changed orders are tried one by one
PASSING = 0.3  # how much more uneven layers may be to spare a net the passing of a layer
CROSSING = 60.0  # how much longer a way may be to spare a crossing

Point = tuple[float, float]


@dataclass(frozen=True)
class Link:
    """A line from one box to another (or to itself), with the heights at which it meets them."""

    source: int
    target: int
    source_port: float
    target_port: float


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    The boxes' top left corners and widths (equal within a layer), the points of each link from source to target, and
    the size of the whole.
    """

    corners: tuple[Point, ...]
    widths: tuple[float, ...]
    paths: tuple[tuple[Point, ...], ...]
    width: float
    height: float


@dataclass
class _Node:
    """A box, or a net's place in a layer that it passes."""

    height: float
    layer: int
    lane: bool = False
    y: float = 0.0


@dataclass(eq=False)
class _Net:
    """The links that reach one side of one box: `forward` when they come from the right of it."""

    target: int
    port: float
    forward: bool
    links: list[int] = field(default_factory=list[int])
    lanes: dict[int, int] = field(default_factory=dict[int, int])  # layer -> node


Ends = tuple[list[tuple[int, float]], list[tuple[int, float]]]
"""What a net joins in one channel: nodes with their ports on its left, and on its right."""


def lay_out(sizes: Sequence[tuple[float, float]], links: Sequence[Link]) -> Layout:
    """Place boxes of the given widths and heights, and route the links between them; the same for the same input."""
    layers = _layers(sizes, links)
    nodes = [_Node(height, layer) for (_, height), layer in zip(sizes, layers, strict=True)]
    nets = _nets(nodes, links)
    channels = [_channel(nodes, nets, links, place) for place in range(max(layers, default=0))]
    joins = [
        (a, b, pa, pb) for channel in channels for ends in channel.values() for a, pa in ends[0] for b, pb in ends[1]
    ]
    joined = {node for join in joins for node in join[:2]}
    order = _ordered(nodes, joins, [number for number in range(len(nodes)) if number in joined])
    _set_heights(nodes, order, joins)
    top = min((nodes[number].y for number in joined), default=0.0)
    for node in nodes:
        node.y = float(round(node.y - top))
    _straighten(nodes, order, joins)
    _fill(nodes, [number for number in range(len(nodes)) if number not in joined])
    return _routed(sizes, links, nodes, nets, channels)


# Layers --------------------------------------------------------------------------------------------------------------


def _layers(sizes: Sequence[tuple[float, float]], links: Sequence[Link]) -> list[int]:
    """The layer of each box: right of what it depends on, with the layers about equally high."""
    count = len(sizes)
    parents: list[set[int]] = [set() for _ in range(count)]
    for link in links:
        if link.source != link.target:
            parents[link.source].add(link.target)
    placed: dict[int, int] = {}
    before: list[tuple[int, int]] = []
    while len(placed) < count:  # in a circle, the box that waits for the fewest others goes first
        waiting = [box for box in range(count) if box not in placed]
        box = min(waiting, key=lambda box: (len(parents[box] - placed.keys()), box))
        near = [other for other in placed if other in parents[box] or box in parents[other]]
        before += [(other, box) for other in near]
        placed[box] = 1 + max((placed[other] for other in near), default=-1)
    layers = [placed[box] for box in range(count)]
    total = sum(height + GAP for _, height in sizes)
    widest = max((width for width, _ in sizes), default=0.0) + 3 * MARGIN
    wanted = max(1, max(layers, default=0) + 1, min(count, round((total / widest) ** 0.5)))
    tied = {box for pair in before for box in pair}
    heights = [height + GAP if box in tied else 0.0 for box, (_, height) in enumerate(sizes)]
    return _balanced(heights, before, layers, wanted, max(1.0, total / wanted))


def _balanced(
    heights: Sequence[float], before: Sequence[tuple[int, int]], layers: list[int], count: int, fair: float
) -> list[int]:
    """Move boxes one at a time, as long as that makes the layers more even without making lines much longer."""

    def cost(state: Sequence[int]) -> float:
        filled = [0.0] * count
        for box, layer in enumerate(state):
            filled[layer] += heights[box]
        uneven = sum(total * total for total in filled) / fair
        reach = {left: max(state[right] for start, right in before if start == left) for left, _ in before}
        return uneven + sum(PASSING * fair * (far - state[left] - 1) for left, far in reach.items())

    best = cost(layers)
    while True:
        found: tuple[float, int, int] | None = None
        for box in range(len(layers)):
            low = max((layers[left] + 1 for left, right in before if right == box), default=0)
            high = min((layers[right] - 1 for left, right in before if left == box), default=count - 1)
            for layer in range(low, high + 1):
                state = [*layers[:box], layer, *layers[box + 1 :]]
                if layer != layers[box] and (price := cost(state)) < best - 1e-6:
                    found, best = (price, box, layer), price
        if found is None:
            break
        layers = [*layers[: found[1]], found[2], *layers[found[1] + 1 :]]
    used = sorted(set(layers))
    return [used.index(layer) for layer in layers]


def _nets(nodes: list[_Node], links: Sequence[Link]) -> list[_Net]:
    """The nets of the links, with a lane in each layer that a net passes."""
    nets: dict[tuple[int, float, bool], _Net] = {}
    for number, link in enumerate(links):
        if link.source != link.target:
            forward = nodes[link.target].layer < nodes[link.source].layer
            key = (link.target, link.target_port, forward)
            nets.setdefault(key, _Net(link.target, link.target_port, forward)).links.append(number)
    for net in nets.values():
        home = nodes[net.target].layer
        ends = [nodes[links[number].source].layer for number in net.links]
        for layer in range(home + 1, max(ends)) if net.forward else range(min(ends) + 1, home):
            net.lanes[layer] = len(nodes)
            nodes.append(_Node(LANE, layer, lane=True))
    return list(nets.values())


def _channel(nodes: Sequence[_Node], nets: Sequence[_Net], links: Sequence[Link], place: int) -> dict[int, Ends]:
    """What each net joins in the channel right of layer `place`."""
    channel: dict[int, Ends] = {}
    for number, net in enumerate(nets):
        sides: Ends = ([], [])
        for side, layer in enumerate((place, place + 1)):
            if nodes[net.target].layer == layer:
                sides[side].append((net.target, net.port))
            if layer in net.lanes:
                sides[side].append((net.lanes[layer], LANE / 2))
            if side == net.forward:  # sources stand on the far side of the channel
                found = [links[link] for link in net.links if nodes[links[link].source].layer == layer]
                sides[side].extend((link.source, link.source_port) for link in found)
        if sides[0] and sides[1]:
            channel[number] = sides
    return channel


# Order and height within the layers ----------------------------------------------------------------------------------

Join = tuple[int, int, float, float]
"""A piece of a net in one channel: node on the left, node on the right, and the port on each."""


def _ordered(nodes: Sequence[_Node], joins: Sequence[Join], joined: Sequence[int]) -> list[list[int]]:
    """The joined nodes of each layer from top to bottom, with short and little crossed lines."""
    order: list[list[int]] = [[] for _ in range(1 + max((node.layer for node in nodes), default=0))]
    for number in joined:
        order[nodes[number].layer].append(number)

    def price(candidate: list[list[int]]) -> float:
        _set_heights(nodes, candidate, joins)
        return _length([nodes[number] for number in joined], nodes, joins)

    best, least = order, price(order)
    for sweep in range(12):
        order = [list(column) for column in order]
        way = range(len(order)) if sweep % 2 == 0 else range(len(order) - 1, -1, -1)
        for place in way:
            means = {node: _mean(nodes, joins, node) for node in order[place]}
            order[place].sort(key=lambda node: means[node])
            _set_heights(nodes, order, joins)
        if (now := price(order)) < least:
            best, least = order, now
    improved = len(nodes) <= EXACT_BOXES
    while improved:
        improved = False
        for place, column in enumerate(best):
            for first in range(len(column)):
                for second in range(first + 1, len(column)):
                    swapped = list(column)
                    swapped[first], swapped[second] = swapped[second], swapped[first]
                    candidate = [*best[:place], swapped, *best[place + 1 :]]
                    if (now := price(candidate)) < least - 0.5:
                        best, least, column, improved = candidate, now, swapped, True
    return best


def _mean(nodes: Sequence[_Node], joins: Sequence[Join], node: int) -> float:
    heights = [nodes[b].y + pb - pa for a, b, pa, pb in joins if a == node]
    heights += [nodes[a].y + pa - pb for a, b, pa, pb in joins if b == node]
    return sum(heights) / len(heights) if heights else nodes[node].y


def _length(placed: Sequence[_Node], nodes: Sequence[_Node], joins: Sequence[Join]) -> float:
    """How far the lines go up and down, with a surcharge for each crossing and for a high picture."""
    ends = [(nodes[a].layer, nodes[a].y + pa, nodes[b].y + pb) for a, b, pa, pb in joins]
    crossings = sum(
        one[0] == two[0] and (one[1] - two[1]) * (one[2] - two[2]) < 0
        for number, one in enumerate(ends)
        for two in ends[number + 1 :]
    )
    high = max((node.y + node.height for node in placed), default=0.0) - min((node.y for node in placed), default=0.0)
    return sum(abs(left - right) for _, left, right in ends) + CROSSING * crossings + 2 * high


def _set_heights(nodes: Sequence[_Node], order: Sequence[Sequence[int]], joins: Sequence[Join]) -> None:
    """Put the nodes of each layer, in their order, as near as can be to what they are joined with."""
    for column in order:
        y = 0.0
        for node in column:
            nodes[node].y = y
            y += nodes[node].height + GAP
    near: dict[int, list[tuple[int, float]]] = {node: [] for column in order for node in column}
    for a, b, pa, pb in joins:
        near[a].append((b, pb - pa))
        near[b].append((a, pa - pb))
    count = len(order)
    for sweep in range(8):
        for place in range(count) if sweep % 2 == 0 else range(count - 1, -1, -1):
            column = order[place]
            wishes = [[nodes[other].y + shift for other, shift in near[node]] or [nodes[node].y] for node in column]
            weights = [float(len(near[node])) or 0.01 for node in column]
            settled = _settled(nodes, column, [sum(wish) / len(wish) for wish in wishes], weights)
            for node, y in zip(column, settled, strict=True):
                nodes[node].y = y


def _straighten(nodes: Sequence[_Node], order: Sequence[Sequence[int]], joins: Sequence[Join]) -> None:
    """Move each lane by the little that makes one of its lines straight, where its neighbours leave room."""
    for column in order:
        for place, number in enumerate(column):
            lane = nodes[number]
            if not lane.lane:
                continue
            above = [nodes[node].y + nodes[node].height for node in column[:place]]
            below = [nodes[node].y for node in column[place + 1 :]]
            wishes = [nodes[b].y + pb - pa for a, b, pa, pb in joins if a == number]
            wishes += [nodes[a].y + pa - pb for a, b, pa, pb in joins if b == number]
            for wish in sorted(wishes, key=lambda wish: abs(wish - lane.y)):
                if max(above, default=wish) <= wish <= min(below, default=wish + LANE) - LANE:
                    lane.y = wish
                    break


def _fill(nodes: Sequence[_Node], loose: Sequence[int]) -> None:
    """Put the boxes that are joined to nothing where the layers have room: below, or above where below would be low."""
    placed = [node for number, node in enumerate(nodes) if number not in loose]
    top = min((node.y for node in placed), default=0.0)
    layers = range(1 + max((node.layer for node in nodes), default=0))
    tops = {layer: min((node.y for node in placed if node.layer == layer), default=top) for layer in layers}
    ends = {
        layer: max((node.y + node.height + GAP for node in placed if node.layer == layer), default=top)
        for layer in layers
    }
    roofs = dict.fromkeys(layers, top)
    for number in sorted(loose, key=lambda number: (-nodes[number].height, number)):
        node = nodes[number]
        low = min(layers, key=lambda layer: (ends[layer], layer))
        free = max(layers, key=lambda layer: (tops[layer] - roofs[layer], -layer))
        if ends[low] + node.height > max(ends.values()) and roofs[free] + node.height + GAP <= tops[free]:
            node.layer, node.y = free, roofs[free]
            roofs[free] += node.height + GAP
        else:
            node.layer, node.y = low, ends[low]
            ends[low] += node.height + GAP


def _settled(
    nodes: Sequence[_Node], column: Sequence[int], wishes: Sequence[float], weights: Sequence[float]
) -> list[float]:
    """Heights as near as can be to the wishes (least squares) that keep order and distance: pool adjacent violators."""
    offsets = [0.0]
    for upper, lower in pairwise(column):
        gap = GAP * 0.6 if nodes[upper].lane or nodes[lower].lane else GAP
        offsets.append(offsets[-1] + nodes[upper].height + gap)
    pools: list[tuple[float, float, int]] = []  # weighted sum of shifts, weight, members
    for wish, weight, offset in zip(wishes, weights, offsets, strict=False):
        pool = (weight * (wish - offset), weight, 1)
        while pools and pools[-1][0] / pools[-1][1] > pool[0] / pool[1]:
            last = pools.pop()
            pool = (last[0] + pool[0], last[1] + pool[1], last[2] + pool[2])
        pools.append(pool)
    shifts = [total / weight for total, weight, members in pools for _ in range(members)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=False)]


# Lines ---------------------------------------------------------------------------------------------------------------


def _routed(
    sizes: Sequence[tuple[float, float]],
    links: Sequence[Link],
    nodes: Sequence[_Node],
    nets: Sequence[_Net],
    channels: Sequence[Mapping[int, Ends]],
) -> Layout:
    """Give the layers and channels their widths, and each link its points."""
    boxes = len(sizes)
    layers = 1 + max((node.layer for node in nodes), default=0)
    widths = [
        max((sizes[box][0] for box in range(boxes) if nodes[box].layer == layer), default=0.0)
        for layer in range(layers)
    ]
    loops = {layer: LOOP for layer in range(layers) if any(_loops(links, nodes, layer))}
    lefts = [0.0]
    tracks: list[dict[int, float]] = []
    for place, channel in enumerate(channels):
        edge = lefts[-1] + widths[place] + loops.get(place, 0.0)
        order = _tracks(nodes, channel)
        tracks.append({net: edge + MARGIN + TRACK * number for number, net in enumerate(order)})
        lefts.append(edge + 2 * MARGIN + TRACK * max(0, len(order) - 1))
    corners = [(lefts[nodes[box].layer], nodes[box].y) for box in range(boxes)]
    rights = [lefts[nodes[box].layer] + widths[nodes[box].layer] for box in range(boxes)]
    owner = {number: net for net in range(len(nets)) for number in nets[net].links}
    paths: list[tuple[Point, ...]] = []
    for number, link in enumerate(links):
        if link.source == link.target:
            x, y = rights[link.source], nodes[link.source].y
            out = [(x + LOOP, y + link.source_port), (x + LOOP, y + link.target_port)]
            paths.append(((x, y + link.source_port), *out, (x, y + link.target_port)))
            continue
        net = nets[owner[number]]
        home, away = nodes[net.target].layer, nodes[link.source].layer
        start = (lefts[away] if net.forward else rights[link.source], nodes[link.source].y + link.source_port)
        end = (rights[link.target] if net.forward else lefts[home], nodes[link.target].y + link.target_port)
        points = [start]
        for place in range(away - 1, home - 1, -1) if net.forward else range(away, home):
            layer = place if net.forward else place + 1
            y = end[1] if layer == home else nodes[net.lanes[layer]].y + LANE / 2
            if owner[number] in tracks[place]:
                x = tracks[place][owner[number]]
                points += [(x, points[-1][1]), (x, y)]
        paths.append(_straightened([*points, (end[0], points[-1][1])]))
    right = max((lefts[layer] + widths[layer] + loops.get(layer, 0.0) for layer in range(layers)), default=0.0)
    bottom = max((nodes[box].y + sizes[box][1] for box in range(boxes)), default=0.0)
    lowest = max((y for path in paths for _, y in path), default=0.0)
    wide = tuple(widths[nodes[box].layer] for box in range(boxes))
    return Layout(tuple(corners), wide, tuple(paths), right, max(bottom, lowest))


def _loops(links: Sequence[Link], nodes: Sequence[_Node], layer: int) -> Iterable[bool]:
    return (link.source == link.target and nodes[link.source].layer == layer for link in links)


def _tracks(nodes: Sequence[_Node], channel: Mapping[int, Ends]) -> Sequence[int]:
    """The nets that need a vertical line in a channel, from left to right, so that they cross each other least."""
    heights = {
        net: tuple([nodes[node].y + port for node, port in side] for side in ends) for net, ends in channel.items()
    }
    turning = [net for net, (left, right) in heights.items() if max(*left, *right) - min(*left, *right) > 0.1]

    def clash(near: int, far: int) -> float:
        """What it costs that `near` turns left of `far`."""
        spans = [
            (min(*heights[net][0], *heights[net][1]), max(*heights[net][0], *heights[net][1])) for net in (near, far)
        ]
        crossed = sum(spans[0][0] - 1 <= y <= spans[0][1] + 1 for y in heights[far][0])
        crossed += sum(spans[1][0] - 1 <= y <= spans[1][1] + 1 for y in heights[near][1])
        merged = sum(abs(y - z) < 5 for y in heights[far][0] for z in heights[near][1])
        return crossed + 20.0 * merged

    prices = {(near, far): clash(near, far) for near in turning for far in turning if near != far}
    return _cheapest(
        turning,
        lambda order: sum(prices[pair] for n, a in enumerate(order) for pair in [(a, b) for b in order[n + 1 :]]),
    )


def _cheapest(items: Sequence[int], price: Callable[[Sequence[int]], float]) -> Sequence[int]:
    """The order of the items with the least price: exactly for a few, by swapping neighbours for many."""
    if len(items) <= EXACT_TRACKS:
        return min(permutations(items), key=price, default=())
    best = list(items)
    improved = True
    while improved:
        improved = False
        for place in range(len(best) - 1):
            swapped = [*best[:place], best[place + 1], best[place], *best[place + 2 :]]
            if price(swapped) < price(best):
                best, improved = swapped, True
    return best


def _straightened(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points without repeated ones and without those in the middle of a straight piece."""
    kept: list[Point] = []
    for point in points:
        while len(kept) >= 2 and any(
            abs(kept[-2][axis] - kept[-1][axis]) + abs(kept[-1][axis] - point[axis]) < 0.05 for axis in (0, 1)
        ):
            kept.pop()
        if not kept or kept[-1] != point:
            kept.append(point)
    return tuple(kept)
