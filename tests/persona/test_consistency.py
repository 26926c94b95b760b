"""What an echo has said binds it: in several languages, and no further than its words go."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.persona.consistency import RECENT, Consistency, contradicts
from echo.persona.polarity import verdict
from echo.persona.turns import Utterance

NOW = 1_700_000_000.0


def talk(*lines: str, ago: float = 600.0) -> list[Utterance]:
    """Lines "> ..." are the echo's own."""
    return [
        Utterance(
            "Wren" if line.startswith("> ") else "Petr", NOW - ago + at, line.removeprefix("> "), line[:2] == "> "
        )
        for at, line in enumerate(lines)
    ]


CONTRADICTIONS = [
    # Yes and no to the same question.
    ("do you like liver?", "yeah, a lot", "liver, do you like it?", "nope"),
    ("is the boat ready?", "no", "so is the boat ready now?", "yes it is"),
    ("can you swim?", "not really", "hey can you swim?", "sure"),
    ("magst du Leber?", "ja, sehr", "sag mal, magst du Leber?", "nein"),
    ("ist das Boot fertig?", "nö", "ist das Boot jetzt fertig?", "ja klar"),
    ("tu aimes le foie ?", "oui beaucoup", "dis, tu aimes le foie ?", "non, pas du tout"),
    ("le bateau est prêt ?", "nan", "il est prêt le bateau ?", "ouais"),
    ("¿te gusta el hígado?", "sí, mucho", "oye, te gusta el hígado?", "no, para nada"),
    ("está listo el barco?", "no", "el barco está listo?", "sí"),
    ("Wren (echo): do you like liver? it's fried", "yeah", "who else? Wren (echo), do you like liver?", "nah"),
    # A statement and its denial.
    ("hm", "i like olives", "and?", "i don't like olives"),
    ("hm", "I love olives!", "and?", "honestly i hate olives"),
    ("hm", "i can't come tomorrow", "and?", "i can come tomorrow"),
    ("hm", "the kettle is broken", "and?", "well the kettle isnt broken"),
    ("hm", "ich mag Oliven", "und?", "ich mag keine Oliven"),
    ("hm", "ich hasse Oliven", "und?", "ich liebe Oliven"),
    ("hm", "j'aime les olives", "et ?", "j’aime pas les olives"),
    ("hm", "je déteste les olives", "et ?", "j'adore les olives"),
    ("hm", "me gustan las aceitunas", "y?", "no me gustan las aceitunas"),
    ("hm", "odio las aceitunas", "y?", "no, amo las aceitunas"),
    # Numbers.
    ("hm", "i have two cats", "and?", "i have 3 cats"),
    ("hm", "i'm 27", "and?", "im 31 lol"),
    ("how many cats do you have?", "three", "wait how many cats do you have?", "2, why?"),
    ("hm", "ich habe zwei Katzen", "und?", "ich hab drei Katzen"),
    ("hm", "j'ai deux chats", "et ?", "j'ai trois chats"),
    ("hm", "tengo dos gatos", "y?", "tengo cinco gatos"),
    # Choices, and what one has one of.
    ("tea or coffee?", "tea", "so, coffee or tea?", "coffee please"),
    ("Tee oder Kaffee?", "Tee", "Tee oder Kaffee?", "eher Kaffee"),
    ("thé ou café ?", "thé", "thé ou café ?", "un café"),
    ("té o café?", "té", "té o café?", "café"),
    ("what's your favourite colour?", "blue", "what is your favourite colour?", "green"),
    ("hm", "my favourite colour is blue", "and?", "my favorite is red, my favourite colour is red"),
    ("hm", "mein Lieblingstier ist die Gans", "und?", "mein Lieblingstier ist der Igel"),
    ("hm", "mi color favorito es azul", "y?", "mi color favorito es verde"),
]

