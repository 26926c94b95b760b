"""Cleaning: whose words a message is, what cuts a conversation, and Discord's markup made readable."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.corpus.cleaning import Cleaned, Kind, clean_raw, clean_text
from echo.corpus.pseudonyms import People
from echo.persona.guard import Guard
from echo.persona.names import LAST, NameBook
from echo.persona.tokens import EMOJI_NAME, pieces
from echo.persona.turns import Utterance

WREN, OTTO, DAGNY, ECHO = 11, 22, 33, 99


def people() -> People:
    known = People(WREN, "Wren", "profile 7")
    known.learn(OTTO, "Otto")
    known.learn_channel(5, "general")
    return known


def said(content: str = "hello", **more: Any) -> dict[str, Any]:
    """A message of Discord's JSON."""
    author = {"id": str(OTTO), "username": "otto_k", "global_name": "Otto"}
    return {"id": "1", "type": 0, "author": author, "content": content, "attachments": [], "embeds": [], **more}


def kind_of(raw: dict[str, Any]) -> tuple[Kind, str, bool, str]:
    cleaned = clean_raw(raw, people(), ECHO)
    return cleaned.kind, cleaned.text, cleaned.cut, cleaned.why


PICTURE = {"id": "2", "filename": "a.png", "content_type": "image/png"}

KINDS = [
    (said(), (Kind.WORDS, "hello", False, "")),
    (said(type=19, message_reference={"type": 0, "message_id": "4"}), (Kind.WORDS, "hello", False, "")),
    (said(type=20), (Kind.WORDS, "hello", False, "")),
    (said(webhook_id="77"), (Kind.WORDS, "hello", False, "")),
    *((said("Otto", type=number), (Kind.NOISE, "", False, "system")) for number in (1, 6, 7, 8, 12, 18, 21, 24, 46)),
    (said("", message_reference={"type": 1, "message_id": "4"}), (Kind.CUT, "", True, "forward")),
    (said("", message_snapshots=[{"message": {"content": "not mine"}}]), (Kind.CUT, "", True, "forward")),
    (said(author={"id": str(ECHO), "username": "echo", "bot": True}), (Kind.NOISE, "", False, "echo")),
    (said(webhook_id="77", application_id=str(ECHO)), (Kind.NOISE, "", False, "echo")),
    (said("", attachments=[PICTURE]), (Kind.CUT, "", True, "image")),
    (said("look", attachments=[PICTURE]), (Kind.WORDS, "look", True, "image")),
    (said("", attachments=[{"content_type": "audio/ogg"}], flags=8192), (Kind.CUT, "", True, "audio")),
    (said("", attachments=[{"content_type": "video/mp4"}]), (Kind.CUT, "", True, "video")),
    (said("", attachments=[{"filename": "a.pdf"}]), (Kind.CUT, "", True, "file")),
    (said("> theirs", attachments=[PICTURE]), (Kind.CUT, "", True, "image")),
    (said("", sticker_items=[{"id": "1", "name": "wave"}]), (Kind.SKIP, "", False, "sticker")),
    (said("ok", sticker_items=[{"id": "1", "name": "wave"}]), (Kind.WORDS, "ok", False, "")),
    (said("", poll={"question": {"text": "Tea?"}}), (Kind.SKIP, "", False, "poll")),
    (said("", embeds=[{"title": "News"}]), (Kind.SKIP, "", False, "embed")),
    (said("", components=[{"type": 1}]), (Kind.SKIP, "", False, "embed")),
    (said(" \n "), (Kind.SKIP, "", False, "empty")),
    (said("!play x"), (Kind.NOISE, "", False, "command")),
    (said("> theirs"), (Kind.NOISE, "", False, "quote")),
    (said("https://example.org/x", embeds=[{"type": "link"}]), (Kind.CUT, "", True, "link")),
    (said("look: https://example.org/x"), (Kind.WORDS, "look: https://example.org/x", True, "link")),
]


@pytest.mark.parametrize(("raw", "expected"), KINDS)
def test_a_message_is_words_or_cuts_or_drops_out(raw: dict[str, Any], expected: tuple[Kind, str, bool, str]) -> None:
    assert kind_of(raw) == expected


@pytest.mark.parametrize("raw", [{}, {"author": {}}, {"author": {"id": "x"}}, {"author": None}, said(mentions=[None])])
def test_json_of_another_shape_is_an_error_of_few_kinds(raw: dict[str, Any]) -> None:
    with pytest.raises((LookupError, TypeError, ValueError, AttributeError)):
        clean_raw(raw, people(), ECHO)


def text_of(text: str) -> str:
    return clean_text(text, people()).text


