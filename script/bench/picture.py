"""Bars as SVG: speeds of every engine, each with its distance from the fp32 weights. Text in, text out."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_COLOURS: Final = {"inglenook": "#c2410c", "llama.cpp": "#475569", "onnxruntime-genai": "#0284c7"}
_OTHER: Final = "#71717a"
_LABEL, _BAR, _ROW, _HEAD, _GAP, _EDGE = 250, 330, 22, 40, 24, 16
"""Pixels: width of the labels, of the longest bar, height of a row, of a panel's title, between panels, around."""


@dataclass(frozen=True)
class Bar:
    """Median, with what was seen at the least and at the most."""

    label: str
    engine: str
    value: float
    low: float
    high: float
    note: str


@dataclass(frozen=True)
class Panel:
    """Bars that share a scale."""

    title: str
    bars: Sequence[Bar]


def draw(panels: Sequence[Panel], caption: str) -> str:
    """One picture: the panels below each other, the fastest bar on top. White behind, so that it reads on any page."""
    parts: list[str] = []
    y = _EDGE
    for panel in panels:
        parts.extend(_panel(panel, y))
        y += _HEAD + _ROW * len(panel.bars) + _GAP
    parts.append(_text(_EDGE, y, caption, "#52525b", 11))
    width, height = _EDGE * 2 + _LABEL + _BAR + 170, y + _EDGE
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="system-ui, sans-serif" role="img">'
    )
    names = "; ".join(panel.title for panel in panels)
    return "\n".join(
        (
            head,
            f"<title>{escape(names)}</title>",
            '<rect width="100%" height="100%" fill="white"/>',
            *parts,
            "</svg>",
            "",
        )
    )


def _panel(panel: Panel, top: int) -> list[str]:
    parts = [_text(_EDGE, top + 18, panel.title, "#18181b", 15, weight="bold")]
    most = max((bar.high for bar in panel.bars), default=0.0) or 1.0
    left = _EDGE + _LABEL
    for number, bar in enumerate(sorted(panel.bars, key=lambda bar: -bar.value)):
        y = top + _HEAD + number * _ROW
        middle, length = y + _ROW // 2 - 2, _BAR * bar.value / most
        low, high = (left + _BAR * value / most for value in (bar.low, bar.high))
        colour = _COLOURS.get(bar.engine, _OTHER)
        parts += [
            _text(left - 8, middle + 4, bar.label, "#18181b", 12, anchor="end"),
            f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{_ROW - 6}" fill="{colour}"/>',
            f'<path d="M{low:.1f} {middle}H{high:.1f}" stroke="#18181b" stroke-width="1.5"/>',
            _text(left + _BAR + 12, middle + 4, f"{bar.value:.0f}   {bar.note}", "#18181b", 12),
        ]
    return parts


def _text(
    x: float, y: float, said: str, colour: str, size: int, *, anchor: str = "start", weight: str = "normal"
) -> str:
    return (
        f'<text x="{x}" y="{y}" fill="{colour}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(said)}</text>"
    )
