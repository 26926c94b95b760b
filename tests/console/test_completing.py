"""What is being typed at the end of a command, and what proposals make of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.command_line import parse
from console.completing import (
    Completing,
    Typing,
    command_proposals,
    completed,
    completing,
    option_proposals,
    value_proposal,
)
from tests.console.test_command_line import BEFORE, COMMANDS, CREATE, NAMES, USER


def at(text: str) -> Completing:
    found = completing(text, COMMANDS, NAMES)
    assert found is not None
    return found


@pytest.mark.parametrize("text", ["/", "/e", "/echo", "/echo cr", "/echo create"])
def test_until_a_space_follows_it_is_the_command_that_is_typed(text: str) -> None:
    assert at(text).what is Typing.COMMAND
    assert "/echo create" in [one.shown for one in command_proposals(text, COMMANDS)]


def test_a_message_is_no_command() -> None:
    assert completing("hello /echo", COMMANDS) is None


def test_taking_a_command_opens_its_first_required_option() -> None:
    text = "/echo cr"
    proposal = command_proposals(text, COMMANDS)[0]
    assert completed(text, at(text), proposal) == "/echo create user:@"


def test_taking_a_person_opens_the_next_required_option() -> None:
    text = "/echo create user:@Ma"
    here = at(text)
    assert (here.what, here.option, here.typed) == (Typing.VALUE, USER, "@Ma")
    assert completed(text, here, value_proposal(here, "@Mara")) == "/echo create user:@Mara before:"


def test_tab_after_tab_leads_to_a_whole_command() -> None:
    text = "/echo c"
    text = completed(text, at(text), command_proposals(text, COMMANDS)[0])
    text = completed(text, at(text), value_proposal(at(text), "@Two Words"))
    text = completed(text, at(text), value_proposal(at(text), "01.06.2026"))
    assert dict(parse(text, COMMANDS, NAMES).options) == {"user": "@Two Words", "before": "01.06.2026"}


def test_a_space_within_a_name_goes_on_with_the_name() -> None:
    here = at("/echo create user:@Two ")
    assert (here.what, here.typed) == (Typing.VALUE, "@Two ")
    assert at("/echo create user:@Two W").typed == "@Two W"


@pytest.mark.parametrize("text", ["/echo create user:@Mara ", "/echo create user:@Mara be", "/echo create user:@Two b"])
def test_after_a_whole_value_the_other_options_are_offered(text: str) -> None:
    here = at(text)
    assert here.what is Typing.OPTION
    assert [one.insert for one in option_proposals(here)] == ["before:"]


def test_the_first_word_after_a_command_is_an_options_name() -> None:
    assert [one.insert for one in option_proposals(at("/echo create u"))] == ["user:@"]
    assert [one.insert for one in option_proposals(at("/echo create "))] == ["user:@", "before:"]


def test_the_values_of_the_other_options_are_known_while_one_is_typed() -> None:
    here = at("/echo create user:@Two Words before:0")
    assert (here.option, here.typed, here.others) == (BEFORE, "0", {"user": "@Two Words"})


def test_when_all_is_given_nothing_is_offered() -> None:
    assert option_proposals(at("/echo create user:@Mara before:01.06.2026 ")) == []


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('abcorstue /:@"'), max_size=40))
def test_taking_a_proposal_keeps_what_stands_before_it(rest: str) -> None:
    text = f"/echo create {rest}"
    here = completing(text, COMMANDS, NAMES)
    if here is None:
        return
    assert text[here.start :] == here.typed
    for proposal in option_proposals(here) if here.what is Typing.OPTION else []:
        after = completed(text, here, proposal)
        assert after.startswith(text[: here.start]) and after.endswith(proposal.insert)
    assert here.command in (None, CREATE)
