"""What the two keys cover, and what happens once both are in again."""

from __future__ import annotations

from dataclasses import replace

from states import events as ev
from states.model import ProfileState
from states.terms import DEFAULT_TERMS, Purpose, Summoner
from tests.states.test_profile import AGREED, NOW, after, asked


def test_training_a_model_on_what_somebody_wrote_is_off_until_they_choose_it() -> None:
    assert not asked().terms.allows(Purpose.FINE_TUNING) and asked().terms.allows(Purpose.EXAMPLES)
    assert not after(asked(), AGREED).terms.allows(Purpose.FINE_TUNING)


def test_a_manager_who_allowed_less_is_asked_where_more_is_agreed_to_after_a_revocation() -> None:
    given = replace(AGREED, terms=replace(DEFAULT_TERMS, summoner=Summoner.SUBJECT))
    revoked = after(asked(), given, ev.ConsentRevoked(NOW, 20))
    assert revoked.approved
    assert after(revoked, replace(given, at=NOW)).state is ProfileState.COLLECTING
    wider = after(revoked, replace(given, terms=replace(given.terms, summoner=Summoner.EVERYONE)))
    assert wider.state is ProfileState.AWAITING_CONSENT and wider.agreed and not wider.approved
    assert after(wider, ev.ApprovalGiven(NOW, 31)).state is ProfileState.COLLECTING


def test_a_model_that_rested_is_amended_at_once_when_both_keys_are_in_again() -> None:
    ready = after(asked(), AGREED, ev.CollectionFinished(NOW, 90, 50), ev.TrainingFinished(NOW, "m", 1, 90, 1.0))
    back = after(ready, ev.ConsentRevoked(NOW, 20), AGREED)
    assert back.can_speak and back.due["amend"] == NOW
