"""What binds the person is seen, in four languages; what people say all day is let pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.persona.commitments import TABLE, Kind, commitment

BINDING = {
    Kind.PROMISE: (
        "I promise",
        "i promise you it works",
        "You have my word.",
        "you can count on me!",
        "I'll fix it tomorrow",
        "ill bring the files by friday",
        "Ich verspreche es dir",
        "du kannst dich auf mich verlassen",
        "Versprochen!",
        "je te le promets",
        "tu peux compter sur moi",
        "te lo prometo",
        "cuenta conmigo",
        "slibuju ti to",
    ),
    Kind.APPOINTMENT: (
        "I'll be there",
        "I’LL  BE   THERE!!",
        "see you tomorrow at 5",
        "see ya there",
        "let's meet at the station",
        "i'll pick you up",
        "ich komme morgen vorbei",
        "ich hol dich um 8 ab",
        "wir sehen uns um 5",
        "on se voit demain",
        "j'arrive dans 5 minutes",
        "je serai là",
        "nos vemos mañana",
        "ahí estaré",
        "budu tam",
        "uvidíme se zítra",
    ),
    Kind.AGREEMENT: (
        "deal",
        "Ok, deal!",
        "you've got a deal",
        "count me in",
        "I accept your offer",
        "I agree to the terms",
        "abgemacht",
        "ich nehme das Angebot an",
        "marché conclu",
        "j'accepte ton offre",
        "trato hecho",
        "acepto la oferta",
    ),
    Kind.WHEREABOUTS: (
        "I'm on my way",
        "i'm two minutes away",
        "omw",
        "im at work",
        "I am at the airport now",
        "we just landed",
        "bin unterwegs",
        "ich bin gerade zu Hause",
        "ich bin im Zug",
        "je suis en route",
        "je suis au bureau",
        "estoy en casa",
        "voy en camino",
        "i was at work yesterday",
        "we went to the pub",
        "jsem doma",
        "už jedu",
    ),
    Kind.ACT: (
        "i just sent it",
        "I called her",
        "i've emailed him about it",
        "i paid the bill",
        "we already booked the tickets",
        "i'm having dinner",
        "just sent it",
        "ich hab dir gestern geschrieben",
        "ich habe die Rechnung bezahlt",
        "je l'ai appelée",
        "je viens de lui envoyer",
        "ya lo mandé",
        "acabo de llamarla",
        "už jsem ti to poslala",
        "zavolal jsem mu",
    ),
    Kind.PAYMENT: (
        "I'll pay you",
        "i will refund it",
        "let me pay",
        "I can lend you 50",
        "i owe you money",
        "it's my treat",
        "ich überweise dir das Geld",
        "ich zahle das",
        "geht auf mich",
        "je te rembourse",
        "je t'invite",
        "te pago luego",
        "te debo 20",
    ),
}
FREE = (
    "i'll check",
    "i'll try that, thanks",
    "it will be there after the merge",
    "the promise resolves at 5 ms",
    "this compiler, i swear",
    "what's the deal with that?",
    "it's a big deal",
    "deal with it",
    "are you on your way?",
    "did you pay for it?",
    "it pays off to read the manual",
    "pay attention to the brackets",
    "see you",
    "see you later",
    "he was at work yesterday",
    "he is at the airport",
    "work is at the limit",
    "i'm at a loss",
    "i'm in",
    "there is no way",
    "count the words",
    "i can give you an example",
    "i called it foo",
    "i sent no patch",
    "they sent it",
    "did you call her?",
    "i'm eating my words",
    "i'm walking the tree",
    "i was in the wrong thread",
    "ich hab das nicht gesagt",
    "je l'ai vu",
    "jsem pro",
    "ich weiß nicht",
    "das geht nicht",
    "bis morgen",
    "ich bin da anderer meinung",
    "hast du das versprochen?",
    "wer zahlt das?",
    "je ne sais pas",
    "j'arrive pas à dormir",
    "je suis d'accord",
    "no sé si voy",
    "eso no es un trato",
    "qué pago más caro",
    "",
)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in BINDING.items() for text in texts])
def test_what_binds_is_seen_and_named_by_its_kind(kind: Kind, text: str) -> None:
    assert commitment(text) is kind


@pytest.mark.parametrize("text", FREE)
def test_what_binds_nobody_passes(text: str) -> None:
    assert commitment(text) is None


def test_invisible_signs_look_alike_letters_and_full_width_hide_no_promise() -> None:
    for text in ("i\u200b pro\u200bmise", "І рrоmіsе", "ｉ　ｐｒｏｍｉｓｅ", "I PRÓMISE", "i... promise!"):
        assert commitment(text) is Kind.PROMISE


def test_every_word_that_is_looked_for_is_looked_for_in_vain_by_itself_or_binds() -> None:
    """The words decide whether a pattern is tried: none of them is written as `bare_words` never gives it."""
    assert all(word.isalnum() and word == word.lower() and word.isascii() for one in TABLE for word in one.words)


@settings(max_examples=60)
@given(st.text(max_size=120))
def test_any_text_is_judged(text: str) -> None:
    assert commitment(text) in (None, *Kind)


def test_of_what_people_really_say_hardly_anything_is_taken_for_binding(
    record_property: Callable[[str, object], None],
) -> None:
    path = Path(__file__).parents[2].parent / "shared" / "chat" / "zig-small.jsonl"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    with path.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 12_000)]
    found = sum(commitment(text) is not None for text in texts)
    record_property("figure", f"commitments: {found / len(texts):.2%} of {len(texts):,} real messages")
    assert found < 0.005 * len(texts)
