"""What may be learnt from. Pure.

Discord's Developer Policy forbids training models on message content that was obtained through its API unless Discord
permits it; the subject's consent does not replace that. What exporters write came through that API, too. A person's
data package comes from Discord to themselves, so it is what fine-tuning learns from by default.
"""

from __future__ import annotations

from collections.abc import Sequence

from echo.corpus.conversations import Line
from echo.training.failures import NotPermitted
from echo.training_settings import DiscordPermission

RULE = (
    "Discord's Developer Policy forbids training models on message content that was obtained through its API unless "
    "Discord permits it"
)
WAY_OUT = (
    "let the person import their own data package (/echo import), or record Discord's permission in "
    "training.discord_permission"
)


def may_learn(line: Line, permission: DiscordPermission) -> bool:
    """Whether the words of a message may be in what a model is trained on, as what is learnt or as context."""
    return line.packaged or permission.is_given


def require_something(lines: Sequence[Line], permission: DiscordPermission) -> None:
    """Raise NotPermitted where the person has messages to learn, but none of them may be learnt from."""
    own = [line for line in lines if line.own and line.target and line.text.strip()]
    if own and not any(may_learn(line, permission) for line in own):
        raise NotPermitted(f"No message of this person may be learnt from, for {RULE}: {WAY_OUT}.")
