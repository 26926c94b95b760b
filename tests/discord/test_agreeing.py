"""The private part of a consent: the subject alone sees what there is, chooses, and agrees; nothing counts before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.consents import Consents
from db.keys import Keyring
from echo.discord import agreement
from echo.discord.agreement import Choosing, Doing, Told
from echo.discord.consent_texts import text_hash
from echo.errors import UsageError
from states.model import OPEN_END, ProfileState, SessionState
from states.policy import SENTENCES, Refused
from states.terms import DEFAULT_TERMS, Purpose, Summoner, Terms
from tests.discord.edge import NOON, Edge, edge_at
from tests.discord.test_presses import forged


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_at(tmp_path) as edge:
        yield edge


async def chose(edge: Edge, shown: dict[str, Any], what: str, *values: str) -> dict[str, Any]:
    """The private message after something was taken from one of its menus."""
    custom_id = next(one["custom_id"] for one in shown["components"] if f":{what}:" in one["custom_id"])
    [found] = (await edge.people.press("Bo", shown["message_id"], custom_id, values))["responses"]
    assert found["message_id"] == shown["message_id"] and found["ephemeral"], "it stands where it stood"
    return dict(found)


def labels(shown: dict[str, Any]) -> list[str]:
    return [one["label"] for one in shown["components"] if one["kind"] == "button"]


async def test_everything_can_be_chosen_and_is_agreed_to_as_it_is_shown(edge: Edge) -> None:
    question = await edge.asked("Bo", "Ada")
    shown = await edge.press("Bo", question, "I agree")
    assert shown["ephemeral"] and labels(shown) == ["I agree to this", "The day…", "Hours, end…", "No"]
    for part in ("all channels that this bot may read", "before 01.06.2026", "at any time", "180 days", "“Bo (echo)”"):
        assert part in shown["content"]
    shown = await chose(edge, shown, "reads", "general")
    shown = await chose(edge, shown, "speaks", "general", "random")
    shown = await chose(edge, shown, "purposes", Purpose.EXAMPLES)
    shown = await chose(edge, shown, "summoner", Summoner.SUBJECT)
    shown = await edge.press("Bo", shown, "Hours, end…")
    shown = await chose(edge, shown, "hours", "It speaks from 08:00 to 22:00")
    shown = await chose(edge, shown, "days", "30")
    general, random = edge.channel("general"), edge.channel("random")
    for part in (f"in <#{general}> and their", "from 08:00 to 22:00 (UTC)", "where you yourself bring", "15.07.2026"):
        assert part in shown["content"], part
    assert "trained" not in shown["content"] and "stand as examples" in shown["content"]
    assert edge.profile("Bo").state is ProfileState.AWAITING_CONSENT and edge.profile("Bo").terms == DEFAULT_TERMS
    assert (await edge.press("Bo", shown, "I agree to this"))["content"].startswith("Thank you.")
    chosen = Terms(
        frozenset({general}),
        frozenset({general, random}),
        frozenset({Purpose.STATISTICS, Purpose.EXAMPLES}),
        Summoner.SUBJECT,
        (8, 22),
        30,
    )
    assert edge.profile("Bo").terms == chosen and edge.profile("Bo").state is ProfileState.COLLECTING
    [held] = await Consents(edge.database, Keyring(edge.database, bytes(32))).of(1)
    assert (held.given.terms, held.given.text_version, held.given.text_hash) == (chosen, 7, text_hash(7))
    assert (held.given.context, held.given.retention, held.ended_at) == (12, 30, None)


async def test_the_day_can_only_be_an_earlier_one(edge: Edge) -> None:
    shown = await edge.press("Bo", await edge.asked("Bo"), "I agree")
    for written, told in (
        ("02.06.2026", "Only an earlier day than 01.06.2026 can be chosen"),
        ("yesterday", "write for example 01.06.2026."),
        ("31.02.2026", "write for example 01.06.2026."),
    ):
        form = await edge.press("Bo", shown, "The day…")
        [said] = (await edge.people.modal("Bo", form["modal"]["custom_id"], {"echo:before": written}))["responses"]
        assert told in said["content"]
    form = await edge.press("Bo", shown, "The day…")
    assert form["modal"]["fields"][0]["value"] == "01.06.2026"
    [shown] = (await edge.people.modal("Bo", form["modal"]["custom_id"], {"echo:before": "01.03.2026"}))["responses"]
    assert "before 01.03.2026" in shown["content"]
    await edge.press("Bo", shown, "I agree to this")
    assert f"{edge.profile('Bo').cutoff:%d.%m.%Y}" == "01.03.2026"


async def test_before_the_private_yes_nothing_is_recorded_or_fetched(edge: Edge) -> None:
    question = await edge.asked("Bo")
    before = list(edge.requests)
    shown = await edge.press("Bo", question, "I agree")
    await chose(edge, shown, "reads", "general")
    assert edge.profile("Bo").version == 2 and not edge.profile("Bo").agreed
    assert await Consents(edge.database, Keyring(edge.database, bytes(32))).of(1) == []
    assert not [route for how, route in edge.requests[len(before) :] if "/interactions/" not in route], (
        "one's own answers"
    )


async def test_choices_count_once_and_only_while_they_are_kept(edge: Edge) -> None:
    question = await edge.asked("Bo")
    shown = await edge.press("Bo", question, "I agree")
    agree = shown["components"][0]["custom_id"]
    for author, told in (("Cy Day", SENTENCES[Refused.NOT_THE_SUBJECT]), ("Ada", SENTENCES[Refused.NOT_THE_SUBJECT])):
        assert await forged(edge, author, agree) == told
    assert not edge.profile("Bo").agreed
    await edge.press("Bo", shown, "I agree to this")
    assert "is not kept any more" in await forged(edge, "Bo", agree)
    assert len(await Consents(edge.database, Keyring(edge.database, bytes(32))).of(1)) == 1
    assert await forged(edge, "Bo", "echo:consent:yes:1:7") == SENTENCES[Refused.ALREADY_AGREED]


async def test_what_no_menu_offers_is_not_chosen(edge: Edge) -> None:
    choosing = Choosing(1, DEFAULT_TERMS, OPEN_END, 9)
    wrong = [
        (Doing.READS, "77"),
        (Doing.SPEAKS, "x"),
        (Doing.PURPOSES, "fun"),
        (Doing.HOURS, "99"),
        (Doing.DAYS, "9999"),
    ]
    for doing, value in [*wrong, (Doing.SUMMONER, "nobody"), (Doing.DAYS, "")]:
        with pytest.raises(UsageError, match="not among what can be chosen"):
            agreement.chosen(doing, [value], choosing, {1, 2})
    narrowed = agreement.chosen(Doing.READS, ["1"], choosing, {1, 2})
    assert agreement.chosen(Doing.READS, [], narrowed, {1, 2}).terms.reads is None
    assert agreement.chosen(Doing.PURPOSES, [], choosing, ()).terms.purposes == {Purpose.STATISTICS}


async def test_a_managers_key_is_asked_for_where_it_is_missing(edge: Edge) -> None:
    question = await edge.asked("Bo", "Bo")
    shown = await edge.press("Bo", question, "I agree")
    assert (
        "somebody who manages this server has to allow it"
        in (await edge.press("Bo", shown, "I agree to this"))["content"]
    )
    standing = await edge.until(lambda: _offering(edge, question, "Allow it in this server"))
    assert "**Bo** agreed" in standing["content"] and "<@" not in standing["content"]
    assert "Manage Server" in (await edge.press("Cy Day", standing, "Allow it in this server"))["content"]
    assert edge.profile("Bo").state is ProfileState.AWAITING_CONSENT
    assert "both keys are in" in (await edge.press("Ada", standing, "Allow it in this server"))["content"]
    assert edge.profile("Bo").state is ProfileState.COLLECTING


async def test_either_revokes_their_own_key_and_is_told_what_remains(edge: Edge) -> None:
    profile = await edge.ready("Bo")
    await edge.router.online(profile.id, edge.channel("general"), 0)
    assert "Only Bo and those" in await edge.refused("Cy Day", "echo consent revoke", profile="Bo")
    said = await edge.refused("Bo", "echo consent revoke")
    for part in ("is taken back", "offline everywhere", "kept encrypted and not used until 22.06.2026", "/echo forget"):
        assert part in said
    await edge.until(lambda: edge.session(profile).state is SessionState.OFFLINE)
    assert edge.session(profile).reason == "The person took their consent back."
    assert edge.profile("Bo").state is ProfileState.AWAITING_CONSENT and edge.profile("Bo").model_path
    assert await edge.refused("Bo", "echo consent revoke") == SENTENCES[Refused.NOT_AGREED]
    said = await edge.refused("Ada", "echo consent revoke")
    assert "The echo of **Bo** is not allowed in this server any more" in said
    said = await edge.refused("Ada", "echo consent show")
    assert said.startswith(
        "Missing: the person's and a manager's keys, so nothing is read or said. The person agrees again with "
        "`/echo consent change`. A manager allows it by the button under the question. This held before:"
    )
    assert said.endswith("`/echo forget` erases everything."), "the way out is not cut off"
    assert not (await edge.command("Bo", "echo online", profile="Bo"))["content"].startswith("**Bo (echo)** is online")


async def test_the_subject_chooses_anew_and_sees_what_holds(edge: Edge) -> None:
    assert "There is no echo of you" in await edge.refused("Bo", "echo consent show")
    await edge.asked("Cy Day", "Cy Day")
    assert "has not agreed to anything" in await edge.refused("Cy Day", "echo consent show")
    await edge.ready("Bo")
    assert "Both keys are in" in await edge.refused("Bo", "echo consent show")
    shown = await edge.command("Bo", "echo consent change")
    shown = await edge.press("Bo", shown, "Hours, end…")
    shown = await chose(edge, shown, "days", "365")
    assert "now holds from this moment on" in (await edge.press("Bo", shown, "I agree to this"))["content"]
    assert edge.profile("Bo").state is ProfileState.READY, "a longer time alone ends nothing"
    shown = await edge.command("Bo", "echo consent change")
    shown = await chose(edge, shown, "reads", "random")
    await edge.press("Bo", shown, "I agree to this")
    now = edge.profile("Bo")
    assert (
        now.state is ProfileState.COLLECTING
        and not now.can_speak
        and now.terms.reads == frozenset({edge.channel("random")})
    )
    shown = await edge.command("Bo", "echo consent change")
    await edge.press("Bo", await chose(edge, shown, "reads"), "I agree to this")
    widened = edge.profile("Bo")
    assert widened.state is ProfileState.AWAITING_CONSENT and widened.agreed and not widened.approved
    held = await Consents(edge.database, Keyring(edge.database, bytes(32))).of(now.id)
    assert [one.ended_at is None for one in held] == [False, False, False, True]


@given(
    terms=st.builds(
        Terms,
        st.none() | st.frozensets(st.integers(10**17, 10**18), min_size=1, max_size=25),
        st.none() | st.frozensets(st.integers(10**17, 10**18), min_size=1, max_size=25),
        summoner=st.sampled_from(Summoner),
        hours=st.none() | st.sampled_from(agreement.HOURS),
    ),
    name=st.text(max_size=120),
    open_ended=st.booleans(),
    stays=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_chosen_and_whatever_people_are_called_the_text_fits(
    terms: Terms, name: str, open_ended: bool, stays: bool
) -> None:
    told = Told(name, name, 24, 3650, stays, ZoneInfo("America/Argentina/ComodRivadavia"), NOON)
    text = agreement.text(told, terms, OPEN_END if open_ended else NOON)
    # `/echo consent show` puts a line above it.
    assert len(text) <= 1880 and "<@" not in text
    assert ("goes to a model server" in text) == (not stays) and ("from now on" in text) == open_ended


def _offering(edge: Edge, question: dict[str, Any], label: str) -> dict[str, Any] | None:
    now = edge.standing(question["message_id"])
    return {**now, "message_id": now["id"]} if label in [one["label"] for one in now["components"]] else None


async def test_training_is_neither_ticked_nor_agreed_to_unless_the_subject_chooses_it(edge: Edge) -> None:
    shown = await edge.press("Bo", await edge.asked("Bo"), "I agree")
    assert "stand as examples" in shown["content"] and "is trained on" not in shown["content"]
    chosen = await chose(edge, shown, "purposes", Purpose.EXAMPLES, Purpose.FINE_TUNING)
    assert "a language model is trained on your messages" in chosen["content"]
    assert not edge.profile("Bo").terms.allows(Purpose.FINE_TUNING)
    await edge.press("Bo", chosen, "I agree to this")
    assert edge.profile("Bo").terms.allows(Purpose.FINE_TUNING)


async def test_nobody_agrees_with_what_somebody_else_has_chosen(edge: Edge) -> None:
    hers = await chose_as(edge, "Ada", Summoner.EVERYONE)
    await edge.press("Bo", await edge.asked("Bo"), "I agree")
    token = next(one["custom_id"] for one in hers["components"] if one["label"] == "I agree to this").rpartition(":")[2]
    said = await forged(edge, "Bo", f"echo:consent:agree:{edge.profile('Bo').id}:{token}")
    assert "is not kept any more" in said and edge.profile("Bo").expires is None


async def chose_as(edge: Edge, who: str, summoner: Summoner) -> dict[str, Any]:
    """The private message of somebody's own question, after they chose who may bring their echo online."""
    shown = await edge.press(who, await edge.command(who, "echo create", user=f"@{who}"), "I agree")
    menu = next(one["custom_id"] for one in shown["components"] if ":summoner:" in one["custom_id"])
    [found] = (await edge.people.press(who, shown["message_id"], menu, [summoner]))["responses"]
    return dict(found)
