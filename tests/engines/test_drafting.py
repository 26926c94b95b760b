"""How many drafts of an answer are made: as many as the time allows that its person would leave anyway."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from echo.engines.deciding import BEGINS, Verdict, paced
from echo.engines.ollama.candidates import TRIES, Candidates, Limits
from echo.engines.ollama.counting import cost
from echo.engines.ollama.drafting import FITTINGS, Drafting, Route
from echo.engines.ollama.failures import Busy, ContextExceeded
from echo.engines.ollama.leisure import Deadline, Load, leisure
from echo.engines.ollama.mind import Mind
from echo.engines.ollama.system import system_text
from echo.engines.ollama.telling import Completion
from echo.persona.model import Persona
from echo.ports import Why
from echo.session_work import paced as paced_session
from tests.support.learnt import bundle, moment, persona, said
from tests.support.ollama_hosts import Hand

BASE = "a"


class Drafts:
    """Drafts that take `seconds` each by the clock of a hand, and say what is given, "" for what may not be said."""

    def __init__(self, *contents: str, seconds: float = 2.0) -> None:
        self.contents, self.seconds = list(contents), seconds
        self.hand = Hand()
        self.load = Load()
        self.asked = self.given_up = self.at_once = self.running = 0
        self.never = asyncio.Event()
        self.three = asyncio.Barrier(3)
        self.two = asyncio.Event()

    async def ask(self, number: int) -> Completion:
        self.asked, self.running = self.asked + 1, self.running + 1
        self.at_once = max(self.at_once, self.running)
        if self.asked == 2:
            self.two.set()
        content = self.contents[min(number, len(self.contents) - 1)]
        try:
            if content == "never":
                await self.never.wait()
            elif content == "together":
                await self.three.wait()
            elif content == "busy":
                raise Busy("Ollama is busy.")
            else:
                await self.hand.sleep(self.seconds)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        finally:
            self.running -= 1
        return Completion(content, cut=False)

    def candidates(self, most: int, left: float, *, parallel: int = 1, known: float | None = None) -> Candidates:
        if known is not None:
            self.load.learn(BASE, known)
        limits = Limits(BASE, most, parallel, Deadline(self.hand, self.hand.now + left))
        return Candidates(self.ask, lambda made: (made.content,) if made.content else (), limits, self.load)


@pytest.mark.parametrize(
    ("left", "known", "drafts"),
    [(100.0, 2.0, 8), (7.0, 2.0, 3), (4.0, 2.0, 2), (3.9, 2.0, 1), (0.0, 2.0, 1), (7.0, None, 3), (7.0, 60.0, 1)],
)
async def test_a_further_draft_is_begun_only_where_it_is_expected_before_the_answer_is_due(
    left: float, known: float | None, drafts: int
) -> None:
    made = Drafts("kettle's on")
    found = made.candidates(8, left, known=known)
    await found.gather()
    assert len(found.made) == len(found.passing) == made.asked == drafts
    assert made.hand.now <= max(left, 2.0)


async def test_how_long_a_draft_takes_follows_what_was_measured_lately() -> None:
    durations = Load()
    assert durations.expected(BASE) is None
    for seconds in (2.0, *[10.0] * 12):
        durations.learn(BASE, seconds)
    assert 9.5 < (durations.expected(BASE) or 0) < 10.0 and durations.expected("b") is None


async def test_drafts_are_made_together_as_far_as_the_server_has_slots() -> None:
    made = Drafts("together")
    await made.candidates(6, 100.0, parallel=3, known=1.0).gather()
    assert (made.asked, made.at_once) == (6, 3)


async def test_a_further_draft_waits_for_nobodys_first_one() -> None:
    made = Drafts("kettle's on")
    made.load.begin(BASE)
    await made.candidates(8, 100.0, known=1.0).gather()
    assert made.asked == 1
    await made.candidates(8, 100.0, parallel=2, known=1.0).gather()
    assert made.asked == 1 + 8
    made.load.end(BASE)
    assert made.load.running(BASE) == 0


async def test_a_draft_that_still_runs_when_the_answer_is_due_is_dropped_once_another_passed() -> None:
    made = Drafts("kettle's on", "never", seconds=3.0)
    found = made.candidates(2, 3.0, parallel=2, known=1.0)
    await found.gather()
    assert found.passing == [("kettle's on",)]
    assert (made.asked, made.given_up, made.running) == (2, 1, 0)


async def test_where_nothing_passed_others_follow_one_by_one_though_it_becomes_late() -> None:
    late = Drafts("", "", "at last")
    found = late.candidates(1, 0.0, parallel=4, known=5.0)
    await found.gather()
    assert found.passing == [("at last",)] and (late.asked, late.at_once) == (3, 1)
    never = Drafts("")
    found = never.candidates(2, 0.0, known=5.0)
    await found.gather()
    assert (found.passing, never.asked, len(found.made)) == ([], TRIES, TRIES)


async def test_a_draft_that_fails_matters_only_where_no_other_passes() -> None:
    some = Drafts("kettle's on", "busy")
    found = some.candidates(4, 100.0, known=1.0)
    await found.gather()
    assert found.passing == [("kettle's on",)] and some.asked == 2, "a server in trouble is not asked for more"
    for none in (Drafts("busy"), Drafts("", "busy")):
        with pytest.raises(Busy):
            await none.candidates(4, 100.0, known=1.0).gather()


async def test_drafts_are_given_up_with_the_answer() -> None:
    made = Drafts("never")
    task = asyncio.create_task(made.candidates(2, 100.0, parallel=2, known=1.0).gather())
    await made.two.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (made.given_up, made.running, made.load.running(BASE)) == (2, 0, 0)


@pytest.mark.parametrize(
    ("scale", "most", "gone"), [(1.0, 60.0, 0.0), (0.3, 60.0, 1.5), (2.0, 30.0, 3.0), (0.0, 60.0, 0.0)]
)
def test_the_time_for_drafts_ends_when_an_answer_would_begin_to_be_typed_anyway(
    scale: float, most: float, gone: float
) -> None:
    mara, some = Persona.load(persona()), 0
    for seed in range(30):
        asked = moment(seed=seed)
        since = asked.context[-1].ts
        asked = replace(asked, leisure=scale, most=most, since=since, now=since + gone)
        texts = ["x" * length for length in mara.lengths(asked.context, seed=seed)]
        wait, typing, _ = paced_session(paced(mara, asked, Verdict(1.0, Why.ADDRESSED), texts), scale, most)
        left = leisure(mara, asked, len(texts[0]))
        assert left == pytest.approx(max(0.0, wait - typing - gone), abs=0.01)
        some += left > 0
    assert some > 20 or not scale
    opening = replace(moment(), opens=True, most=most)
    assert leisure(mara, opening, 20) == most and paced(mara, opening, BEGINS, ["hi"]).delay == 0.0


class Server:
    """A way to a model whose tokens come to `real` for each one that Echo counts; it holds `room` of them."""

    def __init__(self, real: float, room: int = 2048, silently: bool = False) -> None:
        self.real, self.room, self.silently = real, room, silently
        self.prompts: list[int] = []

    async def chat(self, messages: object, options: object) -> Completion:
        assert isinstance(messages, tuple)
        tokens = int(cost(messages) * self.real)
        self.prompts.append(tokens)
        if tokens >= self.room and not self.silently:
            raise ContextExceeded("It was too much.")
        return Completion("slowly but it floats", cut=False, prompt_tokens=30 if self.silently else tokens)


async def test_a_prompt_that_turns_out_too_long_is_made_shorter_and_so_is_every_later_one() -> None:
    mind, drafting, server = Mind.of(bundle()), Drafting(), Server(real=2.5)
    context = tuple(said("Petr", f"and so on, number {n}", 1_000_000_000.0 + n) for n in range(40))
    asked = replace(moment(), context=context[-12:], earlier=context[:-12])
    route = Route(BASE, server.room, server.chat)
    assert (await drafting.drafted(mind, asked, route)).texts == ("slowly but it floats",)
    tried = len(server.prompts)
    assert 1 < tried <= FITTINGS + 1 and server.prompts[-1] < server.room <= server.prompts[0]
    await drafting.drafted(mind, asked, route)
    assert len(server.prompts) == tried + 1 and server.prompts[-1] < server.room


async def test_a_server_that_leaves_out_some_of_a_prompt_is_found_out() -> None:
    server = Server(real=1.0, silently=True)
    with pytest.raises(ContextExceeded, match="raise ollama_num_ctx"):
        await Drafting().drafted(Mind.of(bundle()), moment(), Route(BASE, server.room, server.chat))
    assert len(server.prompts) == FITTINGS + 1 and server.prompts == sorted(server.prompts, reverse=True)


async def test_the_system_text_is_sent_where_the_one_in_the_model_is_not_todays() -> None:
    mind, sent = Mind.of(bundle()), list[str]()

    async def chat(messages: object, options: object) -> Completion:
        assert isinstance(messages, tuple)
        sent.append(messages[0]["role"])
        return Completion("slowly but it floats", cut=False)

    stored = system_text(mind.persona.card(), 4096)
    for text in (stored, stored + " and more", None):
        await Drafting().drafted(mind, moment(), Route(BASE, 4096, chat, text))
    assert sent == ["user", "system", "system"]


@pytest.mark.parametrize(("ago", "drafts"), [(0.0, 6), (3600.0, 1)])
async def test_the_time_that_went_by_before_drafting_began_counts_as_well(ago: float, drafts: int) -> None:
    mind, server, hand = Mind.of(bundle()), Server(real=0.5, room=4096), Hand(now=10_000.0)
    route = Route(BASE, server.room, server.chat, begun=hand.now - ago)
    found = await Drafting(6, clock=hand).drafted(mind, replace(moment(), leisure=100.0, most=600.0), route)
    assert (found.drafts, found.rejected, found.seconds) == (drafts, 0, ago)
    assert found.prompt_tokens == server.prompts[0] and found.texts == ("slowly but it floats",)