COMMANDS = [
    *(
        "!play x",
        "!!help",
        "!source",
        "!custom-thing with words",
        "!8ball will it rain",
        "/roll",
        "/roll 2d6",
        "/tag me",
    ),
    *(".help", "?rank", "?warn @Otto", "?mytag", "$balance", "%play x", "+rank", "-play a song", "=eval 1", ";;queue"),
    *("p!play x", "m!help", "t!daily", "??rank", "!PLAY x", "!play\nsecond line", ">help", "~ping"),
]
NO_COMMANDS = [
    *("...what", "?!", "!!!", "!", "?", "...", "/shrug", "/s", "/j ok", "/tableflip", "/me waves", "/usr/bin/env"),
    *("-5 degrees", "-v works", "- item", "--help is long", ".5", ".NET is fine", ".zig files", "./run.sh", "/tmp/x"),
    *("!important", "!void means nothing", "!true", "!u8", "! stop", "!= 3", "?u8 is optional", "?what do you mean"),
    *("+1", "+1 for that", "$5", "$HOME/bin", "%d of them", "=)", "=> x", ";)", "~ish", "~10", "*work", "^ this", "^^"),
    *("wow! nice", "no!please", "ok?sure", "hm...well", "e.g. that", "i.e. this", "play x", "help", "skip that"),
    *("/tmp is full", ".gitignore", "@help me"),
]


@pytest.mark.parametrize("text", COMMANDS)
def test_a_call_for_a_bot_is_nobodys_words(text: str) -> None:
    assert clean_text(text, people()) == Cleaned(Kind.NOISE, why="command")


@pytest.mark.parametrize("text", NO_COMMANDS)
def test_what_only_begins_like_a_command_is_words(text: str) -> None:
    assert clean_text(text, people()) == Cleaned(Kind.WORDS, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> theirs\nmine", "mine"),
        ("mine\n> theirs\nmine too", "mine\nmine too"),
        ("> theirs\n>\n> more\n\nmine", "mine"),
        ("mine\n>>> theirs\nand on", "mine"),
        (">no quote", ">no quote"),
        (">:( bad", ">:( bad"),
        ("a > b", "a > b"),
        (" > indented", ""),
        ("```\n> code\n>>> more\n```", "```\n> code\n>>> more\n```"),
        ("```sh\n> code\n```\n> theirs\nmine", "```sh\n> code\n```\nmine"),
        ("> ```\n> theirs\n> ```\nmine", "mine"),
        ("> theirs\r\nmine", "mine"),
    ],
)  # fmt: skip
def test_quoted_lines_are_cut_out_but_not_in_code(text: str, expected: str) -> None:
    assert text_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "||the end||",
        "**so** _it_ ~~is~~",
        "```py\nx = 1\n  y = 2\n```",
        "`a`",
        "# big",
        "- one\n- two",
        "[x](y)",
        "\\*no\\*",
    ],
)
def test_markdown_keeps_its_form(text: str) -> None:
    assert clean_text(text, people()) == Cleaned(Kind.WORDS, text)


@pytest.mark.parametrize(
    ("text", "kind", "cut"),
    [
        ("https://example.org", Kind.CUT, True),
        ("https://example.org\nhttp://example.net/a?b=c", Kind.CUT, True),
        ("|| https://example.org ||", Kind.CUT, True),
        ("see https://example.org", Kind.WORDS, True),
        ("see <https://example.org>", Kind.WORDS, False),
        ("<https://example.org>", Kind.CUT, True),
        ("run `curl https://example.org`", Kind.WORDS, False),
        ("```\ncurl https://example.org\n```", Kind.WORDS, False),
        ("it begins with https://", Kind.WORDS, False),
    ],
)
def test_a_link_shows_a_card_that_nobody_here_can_see(text: str, kind: Kind, cut: bool) -> None:
    cleaned = clean_text(text, people())
    assert (cleaned.kind, cleaned.cut, cleaned.text) == (kind, cut, text if kind is Kind.WORDS else "")


OTTOS = people().name_of(OTTO)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"hi <@{WREN}>", "hi @Wren"),
        (f"<@!{WREN}>: hi", "@Wren: hi"),
        (f"<@{OTTO}> and <@!{OTTO}>", f"@{OTTOS} and @{OTTOS}"),
        ("<@&44> look", "@role look"),
        ("@everyone and @here", "@all and @all"),
        ("@everyones me@here @@here", "@everyones me@here @@here"),
        ("in <#5> or <#6>", "in #general or #channel"),
        ("<:kettle:123> <a:party_hard:456>", ":kettle: :party_hard:"),
        ("at <t:1700000000:R> or <t:1700000000>", "at [time] or [time]"),
        ("use </echo create:123>", "use /echo create"),
        ("see <id:customize>", "see #channel"),
        ("a <b> c <3 <@x> <:no> <>", "a <b> c <3 <@x> <:no> <>"),
        ("\x00a\x07b\r\nc\ud800", "a b\nc\ufffd"),
    ],
)
def test_markup_becomes_readable(text: str, expected: str) -> None:
    assert text_of(text) == expected


def test_what_markup_becomes_is_known_to_the_persona() -> None:
    guard = Guard.learn([])
    assert EMOJI_NAME.fullmatch(text_of("<:kettle:123>"))
    assert " :kettle:" in pieces(text_of("so <:kettle:123>"))
    assert not any(guard.passes(text_of(text)) for text in ("hey <@&44>", "@everyone go", "it ended <t:1700000000:R>"))


