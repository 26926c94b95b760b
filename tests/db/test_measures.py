"""What answers took, as it is kept and summed up: agrees with a plain computation, holds no text, goes in time."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from db.connection import Database
from db.erasure import Erasure
from db.measures import NEWEST, HostMeasured, MeasureLog
from db.retention import Retention
from db.steps import Steps
from db.stored import AnswerMeasured
from states.measures import Spread, Summary
from states.model import ProfileSnapshot, ProfileState
from tests.support.measured import measured
from tests.support.snapshots import NOON, birth, changed_to

HOUR_AGO = NOON - timedelta(hours=1)
FIGURES = st.floats(0, 3600)
COUNTS = st.integers(0, 10_000)
ANSWERS = st.builds(
    measured,
    ago=st.sampled_from([0.0, 3599.0, 3600.0, 3600.5, 90_000.0]),
    outcome=st.sampled_from(["answered", "silent", "stood_in", "failed"]),
    failure=st.sampled_from(["", "busy", "unreachable"]),
    drafts=COUNTS,
    rejected=COUNTS,
    wait=FIGURES,
    first_token=st.none() | FIGURES,
    seconds=FIGURES,
    tokens=COUNTS,
    token_seconds=FIGURES,
    prompt_tokens=COUNTS,
    evaluated=st.none() | COUNTS,
    objections=st.sampled_from([(), (("quote", 2),), (("link", 1), ("quote", 1)), (("what somebody said", 9),)]),
)


@pytest.fixture
def log(database: Database) -> MeasureLog:
    return MeasureLog(database)


def spread(figures: list[float]) -> Spread | None:
    """By nearest rank: the smallest figure that so many per cent of all do not exceed."""
    ordered = sorted(figures)
    if not ordered:
        return None
    p50, p95 = (next(one for n, one in enumerate(ordered, 1) if 100 * n >= p * len(ordered)) for p in (50, 95))
    return Spread(p50, p95)


def counted(words: list[str]) -> tuple[tuple[str, int], ...]:
    """How often each, the most frequent first."""
    return tuple(sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0])))


def plainly(answers: list[AnswerMeasured]) -> Summary:
    """The summary of these, computed without a database."""
    known = [one for one in answers if one.evaluated is not None]
    own = [one for one in answers if one.outcome in ("answered", "silent")]
    return Summary(
        outcomes=counted([one.outcome for one in answers]),
        failures=counted([one.failure for one in answers if one.failure]),
        first_token=spread([one.first_token for one in answers if one.first_token is not None]),
        seconds=spread([one.seconds for one in own]),
        wait=spread([one.wait for one in own]),
        objections=counted(
            [
                kind
                for one in answers
                for kind, count in one.objections
                for _ in range(count)
                if kind in ("quote", "link")
            ]
        ),
        drafts=sum(one.drafts for one in answers if one.outcome != "stood_in"),
        rejected=sum(one.rejected for one in answers if one.outcome != "stood_in"),
        tokens=sum(one.tokens for one in answers),
        token_seconds=math.fsum(one.token_seconds for one in answers),
        prompt_tokens=sum(one.prompt_tokens for one in known),
        evaluated=sum(one.evaluated or 0 for one in known),
    )


@given(answers=st.lists(ANSWERS, max_size=25))
@example(answers=[measured(seconds=float(n), wait=float(-n % 7)) for n in range(20)])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_summary_agrees_with_a_plain_computation(
    database: Database, log: MeasureLog, profile: ProfileSnapshot, answers: list[AnswerMeasured]
) -> None:
    async with database.write() as connection:
        await connection.execute("DELETE FROM measures")
    await log.add([replace(one, profile_id=profile.id) for one in answers])
    found = await log.summary(profile.id, HOUR_AGO)
    due = plainly([one for one in answers if one.at >= HOUR_AGO.timestamp()])
    assert found.token_seconds == pytest.approx(due.token_seconds)
    assert replace(found, token_seconds=due.token_seconds) == due
    assert found.total == sum(map(found.count, ("answered", "silent", "stood_in", "failed")))


async def test_what_is_shown_is_the_last_hour_the_last_day_and_the_newest_answers(
    log: MeasureLog, profile: ProfileSnapshot
) -> None:
    await log.add([measured(profile.id, 80_000, seconds=9.0), measured(profile.id, 90_000, outcome="failed")])
    await log.add([measured(profile.id, 10 + n, seconds=float(n), tokens=60 + n) for n in range(NEWEST)])
    await log.add([measured(profile.id, 5, outcome="silent", seconds=77.0), measured(profile.id, 1, tokens=0)])
    shown = await log.shown(profile.id, NOON)
    assert shown is not None
    assert (shown.hour.total, shown.day.total) == (NEWEST + 2, NEWEST + 3)
    assert shown.answer_times == (*map(float, range(NEWEST - 2, -1, -1)), 3.0), "oldest first"
    assert shown.speeds == tuple((60 + n) / 2 for n in range(NEWEST - 2, -1, -1)), "only of what has tokens"
    assert await log.shown(profile.id, NOON + timedelta(days=2)) is None
    assert await log.shown(profile.id + 1, NOON) is None


WILD = st.builds(
    AnswerMeasured,
    profile_id=st.integers(),
    version=st.integers(),
    at=st.floats(),
    host=st.text(),
    base=st.text(st.characters(categories=("Cs", "Cc", "L")), max_size=300),
    outcome=st.text(),
    failure=st.text(),
    drafts=st.integers(),
    rejected=st.integers(),
    wait=st.floats(),
    first_token=st.none() | st.floats(),
    seconds=st.floats(),
    tokens=st.integers(),
    token_seconds=st.floats(),
    prompt_tokens=st.integers(),
    evaluated=st.none() | st.integers(),
)


@given(wild=st.lists(WILD, max_size=5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_a_server_claims_can_be_kept_and_summed_up(
    log: MeasureLog, profile: ProfileSnapshot, wild: list[AnswerMeasured]
) -> None:
    await log.add([replace(one, profile_id=profile.id, at=NOON.timestamp()) for one in wild])
    await log.add(wild)
    found = await log.summary(profile.id, HOUR_AGO)
    assert found.drafts >= 0 and found.tokens >= 0
    assert found.wait is None or 0 <= found.wait.p50 <= found.wait.p95
    await log.shown(profile.id, NOON)


async def test_hosts_and_base_models_tell_how_many_failed(log: MeasureLog, profile: ProfileSnapshot) -> None:
    other = "http://10.0.0.2:11434"
    failures = {"stood_in": "busy", "failed": "refused"}
    outcomes = ["answered", "answered", "silent", *failures]
    await log.add([measured(profile.id, outcome=one, failure=failures.get(one, "")) for one in outcomes])
    await log.add([measured(profile.id, host=other), measured(profile.id, 7200, host=other)])
    assert await log.hosts(HOUR_AGO) == [
        HostMeasured(other, "llama3.2:3b", 1, 0),
        HostMeasured("http://127.0.0.1:11434", "llama3.2:3b", 5, 2),
    ]
    assert await log.profiles(HOUR_AGO) == [profile.id]


async def test_forgetting_erases_them_and_lets_none_come_in_later(
    log: MeasureLog, erasure: Erasure, steps: Steps, profile: ProfileSnapshot
) -> None:
    await log.add([measured(profile.id)] * 700)
    forgetting = changed_to(profile, replace(profile, state=ProfileState.FORGETTING, due={}))
    await steps.record(forgetting)
    assert await erasure.erase(profile.id) >= 700
    await log.add([measured(profile.id), measured(4711)])
    assert await log.profiles(NOON - timedelta(days=9)) == []


async def test_the_clean_up_erases_what_is_too_old_and_nothing_else_of_it(
    log: MeasureLog, retention: Retention, steps: Steps, profile: ProfileSnapshot
) -> None:
    again = (await steps.record(birth(user_id=99))).snapshot
    await log.add(
        [measured(profile.id, 3601), measured(profile.id, 3600), measured(again.id, 7200), measured(again.id)]
    )
    longer = NOON - timedelta(days=9)
    assert (await retention.sweep({"journal": longer})).total == 0
    assert (await retention.sweep({"measures": HOUR_AGO})).of("measurements of answers") == 2
    assert [(await log.summary(one, longer)).total for one in (profile.id, again.id)] == [1, 1]


async def test_no_column_could_hold_what_somebody_said(database: Database) -> None:
    async with database.read() as connection:
        columns = await connection.execute_fetchall("PRAGMA table_info(measures)")
    assert {column["name"] for column in columns if column["type"] not in ("INTEGER", "REAL")} == {
        "host",
        "base",
        "outcome",
        "failure",
        "objections",
    }
