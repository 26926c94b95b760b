"""The benchmarks run and say what they found; what they found is for people to judge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.__main__ import BENCHMARKS, main
from bench.figures import Figure, by_turns, quantile
from bench.report import table


def test_quick_benchmarks_print_a_table_and_keep_every_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "results.json"
    assert main(["record", "decide", "store", "--quick", "--runs", "2", "--json", str(kept)]) == 0
    printed = capsys.readouterr().out
    figures = json.loads(kept.read_text(encoding="utf-8"))["figures"]
    assert list(figures) == ["decide", "record", "store"]
    for found in figures.values():
        for figure in found:
            assert len(figure["echo"]) == len(figure["plain"]) == len(figure["ratios"]) == 2
            assert min(*figure["echo"], *figure["plain"]) > 0
            assert figure["name"] in printed and figure["against"] in printed


def test_a_benchmark_that_there_is_not_is_refused_with_those_that_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["speed", "--json", str(tmp_path / "results.json")]) == 2
    said = capsys.readouterr().err
    assert "speed" in said and all(name in said for name in BENCHMARKS)
    assert not list(tmp_path.iterdir())


def test_the_list_has_every_benchmark_with_what_it_measures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(BENCHMARKS)
    assert all(len(line.split()) > 3 for line in lines)


async def test_both_sides_of_a_figure_are_measured_by_turns_and_the_first_round_is_thrown_away() -> None:
    calls: list[str] = []

    async def echo() -> float:
        calls.append("echo")
        return float(len(calls))

    async def plain() -> float:
        calls.append("plain")
        return float(len(calls))

    ours, theirs = await by_turns(2, echo, plain)
    assert calls == ["plain", "echo", "echo", "plain", "plain", "echo"]
    assert (ours, theirs) == ((3.0, 6.0), (4.0, 5.0))


def test_a_ratio_is_of_medians_and_its_spread_of_rounds() -> None:
    figure = Figure("a thing", "ms", (1.0, 2.0, 6.0), "a plain thing", (1.0, 1.0, 2.0), "on a Sunday")
    assert figure.ratios == (1.0, 2.0, 3.0)
    line = next(line for line in table({"things": [figure]}).splitlines() if line.startswith("things  "))
    assert " ".join(line.split()) == "things a thing 2 ms a plain thing 1 ms 2.00 1.00 to 3.00 3"
    assert "on a Sunday" in table({"things": [figure]})


def test_a_quantile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert (quantile(values, 0.5), quantile(values, 0.95), quantile([3.0], 0.99)) == (51.0, 96.0, 3.0)