def test_a_mention_of_whoever_is_there_becomes_a_slot() -> None:
    known = people()
    author, text = known.name_of(OTTO, "Otto"), clean_text(f"<@{OTTO}> otto, look", known).text
    slotted = NameBook("Wren", [author]).slotted(text, [Utterance(author, 1.0, "well", False)])
    assert slotted == f"@{LAST} {LAST}, look"


def test_a_mention_of_somebody_known_who_is_not_there_is_for_whoever_spoke_last() -> None:
    known = people()
    author, dagny = known.name_of(OTTO, "Otto"), known.name_of(DAGNY)
    context = [Utterance(author, 1.0, "well", False)]
    text = clean_text(f"hm <@{DAGNY}> @import", known).text
    assert NameBook("Wren", [author, dagny]).slotted(text, context) == f"hm @{LAST} @import"


def test_names_are_learnt_from_authors_and_mentions() -> None:
    known = People(WREN, "Wren", "profile 7")
    clean_raw(said(mentions=[{"id": str(DAGNY), "username": "dagny99", "member": {"nick": "Daggers"}}]), known, ECHO)
    dagny, otto = known.name_of(DAGNY), known.name_of(OTTO)
    assert clean_text("Daggers and dagny99 know Otto", known).text == f"{dagny} and {dagny.lower()} know {otto}"


def test_an_export_names_those_whom_it_mentions() -> None:
    known = People(WREN, "Wren", "profile 7")
    cleaned = clean_text("ask @Dagny B. or @Will", known, {DAGNY: "Dagny B.", 44: "Will"})
    assert cleaned.text == f"ask @{known.name_of(DAGNY)}. or @{known.name_of(44)}"


def test_what_came_with_the_words_of_an_export_counts() -> None:
    assert clean_text("", people(), unseen=True) == Cleaned(Kind.CUT, cut=True, why="unseen")
    assert clean_text("so", people(), unseen=True) == Cleaned(Kind.WORDS, "so", True, "unseen")
    assert clean_text("", people(), skipped=True) == Cleaned(Kind.SKIP, why="skipped")
    assert clean_text("", people()) == Cleaned(Kind.SKIP, why="empty")


def test_words_are_scrubbed_and_counted_by_kind() -> None:
    cleaned = clean_text(f"<@{OTTO}> call +49 170 1234567 at <t:1700000000:R>", people())
    assert cleaned.text == f"@{OTTOS} call [phone] at [time]"
    assert cleaned.scrubbed == {"phone": 1}


MARKS = ["<@", f"<@{OTTO}>", "<@&1>", "<#5>", "<:a:1>", "<t:1>", "> ", ">>> ", "\n", "```", "`", "@", "@here", "Otto"]
SIGNS = [
    "!",
    "/",
    "<",
    ">",
    "||",
    " ",
    "\u202e",
    "\ud83d",
    "😀",
    "call",
    "0170 1234567",
    "[phone]",
    "\r",
    "\x03",
    "wren",
]
PIECES = st.sampled_from([*MARKS, *SIGNS, "https://a.org/x"])


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=12).map("".join)))
def test_any_text_is_cleaned_to_one_of_four_kinds(text: str) -> None:
    cleaned = clean_text(text, people())
    assert (cleaned.kind is Kind.WORDS) == bool(cleaned.text)
    assert cleaned.kind is not Kind.CUT or cleaned.cut
    assert "\x00" not in cleaned.text
    cleaned.text.encode("utf-8")
    assert f"<@{OTTO}>" not in cleaned.text


HOSTILE = [
    "<@",
    "<@1",
    "<:a",
    "</a",
    "> ",
    ">>> ",
    "```",
    "`",
    "`a",
    "https://",
    "<https://a",
    "@",
    "@here",
    "Otto ",
    "!",
]


@pytest.mark.parametrize("piece", [*HOSTILE, "!a", "[", "\n", "<https://a> ", "@Otto", "\x00"])
def test_hostile_repetition_costs_no_more_than_its_length(piece: str) -> None:
    for length in (2_000, 100_000):
        began = time.process_time()
        clean_text(piece * (length // len(piece)) + "x", people())
        assert time.process_time() - began < 1.0


@pytest.mark.parametrize("unseen", ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\xad", "\u202e", "\u2066"])
def test_what_nobody_sees_hides_nothing(unseen: str) -> None:
    people = People(1, "Wren", "profile 1")
    for text, expected in (
        (f"wren{unseen}@exam{unseen}ple.org", "[e-mail]"),
        (f"0170 1234{unseen}567", "[phone]"),
        (f"pass{unseen}word: hunter2", "password: [password]"),
    ):
        assert clean_text(text, people).text == expected


def test_spaces_of_odd_widths_are_spaces_and_joined_emoji_stay_joined() -> None:
    people = People(1, "Wren", "profile 1")
    assert clean_text("+49\xa0170\u20091234567", people).text == "[phone]"
    assert clean_text("a \U0001f468\u200d\U0001f469\u200d\U0001f467 of \u0645\u06cc\u200c\u0634", people).text == (
        "a \U0001f468\u200d\U0001f469\u200d\U0001f467 of \u0645\u06cc\u200c\u0634"
    )
