"""Figures as a table for people and as JSON for machines."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.figures import Figure

HEAD = ("benchmark", "figure", "Echo", "against", "that", "ratio", "spread of ratio", "runs")


def machine() -> dict[str, str]:
    """What the figures depend on, as far as it can be told; they compare within one run only."""
    return {
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in ("nextcord", "numpy", "aiosqlite", "transitions")},
    }


def table(found: Mapping[str, Sequence[Figure]]) -> str:
    """All figures, a line each, then what must be known about them."""
    rows = [HEAD, *(_row(name, figure) for name, figures in found.items() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"{name}, {one.name}: {one.note}" for name, figures in found.items() for one in figures if one.note]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def as_json(found: Mapping[str, Sequence[Figure]], quick: bool) -> str:
    """All figures with the values of every round."""
    figures = {name: [_facts(figure) for figure in figures] for name, figures in found.items()}
    return json.dumps({"machine": machine(), "quick": quick, "figures": figures}, indent=2) + "\n"


def write(path: Path, text: str) -> None:
    """Keep the JSON. Raises OSError."""
    path.write_text(text, encoding="utf-8")


def _row(benchmark: str, figure: Figure) -> tuple[str, ...]:
    ratios, plain = figure.ratios, figure.plain_value
    echo = f"{_number(figure.value)} {figure.unit}"
    if plain is None:
        spread = f"{_number(min(figure.echo))} to {_number(max(figure.echo))}" if len(figure.echo) > 1 else "-"
        return benchmark, figure.name, echo, "-", "-", "-", spread, str(len(figure.echo))
    return (
        benchmark,
        figure.name,
        echo,
        figure.against,
        f"{_number(plain)} {figure.unit}",
        f"{figure.value / plain:.2f}",
        f"{min(ratios):.2f} to {max(ratios):.2f}",
        str(len(ratios)),
    )


def _facts(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "unit": figure.unit,
        "echo": figure.echo,
        "against": figure.against or None,
        "plain": figure.plain,
        "ratio": figure.value / figure.plain_value if figure.plain_value else None,
        "ratios": figure.ratios,
        "note": figure.note or None,
    }


def _number(value: float) -> str:
    """Three figures that count, without exponents."""
    if value and abs(value) < 100:
        return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.6f}"
    return f"{value:,.0f}"
