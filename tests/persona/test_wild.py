"""Corpora and contexts as people really have them, in every script: an answer or silence, never a failure."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echo.corpus.conversations import bursts_of
from echo.corpus.written import Written
from echo.persona.fingerprints import SPAN
from echo.persona.model import Persona
from echo.persona.tokens import span_words
from echo.persona.turns import Utterance

from .talk import START, asked

PARTS = {
    "han": (
        "今天",
        "明天",
        "我们",
        "你们",
        "去",
        "公园",
        "看书",
        "吃饭",
        "很好",
        "不行",
        "吧",
        "了",
        "天气",
        "真的",
        "为什么",
    ),
    "kana": (
        "きょう",
        "は",
        "あした",
        "いい",
        "てんき",
        "です",
        "ね",
        "わたし",
        "も",
        "そう",
        "おもう",
        "よ",
        "カメラ",
        "を",
    ),
    "thai": (
        "วันนี้",
        "ไป",
        "กิน",
        "ข้าว",
        "กัน",
        "ไหม",
        "ดี",
        "มาก",
        "ครับ",
        "ไม่",
        "รู้",
        "ที่",
        "บ้าน",
        "ฝน",
        "ตก",
        "เมื่อ",
        "คืน",
        "แมว",
        "หมา",
        "ชอบ",
        "นอน",
        "อยู่",
        "ข้าง",
        "นอก",
        "สวย",
        "ร้อน",
        "หนาว",
        "เพื่อน",
        "มา",
        "หา",
    ),
    "hebrew": ("היום ", "מחר ", "אנחנו ", "הולכים ", "הביתה ", "לא ", "טוב ", "למה ", "אולי ", "בערב "),
    "arabic": ("اليوم ", "غدا ", "نحن ", "نذهب ", "إلى ", "البيت ", "لا ", "جيد ", "لماذا ", "ربما "),
    "hindi": ("आज ", "कल ", "हम ", "घर ", "जाते ", "हैं ", "नहीं ", "अच्छा ", "क्यों ", "शायद "),
    "korean": ("오늘은 ", "내일 ", "우리 ", "집에 ", "가자 ", "아니 ", "좋아 ", "왜 ", "아마 ", "ㅋㅋㅋ "),
    "emoji": ("😂", "🔥", "👍🏽", "❤️", "🏳️‍🌈", "😭😭", "🫠", ":blobwave:", "<:pog:123456789012345678>"),
    "jargon": (
        "kubectl ",
        "rm -rf ",
        "k8s-pod/x ",
        "std.mem ",
        "`a->b` ",
        "foo::bar() ",
        "#42 ",
        "PR ",
        "lgtm ",
        "0xdeadbeef ",
    ),
    "mixed": ("genau ", "so ", "that's ", "はい", "да ", "нет ", "¿qué? ", "ça va ", "今天", "не знаю ", "ok "),
    "links": ("https://example.org/a ", "www.example.net ", "http://example.com/b?c=d ", "see "),
    "one word": ("ok ",),
}


def corpus(kind: str, count: int) -> list[Written]:
    """Answers made of the parts of one kind, each to a question of the same kind."""
    rng, rows = Random(7), []
    for at in range(count):
        now = START + at * 5000
        rows.append(
            Written(rng.choice(("Otto", "Dagny")), "lobby", now, "".join(rng.choices(PARTS[kind], k=4)).strip())
        )
        text = "".join(rng.choices(PARTS[kind], k=rng.randint(1, 9))).strip()
        rows.append(Written("Wren", "lobby", now + 15, text))
    return rows


@pytest.mark.parametrize(("kind", "count"), [*((kind, 50) for kind in PARTS), ("han", 150), ("mixed", 150)])
def test_any_script_is_answered_in_itself(kind: str, count: int) -> None:
    rows = corpus(kind, count)
    persona = Persona.load(Persona.fit(bursts_of(rows, "Wren"), "Wren", seed=1).dump())
    known = set("".join(row.text for row in rows)) | set(" ottodagnyOD,:")
    for question in (rows[0].text, rows[-2].text, "", "x" * 5000, "\x00\x04\x01\u202e\u200d\ud800", "?" * 300):
        for text in persona.reply(asked(question), seed=1):
            assert text.strip()
            assert set(text) <= known | set(question)
    assert persona.reply(asked(rows[0].text), seed=2) == persona.reply(asked(rows[0].text), seed=2)
    assert persona.score(asked(rows[0].text), rows[1].text) == persona.score(asked(rows[0].text), rows[1].text)


@pytest.mark.parametrize("kind", ["han", "kana", "thai"])
def test_without_spaces_answers_have_their_length_and_are_no_quotes(kind: str) -> None:
    rows = corpus(kind, 200)
    persona = Persona.fit(bursts_of(rows, "Wren"), "Wren", seed=1)
    mine = [row.text for row in rows if row.author == "Wren"]
    said = [text for seed in range(24) for text in persona.reply(asked(rows[seed * 2].text), seed=seed)]
    assert len(said) >= 20
    theirs, ours = sorted(map(len, mine)), sorted(map(len, said))
    assert ours[len(ours) // 2] == pytest.approx(theirs[len(theirs) // 2], rel=0.45)
    spans = {tuple(words[i : i + SPAN]) for words in map(span_words, mine) for i in range(len(words) - SPAN + 1)}
    for words in map(span_words, said):
        assert not any(tuple(words[i : i + SPAN]) in spans for i in range(len(words) - SPAN + 1))


@pytest.fixture(scope="module")
def speaker() -> Persona:
    rows = [row for kind in ("mixed", "jargon", "emoji") for row in corpus(kind, 80)]
    rows = [Written(row.author, "lobby", START + at * 900, row.text) for at, row in enumerate(rows)]
    return Persona.fit(bursts_of(rows, "Wren"), "Wren", seed=1)


hostile = st.text(max_size=40) | st.sampled_from(
    [
        "",
        "\x01\x02\x03",
        "\x04\x05 \x06\x07\x0e\x0f",
        "(" * 200,
        "`" * 99,
        "@everyone",
        "<@1>",
        "\\1 \\g<0>",
        "%s {0}",
        "a\u0300" * 80,
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    context=st.lists(
        st.builds(Utterance, author=hostile, ts=st.floats(0, 4e9), text=hostile, own=st.booleans()), max_size=14
    ),
    text=hostile,
)
def test_nothing_in_a_context_is_taken_for_a_slot_or_makes_it_fail(
    speaker: Persona, context: list[Utterance], text: str
) -> None:
    for said in speaker.reply(context, seed=3):
        assert said.strip()
        assert len(said) <= 2000
    speaker.score(context, text)
    speaker.wants(context)
    assert speaker.delay(context, seed=1) > 0
    assert all(n >= 0 for n in speaker.lengths(context, seed=1))
