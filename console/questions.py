"""Which of the questions for a yes can still be answered in the sandbox: after a restart some may be gone."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final

from console.ports import Town
from console.wording import living
from states.board import Board
from states.model import ProfileSnapshot, ProfileState

AGREE: Final = "echo:consent:agree:"
"""What the custom id of *I agree to this* begins with; the profile's id follows."""


def agreeable(custom_ids: Iterable[str]) -> frozenset[int]:
    """The profiles that can be agreed to by buttons with these custom ids."""
    numbers = (one.removeprefix(AGREE).partition(":")[0] for one in custom_ids if one.startswith(AGREE))
    return frozenset(int(number) for number in numbers if number.isdecimal())


def pressable(board: Board, town: Town, shown: Container[int], limit: int) -> frozenset[int]:
    """The ids of the questions whose buttons can be reached.

    They are among `shown`, the messages on the screen that have buttons, or among the newest `limit` of the channel
    in which they were put, as their subject sees it.
    """
    asked = (one for one in living(board) if one.state is ProfileState.AWAITING_CONSENT)
    return frozenset(
        one.consent_message_id
        for one in asked
        if one.consent_message_id is not None
        and (one.consent_message_id in shown or _is_in_channel(one, str(one.consent_message_id), town, limit))
    )


def _is_in_channel(profile: ProfileSnapshot, message_id: str, town: Town, limit: int) -> bool:
    """Whether the question stands there with a button that is not disabled."""
    try:
        views = town.messages(str(profile.channel_id), viewer=str(profile.user_id), limit=limit)
    except ValueError:
        return False  # Where the channel or the subject is gone, so is the question.
    question = next((view for view in views if str(view["id"]) == message_id), None)
    return question is not None and any(not one.get("disabled") for one in question.get("components") or ())
