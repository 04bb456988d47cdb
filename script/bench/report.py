"""What is said at the end: tables for a terminal and a page, a picture, and everything as JSON. Measures nothing."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from comparison import Row, Spread, Variant, compare, medians
from picture import Bar, Panel, draw
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Result:
    """One run of the benchmark."""

    machine: dict[str, Any]
    """Processor, threads, read bandwidth in bytes a second, versions."""
    model: str
    source: str
    variants: tuple[Variant, ...]
    objections: tuple[str, ...]
    """Why the figures are not to be trusted; empty when they are."""
    judged_anyway: bool
    notes: tuple[str, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """The goals, with verdicts where the machine was quiet or the caller insists."""
        return compare(self.variants, judge=not self.objections or self.judged_anyway)


Cells = tuple[tuple[str, ...], ...]


def goal_cells(rows: Sequence[Row]) -> Cells:
    """Header first."""
    lines = [("what", "ours", "figure", "against", "figure", "ratio", "goal", "verdict")]
    for row in rows:
        goal = row.goal
        sign = "<=" if goal.sense == "at most" else ">="
        lines.append(
            (
                goal.title,
                _name(row.ours),
                _figure(row.ours, goal.figure),
                _name(row.peer),
                _figure(row.peer, goal.figure),
                spread(row.ratio) if row.ratio else "",
                f"{sign} {goal.bound:g}",
                row.verdict,
            )
        )
    return tuple(lines)


def variant_cells(variants: Sequence[Variant]) -> Cells:
    """Every engine's medians, header first."""
    names = sorted({name for v in variants for name in v.rounds[0] if "@" in name}, key=_order)
    lines = [("engine", "KL", *names, "load s", "RSS MiB")]
    for variant in variants:
        found = medians(variant)
        cells = [f"{found[name].median:.0f}" if name in found else "" for name in names]
        load, rss = found["load_s"].median, found["rss_mib"].median
        lines.append((variant.name, f"{variant.kl:.4f}", *cells, f"{load:.2f}", f"{rss:.0f}"))
    return tuple(lines)


def _order(name: str) -> tuple[str, int]:
    kind, _, number = name.partition("@")
    return ({"prefill": "0", "decode": "1"}.get(kind, kind), int(number))


def _name(variant: Variant | None) -> str:
    return (
        "" if variant is None else f"{variant.weights} {variant.setting}".strip() + f" (KL {variant.kl:.4f})"
    )


def _figure(variant: Variant | None, figure: str) -> str:
    return spread(Spread.of(variant.values(figure))) if variant and variant.has(figure) else ""


def spread(values: Spread) -> str:
    """Median (lowest to highest), three digits or so."""
    digits = 3 if values.median < 1 else 2 if values.median < 10 else 0  # noqa: PLR2004  by size
    return f"{values.median:.{digits}f} ({values.low:.{digits}f} to {values.high:.{digits}f})"


def show(result: Result, console: Console) -> None:
    """Both tables, and what stands beside them."""
    for title, cells in (
        (
            "medians over the rounds; prefill@N and decode@N in tokens a second",
            variant_cells(result.variants),
        ),
        ("goals: median of the rounds' ratios (lowest to highest)", goal_cells(result.rows)),
    ):
        table = Table(*cells[0], title=title, title_justify="left")
        for line in cells[1:]:
            table.add_row(*line)
        console.print(table)
    for remark in _remarks(result):
        console.print(remark, soft_wrap=True)


def _remarks(result: Result) -> list[str]:
    bandwidth = result.machine["read_bandwidth"]
    said = [f"{result.machine['cpu']}, {result.machine['threads']} threads, reads {bandwidth / 1e9:.1f} GB/s"]
    said += [f"compared: {note}" for note in result.notes]
    said += [f"the machine was not quiet: {reason}" for reason in result.objections]
    if result.objections and not result.judged_anyway:
        said.append("so nothing is judged; stop what else runs and try again, or insist with --judge-anyway")
    return said


def markdown(result: Result) -> str:
    """The same for a page."""
    tables = (_markdown(goal_cells(result.rows)), _markdown(variant_cells(result.variants)))
    return "\n\n".join((*tables, *_remarks(result))) + "\n"


def _markdown(cells: Cells) -> str:
    head, *lines = cells
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *lines))


def picture(result: Result) -> str:
    """Decode and prefill of every engine."""
    panels = [
        Panel(f"{title}, tokens a second", [_bar(v, figure) for v in result.variants if v.has(figure)])
        for title, figure in (("decode", "decode@0"), ("prefill of 512 tokens", "prefill@512"))
    ]
    where = f"{result.machine['cpu']}, {result.machine['threads']} threads"
    caption = f"{result.model}, {where}; the lines go from the lowest to the highest round"
    return draw([panel for panel in panels if panel.bars], caption)


def _bar(variant: Variant, figure: str) -> Bar:
    values = Spread.of(variant.values(figure))
    return Bar(variant.name, variant.engine, values.median, values.low, values.high, f"KL {variant.kl:.4f}")


def record(result: Result) -> str:
    """Everything, for programs."""
    told = {
        "machine": result.machine,
        "model": result.model,
        "source": result.source,
        "notes": result.notes,
        "objections": result.objections,
        "variants": [asdict(variant) for variant in result.variants],
        "goals": [
            {
                **asdict(row.goal),
                "ours": row.ours.name if row.ours else None,
                "peer": row.peer.name if row.peer else None,
                "ratio": asdict(row.ratio) if row.ratio else None,
                "verdict": row.verdict,
            }
            for row in result.rows
        ],
    }
    return json.dumps(told, indent=2) + "\n"


def save(result: Result, folder: Path) -> None:
    """peers.json, peers.md and peers.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("json", record(result)), ("md", markdown(result)), ("svg", picture(result))):
        (folder / f"peers.{name}").write_text(text, encoding="utf-8")
