"""`echo-bot stats`: what the answers of each echo took, while an Echo runs on the data folder or not."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from db.errors import StorageError
from db.measures import HostMeasured
from echo.data_folder import chosen, looking, profiles_in
from echo.errors import ConfigError
from echo.settings import Loaded
from schedules.clock import Clock, SystemClock
from states.feedback import Tally
from states.measures import ANSWERED, FAILED, SILENT, STOOD_IN, Spread, Summary
from states.model import ProfileSnapshot

Say = Callable[[str], None]
Told = Sequence[tuple[ProfileSnapshot, Summary, tuple[Tally, ...]]]
_LABEL: Final = 13


def run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock | None = None) -> int:
    """Print what answers took; the exit code. Raises EchoError: UsageError, ConfigError."""
    try:
        return asyncio.run(_run(options, loaded, say, clock or SystemClock()))
    except StorageError as error:
        raise ConfigError(str(error)) from error


async def _run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    until = clock()
    since = until - timedelta(hours=options.since)
    async with looking(options, loaded, clock) as store:
        profiles = await profiles_in(store)
        if options.profile is not None:
            profiles = [chosen(profiles, options)]
        told = [
            (one, await store.measures.summary(one.id, since), await store.feedback.tallies(one.id)) for one in profiles
        ]
        hosts = await store.measures.hosts(since)
    say(_json(told, hosts, since, until) if options.json else _text(told, hosts, options.since))
    return 0


def _text(told: Told, hosts: Sequence[HostMeasured], hours: float) -> str:
    lines = [f"What was asked of the echoes in the last {_hours(hours)}:"]
    for profile, summary, tallies in told:
        called = f"Profile {profile.id}: user {profile.user_id} in server {profile.server_id}, {profile.state.value}"
        thumbs = [_line(f"thumbs, v{one.version}", one.words) for one in tallies]
        lines += ["", called, *_lines(summary), *thumbs]
    if not told:
        lines += ["", "There is no echo here yet."]
    if hosts:
        lines += ["", "By server and base model:"]
        for one in hosts:
            lines.append(f"  {f'{one.host} {one.base}'.strip()}: {one.answers:,} asked, {one.failures:,} failed")
    return "\n".join(lines)


def _hours(hours: float) -> str:
    return "hour" if hours == 1 else f"{hours:,g} hours"


def _lines(summary: Summary) -> list[str]:
    if not summary.total:
        return [_line("answers", "none")]
    failed = ", ".join(f"{kind} {count:,}" for kind, count in summary.failures)
    answers = (
        f"{summary.count(ANSWERED):,} of {summary.total:,}; silent {summary.count(SILENT):,}, "
        f"by the embedded engine instead {summary.count(STOOD_IN):,}, failed {summary.count(FAILED):,}"
    )
    lines = [_line("answers", answers), _line("failures", failed or "none")]
    spreads = (("first word", summary.first_token), ("answer", summary.seconds), ("waiting", summary.wait))
    lines += [_line(name, _spread(spread)) for name, spread in spreads if spread]
    if summary.speed is not None:
        lines.append(_line("speed", f"{summary.speed:.1f} tokens/s"))
    if summary.drafts_each is not None and summary.rejected_share is not None:
        drafts = f"{summary.drafts_each:.1f} an answer, {summary.rejected_share:.0%} rejected by the guard"
        lines.append(_line("drafts", drafts))
    if summary.objections:
        lines.append(_line("rejected", ", ".join(f"{kind} {count:,}" for kind, count in summary.objections)))
    if summary.evaluated_share is not None:
        lines.append(_line("prompts", f"{summary.evaluated_share:.0%} of their tokens evaluated, the rest cached"))
    return lines


def _line(label: str, text: str) -> str:
    return f"  {label:<{_LABEL}}{text}"


def _spread(spread: Spread) -> str:
    return f"{spread.p50:.2f} s median, {spread.p95:.2f} s at the 95th percentile"


def _json(told: Told, hosts: Sequence[HostMeasured], since: datetime, until: datetime) -> str:
    found = {
        "since": since.isoformat(timespec="seconds"),
        "until": until.isoformat(timespec="seconds"),
        "profiles": [_row(*one) for one in told],
        "hosts": [
            {"host": host.host, "base": host.base, "answers": host.answers, "failures": host.failures} for host in hosts
        ],
    }
    return json.dumps(found, indent=2)


def _row(profile: ProfileSnapshot, summary: Summary, tallies: Sequence[Tally]) -> Mapping[str, Any]:
    return {
        "profile": profile.id,
        "user": str(profile.user_id),
        "server": str(profile.server_id),
        "state": profile.state.value,
        "asked": summary.total,
        "outcomes": dict(summary.outcomes),
        "failures": dict(summary.failures),
        "first_token": _seconds(summary.first_token),
        "seconds": _seconds(summary.seconds),
        "wait": _seconds(summary.wait),
        "tokens": summary.tokens,
        "tokens_per_second": _rounded(summary.speed),
        "drafts": summary.drafts,
        "drafts_per_answer": _rounded(summary.drafts_each),
        "rejected": summary.rejected,
        "objections": dict(summary.objections),
        "rejected_share": _rounded(summary.rejected_share),
        "prompt_tokens": summary.prompt_tokens,
        "evaluated": summary.evaluated,
        "evaluated_share": _rounded(summary.evaluated_share),
        "thumbs": [asdict(one) for one in tallies],
    }


def _seconds(spread: Spread | None) -> dict[str, float] | None:
    return {"p50": round(spread.p50, 4), "p95": round(spread.p95, 4)} if spread else None


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)
