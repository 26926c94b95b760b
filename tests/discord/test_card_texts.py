"""What the card's form answers."""

from __future__ import annotations

import pytest

from db.stored import Wishes
from echo.discord.card_texts import banned


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes(phrases=("mud",)), "1 word or phrase is banned."),
        (Wishes(topics=("tea",)), "1 topic is banned."),
        (Wishes(phrases=("mud", "oh no"), topics=("tea",)), "2 words and phrases and 1 topic are banned."),
        (Wishes(phrases=("mud",), topics=("tea", "fog")), "1 word or phrase and 2 topics are banned."),
        (Wishes(), "No words or topics are banned now."),
    ],
)
def test_what_is_banned_is_counted_in_a_sentence(wishes: Wishes, said: str) -> None:
    assert banned(wishes).endswith(said)
