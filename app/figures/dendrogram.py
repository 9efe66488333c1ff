"""Trees whose leaves are languages: a clustering with a scale of heights, or a line of descent without one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from app.figures.figure import Panel
from app.figures.scale import Scale, tick_label, ticks
from app.figures.style import Label, fonts
from app.figures.svg import element, join, line, text

ROW, TOP, BOTTOM, LEFT = 20.0, 30.0, 30.0, 10.0
LETTER = 5.6  # mean width of a letter
NAMES = 120.0  # room for code and own name of a leaf


@dataclass(frozen=True)
class Joint:
    """Two clusters that join at a height: leaves count from 0, then joints in their order."""

    left: int
    right: int
    height: float


def dendrogram_panel(
    joints: Sequence[Joint],
    order: Sequence[int],
    labels: Sequence[Label],
    title: str,
    *,
    axis: str,
    width: float = 420.0,
) -> Panel:
    """A clustering, root at the left, leaves at the right in `order`; the axis counts from the leaves (0) leftwards."""
    height = TOP + ROW * len(order) + BOTTOM
    highest = max((joint.height for joint in joints), default=1.0) or 1.0
    x = Scale(0, highest * 1.02, width - NAMES, LEFT)
    at = {leaf: (0.0, TOP + ROW * (row + 0.5)) for row, leaf in enumerate(order)}
    parts = [text(0, 12, title, class_="heading")]
    marks = ticks(0, highest, 4)
    for mark in marks:
        parts.append(line(x(mark), TOP, x(mark), height - BOTTOM, class_="grid"))
        parts.append(text(x(mark), height - BOTTOM + 13, tick_label(mark, marks), class_="minor", text_anchor="middle"))
    parts.append(text((x.start + x.end) / 2, height - 3, axis, class_="minor", text_anchor="middle"))
    said = []
    for number, joint in enumerate(joints, start=len(order)):
        (h1, y1), (h2, y2) = at[joint.left], at[joint.right]
        here = x(joint.height)
        d = f"M{x(h1):.2f} {y1:.2f}H{here:.2f}V{y2:.2f}H{x(h2):.2f}"
        parts.append(element("path", element("title", f"joined at {joint.height:.3f}"), d=d, class_="branch"))
        at[number] = (joint.height, (y1 + y2) / 2)
        said.append(f"{joint.height:.2f}")
    parts += [_leaf(labels[leaf], at[leaf][1], x.start) for leaf in order]
    words = f"{title}: {', '.join(labels[leaf].code for leaf in order)}; joined at {', '.join(said) or 'no height'}."
    return Panel(width, height, join(parts), words)


def descent_panel(
    lineages: Mapping[str, Sequence[str]],
    order: Sequence[int],
    labels: Sequence[Label],
    title: str,
    *,
    width: float = 420.0,
) -> Panel:
    """Lines of descent as a tree: a branch is drawn, and named, where two of the languages part.

    Leaves stand in `order` as far as the tree allows: languages of one branch stand together, at the place of their
    first.
    """
    lines = {leaf: tuple(lineages.get(labels[leaf].code, ())) for leaf in order}
    right = width - NAMES
    drawing = _Descent(lines, Scale(0, max(_steps(list(order), lines), 1), LEFT, right))
    drawing.branch(list(order), 0, 0)
    leaves = [_leaf(labels[leaf], y, right) for leaf, y in drawing.rows.items()]
    families = dict.fromkeys((lines[leaf] or ("unknown",))[0] for leaf in drawing.rows)
    parts = [text(0, 12, title, class_="heading"), *drawing.parts, *drawing.names, *leaves]
    return Panel(width, TOP + ROW * len(order) + BOTTOM, join(parts), f"{title}: {', '.join(families)}.")


@dataclass
class _Descent:
    """Draws branch by branch; leaves get their rows in the order in which they are reached."""

    lines: Mapping[int, tuple[str, ...]]
    x: Scale
    rows: dict[int, float] = field(default_factory=dict)
    parts: list[Markup] = field(default_factory=list)
    names: list[Markup] = field(default_factory=list)

    def branch(self, leaves: list[int], depth: int, step: int) -> tuple[float, float]:
        """Draw what hangs on a branch of that depth, `step` branchings from the root; where its stem joins: x and y."""
        if len(leaves) == 1:
            self.rows[leaves[0]] = TOP + ROW * (len(self.rows) + 0.5)
            return self.x.end, self.rows[leaves[0]]
        start = max(depth - 1, 0)
        depth, groups = _parted(leaves, depth, self.lines)
        here = self.x(step)
        ends = [self.branch(group, depth + 1, step + 1) for group in groups]
        for end, y in ends:
            self.parts.append(line(here, y, end, y, class_="branch"))
        self.parts.append(line(here, ends[0][1], here, ends[-1][1], class_="branch"))
        middle = (ends[0][1] + ends[-1][1]) / 2
        if depth:
            name = self._name(self.lines[leaves[0]][start:depth])
            self.names += [text(here - 4, middle - 4, name, class_=css, text_anchor="end") for css in ("halo", "minor")]
        return here, middle

    def _name(self, branches: Sequence[str]) -> str:
        """The narrowest of the branches drawn as one line whose name has room above it, else the shortest name."""
        room = (self.x(1) - self.x(0) - 8) / LETTER
        return next((name for name in reversed(branches) if len(name) <= room), min(branches, key=len))


def _parted(leaves: Sequence[int], depth: int, lines: Mapping[int, tuple[str, ...]]) -> tuple[int, list[list[int]]]:
    """The depth at which the lines of leaves part, and who goes on together; a line that ends stands alone."""
    while True:
        groups: dict[object, list[int]] = {}
        for leaf in leaves:
            own = lines[leaf]
            groups.setdefault(own[depth] if len(own) > depth else leaf, []).append(leaf)
        if len(groups) > 1:
            return depth, list(groups.values())
        depth += 1


def _steps(leaves: Sequence[int], lines: Mapping[int, tuple[str, ...]], depth: int = 0) -> int:
    """How many branchings lie between the root and the farthest leaf."""
    if len(leaves) == 1:
        return 0
    depth, groups = _parted(leaves, depth, lines)
    return 1 + max(_steps(group, lines, depth + 1) for group in groups)


def _leaf(label: Label, y: float, x: float) -> Markup:
    code = text(x + 6, y + 3.5, label.code, class_=f"end {label.css}")
    name = text(x + 12 + 6.6 * len(label.code), y + 3.5, label.endonym, class_="minor", font_family=fonts(label.script))
    return code + name