PASSES = [
    ("do you like liver?", "yeah, a lot", "do you like olives?", "nope"),
    ("do you like liver?", "yeah", "don't you like liver?", "no"),
    ("do you like liver?", "yeah", "do you like liver?", "yep"),
    ("do you like liver?", "yeah", "ok then", "no idea"),
    ("is it far?", "no idea", "is it far?", "yes"),
    ("is it far?", "no problem", "is it far?", "sure"),
    ("ist es weit?", "keine ahnung", "ist es weit?", "ja"),
    ("really?", "yes", "really?", "no"),
    ("hm", "i like tea", "and?", "i don't like green tea"),
    ("hm", "i know", "and?", "i don't know"),
    ("hm", "i like tea", "and?", "you don't like tea"),
    ("hm", "i like tea", "and?", "if i don't like tea, who cares"),
    ("hm", "i like tea", "and?", "do i not like tea?"),
    ("hm", "i like tea", "and?", "i like coffee"),
    ("hm", "i have two cats", "and?", "i have 3 dogs"),
    ("hm", "back in 5 minutes", "and?", "back in 10 minutes"),
    ("hm", "my cat is asleep", "and?", "my cat is hungry"),
    ("tea or coffee?", "tea", "tea or juice?", "juice"),
    ("tea or coffee?", "tea", "tea or coffee?", "tea again"),
    ("tea or coffee?", "not tea", "tea or coffee?", "coffee"),
    ("hm", "", "", ""),
]


@pytest.mark.parametrize(("asked", "said", "again", "candidate"), CONTRADICTIONS)
def test_what_denies_the_last_answers_is_seen(asked: str, said: str, again: str, candidate: str) -> None:
    whole = talk(asked, f"> {said}", again)
    assert contradicts(candidate, (), whole), "within the context"
    assert contradicts(candidate, whole[:2], whole[2:]), "in the memory"
    assert not contradicts(said, whole[:2], whole[2:]), "the same once more is none"
    assert not Consistency((), talk(asked, again)).contradicts(candidate), "what nobody said binds nobody"


@pytest.mark.parametrize(("asked", "said", "again", "candidate"), PASSES)
def test_what_does_not_surely_contradict_may_be_said(asked: str, said: str, again: str, candidate: str) -> None:
    assert not contradicts(candidate, (), talk(asked, f"> {said}", again))


def test_what_others_say_binds_nobody() -> None:
    assert not contradicts("i hate olives", (), talk("i like olives", "> hm", "and you?"))


def test_what_was_so_may_change_but_likes_and_choices_stay() -> None:
    old = talk("is the boat ready?", "> no", "> i like olives", ago=RECENT + 60)
    now = talk("is the boat ready?", ago=0)
    assert not contradicts("yes", old, now)
    assert contradicts("i don't like olives", old, now)


def test_calling_the_echo_by_name_makes_no_question_alike() -> None:
    said = Consistency((), talk("Wren: tea?", "> yes", "Wren, cake?"), names=("Wren",))
    assert said.allows("no")
    assert not Consistency((), talk("Wren: tea?", "> yes", "tea, wren?"), names=("wren",)).allows("no")


def test_the_same_answer_to_the_same_words_is_a_repetition() -> None:
    said = Consistency(talk("where is the kettle?", "> on the shelf by the door"), talk("and where's the kettle?"))
    assert said.repeats("on the shelf, by the door!")
    assert not said.repeats("i put it in the shed")
    other = Consistency(talk("where is the kettle?", "> by the door"), talk("where is the cat?"))
    assert not other.repeats("by the door"), "it answers something else"
    short = Consistency(talk("tea?", "> yes please"), talk("tea?"))
    assert not short.repeats("yes please"), "a short answer may well come again"


def test_nobody_says_a_long_thing_twice_whatever_it_answers() -> None:
    said = Consistency(talk("hm", "> the heron sat on the weir all day long"), talk("what about the boat?"))
    assert said.repeats("the heron sat on the weir all day long")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yes", True), ("Yeah!!", True), ("of course not knowing", True), ("well, sure", True), ("Ja, gern", True),
        ("no", False), ("nah lol", False), ("not really", False), ("Nö.", False), ("nie im leben", False),
        ("sí", True), ("si claro", None), ("si vienes mañana", None), ("si", True), ("ne", False),
        ("ne fais pas ça", None), ("no idea", None), ("yeah no", None), ("sure?", None), ("maybe", None), ("", None),
        ("🥕", None), ("да", None),
    ],
)  # fmt: skip
def test_how_an_answer_begins_is_read(text: str, said: bool | None) -> None:
    assert verdict(text) is said


WILD = st.lists(st.tuples(st.text(max_size=60), st.booleans()), max_size=12)


@given(lines=WILD, candidate=st.text(max_size=80))
@settings(max_examples=120, deadline=None)
def test_anything_at_all_can_be_compared(lines: list[tuple[str, bool]], candidate: str) -> None:
    said = [Utterance("a", float(at), text, own) for at, (text, own) in enumerate(lines)]
    found = Consistency(said[:5], said[5:])
    assert found.allows(candidate) in (True, False)
    assert found.contradicts(candidate) == contradicts(candidate, said[:5], said[5:])
