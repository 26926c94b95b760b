"""Asked whether it is a bot an echo says that it is, in the language of who asks; it never denies it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.engines.deciding import asked, avowed, chance_of, verdict
from echo.engines.embedded import EmbeddedEngine
from echo.persona.avowal import SENTENCES, asks, avows, denies
from echo.persona.guard import Guard
from echo.persona.model import Persona
from echo.persona.unmasking import bare_words
from echo.ports import Why
from states.objections import Objection
from tests.support.learnt import WHO, moment, persona, said

ASKING = {
    "English": (
        "are you a bot?", "mara are you real", "are you really Mara?", "r u human", "are you an AI, mara?",
        "is this really you?",
        "am I talking to a real person?", "human or bot?", "what are you?", "wait ur a bot", "are u even real",
        "you're not a real person are you", "be honest: are you a bot or a human", "tell me you're not a bot",
        "are you ChatGPT", "mara, who are you really?", "are you sentient?", "is mara a bot?", "are you an echo",
        "did an AI write this?", "ARE YOU A B\u200bOT", "аre yоu a bоt", "hey is there a real person behind this",
        "aren't you a bot?",
        "prove that you are human", "you do know you're a bot",
    ),
    "German": (
        "bist du ein bot", "Bist du echt?", "bist du wirklich mara?", "bist du eigentlich ein Mensch?",
        "schreibe ich hier mit einer KI?", "Mensch oder Maschine?", "was bist du eigentlich?", "sind Sie ein Roboter?",
    ),
    "French": (
        "es-tu un robot ?", "t'es un bot?", "vous êtes une vraie personne ?", "tu es vraiment Mara ?",
        "je parle à une IA ?",
    ),
    "Spanish": (
        "¿eres un bot?", "eres real?", "¿estoy hablando con una persona?", "eres de verdad Mara?", "¿qué eres?",
    ),
    "Italian": ("sei un bot?", "sei davvero Mara?", "chi sei?"),
    "Portuguese": ("você é um robô?", "vc é humano?", "estou falando com um bot?"),
    "Dutch": ("ben je een bot?", "ben jij wel een mens?"),
    "Polish": ("czy jesteś botem?", "jesteś człowiekiem?"),
    "Czech": ("jsi bot?", "jsi opravdu člověk?", "mluvím s botem?", "kdo vlastně jsi?"),
    "Swedish": ("är du en bot?",),
    "Danish": ("er du et menneske?",),
    "Finnish": ("oletko botti?",),
    "Turkish": ("sen bir bot musun?",),
    "Indonesian": ("apakah kamu bot?",),
    "Hungarian": ("te egy bot vagy?",),
    "Romanian": ("ești un robot?",),
    "Vietnamese": ("bạn có phải là bot không?",),
    "Russian": ("ты бот?", "ты живой человек?"),
    "Ukrainian": ("ти людина?",),
    "Japanese": ("ボットですか？", "人間なの？"),
    "Chinese": ("你是机器人吗", "你是真人吗？"),
    "Korean": ("너 봇이야?", "혹시 인공지능인가요?"),
    "Arabic": ("هل أنت روبوت؟",),
    "Hebrew": ("אתה בוט?",),
    "Greek": ("είσαι ρομπότ;",),
    "Hindi": ("क्या तुम बॉट हो?",),
}  # fmt: skip
OTHERWISE = (
    "is that bot still broken?", "are you real quick with that?", "are you really going?", "are you human resources?",
    "what are you doing", "who are you voting for", "are you the bot owner?", "are you using the bot",
    "the ai is broken",
    "are you an ai developer?", "do you have a bot?", "you sound tired", "a bot wrote that page i think",
    "is it real time?",
    "are you ok", "bist du schon da?", "bist du echt müde?", "hast du den bot gebaut?", "es-tu prêt ?",
    "eres muy amable",
    "what is an echo?", "you are a real hero", "who is mara?", "are you alright", "the echo in here is bad",
    "der bot ist kaputt", "máme tu bota?", "are you people still talking about the robot?", "",
)  # fmt: skip
DENIALS = (
    "no, i'm not a bot", "I'm human", "i am a real person lol", "its really me", "not a bot lol", "i'm the real mara",
    "nope, flesh and blood", "of course i'm real", "ich bin kein Bot", "ich bin doch ein Mensch",
    "je ne suis pas un robot",
    "je suis une vraie personne", "no soy un bot", "soy una persona real", "non sono un bot", "eu não sou um robô",
    "ik ben geen bot", "nie jestem botem", "nejsem bot", "jsem opravdu člověk", "jag är ingen bot", "я не бот",
    "я человек",
    "我不是机器人", "私は人間です", "저는 봇이 아니에요", "i'm n\u200bot a bоt",
)  # fmt: skip
HONEST = (
    "i'm a cat person",
    "i'm not a morning person",
    "people!",
    "i'm not sure",
    "the bot is not me",
    "kein problem",
    "",
)


@cache
def her() -> Persona:
    return Persona.load(persona())


@pytest.mark.parametrize(("language", "text"), [(one, text) for one, texts in ASKING.items() for text in texts])
def test_the_question_is_understood_in_its_language(language: str, text: str) -> None:
    assert asks(text, (WHO,)) == language
    answer = avowed(her(), moment(said("Petr", text)))
    assert len(answer) == 1 and avows(answer[0])
    assert answer[0].lower().rstrip(".。") in [one.lower().rstrip(".。") for one in SENTENCES[language]]


@pytest.mark.parametrize("text", OTHERWISE)
def test_what_asks_something_else_is_not_taken_for_it(text: str) -> None:
    assert asks(text, (WHO,)) is None


def test_of_what_people_really_ask_nothing_is_taken_for_it_by_mistake(
    record_property: Callable[[str, object], None],
) -> None:
    path = Path(__file__).parents[2].parent / "shared" / "chat" / "zig-small.jsonl"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    with path.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 6_000)]
    found = sum(asks(text, ("andrewrk",)) is not None for text in texts)
    record_property("figure", f"asked whether it is a bot: {found} of {len(texts):,} real messages are taken for that")
    assert found <= 3


@pytest.mark.parametrize("text", DENIALS)
def test_no_engine_may_deny_that_it_is_a_bot(text: str) -> None:
    assert Guard.learn([]).objection(text) is Objection.DENIAL


@pytest.mark.parametrize("text", HONEST)
def test_other_words_deny_nothing(text: str) -> None:
    assert not denies(bare_words(text), text)


def test_what_it_says_is_let_pass_whatever_was_said_or_wished_before() -> None:
    mara = her()
    for sentences in SENTENCES.values():
        assert len(sentences) >= 2
        for text in sentences:
            assert not denies(bare_words(text), text)
            assert mara.objection([text], (said(WHO, text), said("Petr", text))) is None


def test_it_is_said_in_their_casing_and_not_twice_in_the_same_words() -> None:
    mara = her()
    talk, heard = [said("Petr", "are you a bot?", 1e9)], []
    for number in range(3):
        (answer,) = avowed(mara, moment(*talk, seed=number))
        assert answer == mara.in_style(answer)
        heard.append(answer)
        then = 1e9 + 20 * number + 5
        talk += [said(WHO, answer, then), said("Petr", "no really, are you a bot?", then + 4)]
    assert len(set(heard)) == 3


def test_whoever_asks_right_after_it_spoke_asks_it() -> None:
    mara = her()
    before = said(WHO, "the boat is fine", 1e9)
    question = said("Petr", "are you a bot?", 1e9 + 20)
    unasked = moment(before, question, addressed=False)
    assert asked(unasked) == "English" and chance_of(mara, unasked, 0.0) == 1.0
    assert verdict(mara, unasked, 0.0).why is Why.ADDRESSED
    late = moment(before, said("Petr", "are you a bot?", 1e9 + 90_000), addressed=False)
    to_another = moment(said("Ines", "hi", 1e9 - 9), before, said("Petr", "ines, are you a bot?", 1e9 + 20))
    for one in (late, to_another, moment(question, addressed=False), replace(unasked, opens=True)):
        assert asked(one) is None and avowed(mara, one) == []
    assert asked(moment(said("Petr", "mara: bot?"))) == ""


async def test_the_answer_comes_at_their_usual_pace() -> None:
    answer = await EmbeddedEngine().answer(persona(), "1-1", moment(said("Petr", "are you a bot?")), 1.0)
    assert len(answer.texts) == 1 and avows(answer.texts[0])
    assert answer.why is Why.ADDRESSED and answer.delay > 0 and answer.typing > 0


@settings(max_examples=60)
@given(text=st.text(max_size=200), name=st.text(max_size=40))
def test_any_text_under_any_name_is_judged(text: str, name: str) -> None:
    assert asks(text, (name,), alone=True) in (None, "", *SENTENCES)
    assert denies(bare_words(text), text) in (True, False)
