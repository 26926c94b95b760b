"""Taking typed commands apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.command_line import Call, Command, CommandRefused, Option, commands_of, compose, parse, quoted

USER = Option("user", "user", required=True, description="Who is to be echoed")
BEFORE = Option("before", "string", required=True, description="dd.mm.yyyy")
CREATE = Command("echo create", "Ask for an echo", (USER, BEFORE))
ONLINE = Command("echo online", "Bring one online", (Option("profile"),))
STATUS = Command("echo status", "How far they are")
MENU = Command("Make an echo", "", (USER,), in_menu=True)
COMMANDS = (CREATE, ONLINE, STATUS, MENU)
NAMES = ("Mara", "Two Words", "Two")


def options(text: str) -> dict[str, str]:
    return dict(parse(text, COMMANDS, NAMES).options)


def refused(text: str) -> str:
    with pytest.raises(CommandRefused) as refusal:
        parse(text, COMMANDS, NAMES)
    sentence = str(refusal.value)
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


def test_the_first_command_that_a_newcomer_types_is_understood() -> None:
    call = parse("/echo create user:@Mara before:01.06.2026", COMMANDS)
    assert call == Call(CREATE, {"user": "@Mara", "before": "01.06.2026"})


@pytest.mark.parametrize(
    "text",
    [
        "/echo create user:@Two Words before:01.06.2026",
        '/echo create user:"@Two Words" before:01.06.2026',
        "/echo create before:01.06.2026 user:@Two Words",
        "/echo create @Two Words 01.06.2026",
        "/echo create @two words before:01.06.2026",
        "/echo  create  user:@Two Words  before:01.06.2026",
        "/ECHO Create USER:@Two Words Before:01.06.2026",
    ],
)
def test_a_name_with_spaces_is_one_value(text: str) -> None:
    found = options(text)
    assert found["user"].casefold() == "@two words"
    assert found["before"] == "01.06.2026"


def test_quotes_hold_what_would_be_read_as_an_option() -> None:
    assert options('/echo create user:"a before: b \\" \\\\" before:x') == {"user": 'a before: b " \\', "before": "x"}


def test_a_command_without_options_takes_none() -> None:
    assert options("/echo status") == {}
    assert "takes no options" in refused("/echo status now")


def test_a_command_of_the_user_menu_can_be_typed_too() -> None:
    assert options("/make an echo user:@Mara") == {"user": "@Mara"}


def test_a_missing_option_is_named_with_what_it_is_for() -> None:
    assert "also needs before:" in refused("/echo create user:@Mara")
    assert "dd.mm.yyyy" in refused("/echo create user:@Mara before:")


def test_a_misspelt_option_is_told_from_a_value() -> None:
    assert "write before:" in refused("/echo create user:@Mara befor:01.06.2026")
    assert "no option usr" in refused("/echo create usr:@Mara before:01.06.2026")


@pytest.mark.parametrize(
    "text",
    [
        "/echo create user:@Mara before:01.01.2026 foo:bar",
        "/echo create user:@Mara foo:bar before:01.01.2026",
        "/echo create @Mara 01.01.2026 foo:bar",
    ],
)
def test_an_option_that_there_is_not_is_no_part_of_a_day_or_a_person(text: str) -> None:
    assert refused(text) == "There is no option foo; /echo create has: user:, before:."


def test_an_option_that_there_is_not_is_no_part_of_a_profile() -> None:
    assert refused("/echo online profile:Mara foo: bar") == "There is no option foo; /echo online has: profile:."


def test_a_name_or_a_time_with_a_colon_is_a_value() -> None:
    strange = (*NAMES, "Odd one: two")
    text = "/echo create user:@odd one: two before:10:30 01.06.2026"
    found = parse(text, COMMANDS, strange).options
    assert found == {"user": "@odd one: two", "before": "10:30 01.06.2026"}


def test_free_text_may_hold_any_colon() -> None:
    note = Command("note", "Write something down", (Option("text", required=True),))
    assert parse("/note text:buy foo: two of them", (note,)).options == {"text": "buy foo: two of them"}


def test_a_value_with_a_colon_of_its_own_is_no_option() -> None:
    assert options("/echo online profile:see http://there") == {"profile": "see http://there"}


@pytest.mark.parametrize("text", ["/", "/echo", "/ech create", "/echo creates user:@Mara", "/nothing"])
def test_an_unknown_command_is_answered_with_those_there_are(text: str) -> None:
    assert "/echo create" in refused(text)


def test_a_command_of_the_user_menu_is_not_listed_as_a_slash_command() -> None:
    listed = "/echo create, /echo online, /echo status."
    assert refused("/foo") == f"There is no such command; there are: {listed}"
    assert refused("/mak") == f"There is no such command; there are: {listed}"


def test_before_the_bot_has_commands_one_is_told_to_wait() -> None:
    with pytest.raises(CommandRefused, match="wait a moment"):
        parse("/echo status", ())


def test_twice_the_same_option_and_open_quotes_are_refused() -> None:
    assert "given twice" in refused("/echo create user:@Mara user:@Two before:x")
    assert "no closing quotation mark" in refused('/echo create user:"@Mara before:x')
    assert "closing quotation mark" in refused('/echo create user:"@Mara"s before:x')


def test_commands_are_read_as_the_sandbox_describes_them() -> None:
    described = {
        "name": "echo create",
        "kind": "slash",
        "description": "Ask for an echo",
        "options": [{"name": "user", "type": "user", "required": True, "description": "Who is to be echoed"}],
    }
    menu = {"name": "Make an echo", "kind": "user", "description": "", "options": described["options"]}
    assert commands_of([described, menu]) == (Command("echo create", "Ask for an echo", (USER,)), MENU)


WILD = st.text(st.sampled_from('ab "\\:@#user before/\t') | st.characters(codec="utf-8"), max_size=30)


@settings(max_examples=150, deadline=None)
@given(user=WILD.filter(bool), before=WILD.filter(bool))
def test_what_is_composed_is_taken_apart_into_the_same(user: str, before: str) -> None:
    call = Call(CREATE, {"user": user, "before": before})
    assert parse(compose(call), COMMANDS) == call


@settings(max_examples=200, deadline=None)
@given(rest=WILD, command=st.sampled_from(["/", "/echo create ", "/echo online ", "/echo status ", ""]))
def test_whatever_is_typed_is_a_call_or_one_sentence(rest: str, command: str) -> None:
    try:
        call = parse(command + rest, COMMANDS, NAMES)
    except CommandRefused as refusal:
        assert str(refusal).endswith(".")
        return
    assert call.command in COMMANDS
    assert all(call.options.values())
    assert {option.name for option in call.command.options if option.required} <= set(call.options)


def test_plain_values_need_no_quotes() -> None:
    assert [quoted(value) for value in ("@Mara", "@Two Words", " x", "", "a b:c")] == [
        "@Mara",
        "@Two Words",
        '" x"',
        '""',
        '"a b:c"',
    ]
