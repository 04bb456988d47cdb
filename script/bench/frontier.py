"""What `ingle quantize --explain` measured, as a picture: the size of each bundle against its distance from fp32."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

_IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
_FIGURES: Final = _IMAGES / "frontier.json"
_PICTURE: Final = _IMAGES / "frontier.svg"
_WIDTH, _HEIGHT = 460, 340
"""Of one panel's plane, in pixels; beside it stand the axes."""
_LEFT, _TOP, _BELOW, _BETWEEN = 70, 44, 56, 36
_LETTER: Final = 6.7
"""Width of one, about."""
_KL: Final = (0.001, 1.0)
_TICKS: Final = {0.001: "0.001", 0.01: "0.01", 0.1: "0.1", 1.0: "1"}
_MOST_KL: Final = 0.02
_RULE: Final = f"at most {_MOST_KL}: the smallest is chosen"
_STYLE: Final = """
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-size: 14px; font-weight: 600 }
.grid { stroke: #8884; stroke-width: 1 }
.bound { stroke: #b4530a; stroke-width: 1.5; stroke-dasharray: 5 4 }
.bounded { fill: #b4530a }
.point { fill: #2563a8 }
.chosen { fill: #b4530a }
@media (prefers-color-scheme: dark) {
text { fill: #ddd } .point { fill: #7db4ee } .chosen, .bounded { fill: #f0a060 } .bound { stroke: #f0a060 }
}
"""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Point:
    """One bundle, or several that are alike."""

    x: float
    y: float
    label: str
    chosen: bool


def measure(model: str) -> list[dict[str, Any]]:
    """The rows of `ingle quantize MODEL --explain`."""
    command = [sys.executable, "-m", "runtime", "quantize", model, "--explain", "--json"]
    rows: list[dict[str, Any]] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    )
    return rows


def draw(figures: dict[str, list[dict[str, Any]]]) -> str:
    """One panel a model, side by side."""
    width = _LEFT + len(figures) * (_WIDTH + _BETWEEN)
    height = _TOP + _HEIGHT + _BELOW
    panels = "\n".join(
        panel(model, rows, _LEFT + index * (_WIDTH + _BETWEEN), axis=index == 0)
        for index, (model, rows) in enumerate(figures.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img">\n<title>Size of a bundle against its distance from fp32</title>\n<style>{_STYLE}</style>\n'
        f'{panels}\n<text x="14" y="{_TOP + _HEIGHT / 2}" text-anchor="middle" '
        f'transform="rotate(-90 14 {_TOP + _HEIGHT / 2})">mean KL to fp32, nats a token</text>\n</svg>\n'
    )


def panel(model: str, rows: Sequence[dict[str, Any]], left: float, *, axis: bool) -> str:
    """One model's plane, both axes logarithmic."""
    sizes = [row["bytes"] / 1e6 for row in rows]
    span = min(sizes) / 1.06, max(sizes) * 1.06
    found = points(rows, span, left)
    parts = [f'<text class="title" x="{left}" y="{_TOP - 18}">{escape(model)}</text>']
    parts += grid(span, left, axis=axis)
    parts += [
        f'<circle class="{"chosen" if point.chosen else "point"}" cx="{point.x:.1f}" cy="{point.y:.1f}" r="4.5"/>'
        for point in found
    ]
    parts += labels(found, left)
    middle = left + _WIDTH / 2
    parts.append(
        f'<text x="{middle}" y="{_TOP + _HEIGHT + 40}" text-anchor="middle">size of the bundle, MB</text>'
    )
    return "\n".join(parts)


def points(rows: Sequence[dict[str, Any]], span: tuple[float, float], left: float) -> list[Point]:
    """Where each row lies; recipes that made the same of these weights share a point."""
    places: dict[tuple[float, float], list[dict[str, Any]]] = {}
    for row in rows:
        x = left + _WIDTH * share(row["bytes"] / 1e6, span)
        y = _TOP + _HEIGHT * (1 - share(row["kl_mean"], _KL))
        places.setdefault((round(x), round(y)), []).append(row)
    return [
        Point(x, y, " = ".join(row["recipe"] for row in alike), any(row["chosen"] for row in alike))
        for (x, y), alike in places.items()
    ]


def share(value: float, span: tuple[float, float]) -> float:
    """How far along a logarithmic axis."""
    return math.log(value / span[0]) / math.log(span[1] / span[0])


def grid(span: tuple[float, float], left: float, *, axis: bool) -> Iterator[str]:
    """Lines at round figures, and the bound that the choice goes by."""
    right, bottom = left + _WIDTH, _TOP + _HEIGHT
    for value, word in _TICKS.items():
        y = bottom - _HEIGHT * share(value, _KL)
        yield f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        if axis:
            yield f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{word}</text>'
    step = 10 if span[1] / span[0] > 1.5 else 20  # noqa: PLR2004  as many lines as there is room for
    for size in range(math.ceil(span[0] / step) * step, int(span[1]) + 1, step):
        x = left + _WIDTH * share(size, span)
        yield f'<line class="grid" y1="{_TOP}" y2="{bottom}" x1="{x:.1f}" x2="{x:.1f}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{size}</text>'
    y = bottom - _HEIGHT * share(_MOST_KL, _KL)
    yield f'<line class="bound" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
    yield f'<text class="bounded" x="{left + 6}" y="{y + 15:.1f}">{_RULE}</text>'


def labels(found: Sequence[Point], left: float) -> Iterator[str]:
    """A name beside each point, where it covers neither another name nor a point."""
    taken = [(point.x - 6, point.y - 6, point.x + 6, point.y + 6) for point in found]
    bound = _TOP + _HEIGHT * (1 - share(_MOST_KL, _KL))
    taken.append((left, bound, left + 6 + _LETTER * len(_RULE), bound + 19))
    for point in sorted(found, key=lambda point: -point.y):
        wide = _LETTER * len(point.label)
        x, y, anchor, box = next(
            (place for place in places(point, wide) if fits(place[3], taken, left)), next(places(point, wide))
        )
        taken.append(box)
        kind = ' class="bounded"' if point.chosen else ""
        yield f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(point.label)}</text>'


def places(point: Point, wide: float) -> Iterator[tuple[float, float, str, Box]]:
    """Right, left, above and below, near and less near."""
    for far in (0, 10, 20):
        for dy in (4 - far, 4 + far):
            y = point.y + dy
            yield point.x + 9, y, "start", (point.x + 9, y - 11, point.x + 9 + wide, y + 3)
            yield point.x - 9, y, "end", (point.x - 9 - wide, y - 11, point.x - 9, y + 3)
        for y in (point.y - 10 - far, point.y + 19 + far):
            yield point.x, y, "middle", (point.x - wide / 2, y - 11, point.x + wide / 2, y + 3)


def fits(box: Box, taken: Sequence[Box], left: float) -> bool:
    """Whether a label stays inside the panel and off everything else."""
    inside = left <= box[0] and box[2] <= left + _WIDTH and box[1] >= _TOP
    return inside and not any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
    )


def main() -> None:
    """Measure what is named, then draw all that was ever measured."""
    figures = json.loads(_FIGURES.read_text(encoding="utf-8")) if _FIGURES.exists() else {}
    for model in sys.argv[1:]:
        figures[Path(model).stem] = measure(model)
        _FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    _PICTURE.write_text(draw(figures), encoding="utf-8")
    print(f"drawn: docs/images/{_PICTURE.name}")


if __name__ == "__main__":
    main()
