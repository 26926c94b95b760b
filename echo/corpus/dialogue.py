"""Talk in the form that chat models are trained on and asked in: a user and an assistant by turns.

Trainers and templates want a user first and the roles by turns, which talk among several people does not give by
itself: neighbouring messages of one role become one, and where somebody is missing a remark in brackets stands in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from echo.persona.turns import Utterance

Messages = list[dict[str, str]]

NOTHING_YET: Final = "(nobody has said anything yet)"
"""Stands for the user where nobody spoke before."""
IN_THE_MIDDLE: Final = "(in the middle of a talk)"
"""Stands for the user where the subject speaks first."""
UNANSWERED: Final = "(nobody has answered that yet)"
"""Stands for the user where the subject spoke last."""


def dialogue(said: Iterable[Utterance]) -> Messages:
    """User and assistant by turns, a user first and last; `author` of others is how their lines begin."""
    messages: Messages = [{"role": "user", "content": ""}]
    for one in said:
        role, line = ("assistant", one.text) if one.own else ("user", f"{one.author}: {one.text}")
        if messages[-1]["role"] == role:
            messages[-1]["content"] = f"{messages[-1]['content']}\n{line}".lstrip("\n")
        else:
            messages.append({"role": role, "content": line})
    if not messages[0]["content"]:
        messages[0]["content"] = IN_THE_MIDDLE if len(messages) > 1 else NOTHING_YET
    if messages[-1]["role"] == "assistant":
        messages.append({"role": "user", "content": UNANSWERED})
    return messages
