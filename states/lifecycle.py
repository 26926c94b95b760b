"""THE TABLE: every row says on which event a machine goes from where to where, when, and what it then asks for.

`when` names guards, `do` names emitters; both are methods of the drafts in `profile` and `session`. For
one event and source the first row whose guards agree is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from states import events as ev
from states.model import ProfileState as P
from states.model import SessionState as S
from states.withdrawals import WordsWithdrawn


@dataclass(frozen=True, slots=True)
class Row:
    """One transition, from one of `source` to `dest`, which is kept where None."""

    on: type[ev.Event]
    source: P | S | tuple[P, ...] | tuple[S, ...]
    dest: P | S | None
    when: tuple[str, ...] = ()
    do: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[P | S, ...]:
        """The states it leads from."""
        return self.source if isinstance(self.source, tuple) else (self.source,)


WITH_CONSENT = (P.COLLECTING, P.TRAINING, P.READY)
LIVING = (P.AWAITING_CONSENT, *WITH_CONSENT)
ONLINE = (S.LISTENING, S.COMPOSING, S.COOLING)

PROFILE_ROWS: tuple[Row, ...] = (
    Row(
        ev.AskedAgain,
        P.AWAITING_CONSENT,
        P.COLLECTING,
        when=("is_same_question", "asker_approves", "has_agreed"),
        do=("approve", "begin_reading"),
    ),
    Row(ev.AskedAgain, P.AWAITING_CONSENT, None, when=("is_same_question",), do=("ask_again",)),
    Row(ev.StartedAgain, P.AWAITING_CONSENT, None, when=("has_question", "is_open"), do=("look_for_question",)),
    Row(ev.StartedAgain, WITH_CONSENT, None, when=("has_no_end",), do=("set_end",)),
    Row(ev.ConsentPosted, P.AWAITING_CONSENT, None, do=("note_question",)),
    Row(ev.ConsentNotPosted, P.AWAITING_CONSENT, None, when=("may_retry",), do=("schedule_retry",)),
    Row(ev.ConsentNotPosted, P.AWAITING_CONSENT, None, when=("was_answered",), do=("note_reason",)),
    Row(ev.ConsentNotPosted, P.AWAITING_CONSENT, P.FORGETTING, do=("note_reason", "ask_forgetting")),
    Row(
        ev.ConsentGiven,
        P.AWAITING_CONSENT,
        P.COLLECTING,
        when=("is_subject", "is_within_question", "is_another_answer", "manager_agrees"),
        do=("unlearn_withheld", "record_consent", "begin_reading"),
    ),
    Row(
        ev.ConsentGiven,
        P.AWAITING_CONSENT,
        None,
        when=("is_subject", "is_within_question", "is_another_answer"),
        do=("unlearn_withheld", "record_consent", "announce_waiting"),
    ),
    Row(
        ev.ConsentGiven,
        WITH_CONSENT,
        None,
        when=("is_subject", "is_renewal"),
        do=("record_consent", "set_end"),
    ),
    Row(
        ev.TermsChosen,
        WITH_CONSENT,
        P.AWAITING_CONSENT,
        when=("is_subject", "is_within_question"),
        do=("end_for_other_terms", "rest"),
    ),
    Row(
        ev.ApprovalGiven,
        P.AWAITING_CONSENT,
        P.COLLECTING,
        when=("is_not_approved", "has_agreed"),
        do=("note_approval", "begin_reading"),
    ),
    Row(ev.ApprovalGiven, P.AWAITING_CONSENT, None, when=("is_not_approved",), do=("note_approval",)),
    Row(
        ev.ConsentRevoked,
        LIVING,
        P.AWAITING_CONSENT,
        when=("is_subject", "has_agreed"),
        do=("take_consent_back", "rest", "announce_waiting"),
    ),
    Row(
        ev.ApprovalWithdrawn,
        LIVING,
        P.AWAITING_CONSENT,
        when=("is_approved",),
        do=("withdraw_approval", "rest", "announce_waiting"),
    ),
    Row(ev.ConsentOutdated, WITH_CONSENT, P.AWAITING_CONSENT, do=("end_outdated", "rest", "put_question")),
    Row(
        ev.TimerFired,
        WITH_CONSENT,
        P.AWAITING_CONSENT,
        when=("is_expiry_due",),
        do=("end_by_time", "rest", "put_question"),
    ),
    Row(ev.TimerFired, WITH_CONSENT, None, when=("is_reminder_due",), do=("remind",)),
    Row(
        ev.ConsentDeclined,
        P.AWAITING_CONSENT,
        P.FORGETTING,
        when=("is_subject",),
        do=("note_decline", "ask_forgetting"),
    ),
    Row(
        ev.TimerFired,
        P.AWAITING_CONSENT,
        P.FORGETTING,
        when=("is_consent_due",),
        do=("note_unanswered", "ask_forgetting"),
    ),
    Row(ev.TimerFired, P.AWAITING_CONSENT, None, when=("is_retry_due",), do=("ask_consent",)),
    Row(
        ev.CollectionFinished, P.COLLECTING, P.TRAINING, when=("corpus_is_enough",), do=("note_corpus", "ask_training")
    ),
    Row(
        ev.CollectionFinished,
        P.COLLECTING,
        None,
        when=("is_stale",),
        do=("note_corpus", "note_too_few", "unlearn", "drop_versions", "announce_stuck"),
    ),
    Row(ev.CollectionFinished, P.COLLECTING, None, do=("note_corpus", "note_too_few", "announce_stuck")),
    Row(ev.CollectionFailed, P.COLLECTING, None, when=("is_paused",)),
    Row(ev.CollectionFailed, P.COLLECTING, None, when=("may_retry",), do=("schedule_retry",)),
    Row(
        ev.CollectionFailed,
        P.COLLECTING,
        None,
        when=("is_stale",),
        do=("note_reason", "unlearn", "drop_versions", "announce_stuck"),
    ),
    Row(ev.CollectionFailed, P.COLLECTING, None, do=("note_reason", "announce_stuck")),
    Row(ev.TimerFired, P.COLLECTING, None, when=("is_retry_due",), do=("ask_collecting",)),
    Row(ev.RetryAsked, P.COLLECTING, None, when=("is_standing_still",), do=("start_over", "ask_collecting")),
    Row(ev.PauseAsked, P.COLLECTING, None, when=("is_under_way",), do=("pause",)),
    Row(ev.ResumeAsked, P.COLLECTING, None, when=("is_paused",), do=("start_over", "ask_collecting")),
    Row(ev.CancelAsked, P.COLLECTING, P.READY, when=("has_model",), do=("start_over", "schedule_refresh")),
    Row(ev.CancelAsked, P.COLLECTING, None, when=("may_cancel",), do=("cancel",)),
    Row(
        ev.CancelAsked,
        P.TRAINING,
        P.READY,
        when=("has_model",),
        do=("start_over", "learn_nothing", "drop_versions", "schedule_refresh"),
    ),
    Row(ev.CancelAsked, P.TRAINING, None, when=("is_under_way",), do=("cancel_training", "drop_versions")),
    Row(ev.AllowanceGiven, WITH_CONSENT, None, when=("is_subject", "is_not_allowed_yet"), do=("allow",)),
    Row(ev.AllowanceWithdrawn, WITH_CONSENT, None, when=("is_subject", "is_allowed"), do=("take_back",)),
    Row(
        ev.CorpusChanged,
        P.READY,
        None,
        do=("note_change", "drop_previous", "retire_weights", "schedule_amending", "schedule_refresh"),
    ),
    Row(
        ev.CorpusChanged,
        (P.COLLECTING, P.TRAINING),
        None,
        when=("has_model",),
        do=("note_change", "drop_previous", "retire_weights", "schedule_amending"),
    ),
    Row(ev.CorpusChanged, (P.COLLECTING, P.TRAINING), None, do=("note_change",)),
    Row(ev.TimerFired, WITH_CONSENT, None, when=("is_amending_due", "may_amend"), do=("ask_amending",)),
    Row(ev.TimerFired, WITH_CONSENT, None, when=("is_amending_due",), do=("put_off_amending",)),
    Row(ev.ModelAmended, WITH_CONSENT, None, when=("is_this_model",), do=("note_amended", "publish")),
    Row(ev.AmendingFailed, WITH_CONSENT, None, when=("is_this_model",), do=("amend_again",)),
    Row(
        ev.TrainingFinished,
        P.TRAINING,
        P.READY,
        when=("is_next_version", "has_model"),
        do=("note_model", "publish", "drop_versions", "announce_renewed", "catch_up", "schedule_refresh"),
    ),
    Row(
        ev.TrainingFinished,
        P.TRAINING,
        P.READY,
        when=("is_next_version",),
        do=("note_model", "publish", "announce_ready", "catch_up", "schedule_refresh"),
    ),
    Row(
        ev.VersionRejected,
        P.TRAINING,
        P.READY,
        when=("is_next_version", "has_model"),
        do=("schedule_refresh", "note_rejected", "drop_versions"),
    ),
    Row(
        ev.VersionRejected,
        P.TRAINING,
        None,
        when=("is_next_version",),
        do=("note_none_yet", "drop_versions", "announce_stuck"),
    ),
    Row(ev.TrainingFailed, P.TRAINING, None, when=("is_paused",)),
    Row(ev.TrainingFailed, P.TRAINING, None, when=("may_retry",), do=("schedule_retry",)),
    Row(ev.TrainingFailed, P.TRAINING, None, do=("note_reason", "announce_stuck")),
    Row(ev.TimerFired, P.TRAINING, None, when=("is_retry_due",), do=("ask_training",)),
    Row(ev.RetryAsked, P.TRAINING, None, when=("is_standing_still",), do=("start_over", "ask_training")),
    Row(ev.RollbackAsked, P.READY, None, when=("has_previous",), do=("roll_back", "publish")),
    Row(ev.BaseChosen, WITH_CONSENT, None, when=("is_other_base", "has_model"), do=("choose_base", "publish")),
    Row(ev.BaseChosen, LIVING, None, when=("is_other_base",), do=("choose_base",)),
    Row(ev.RefreshAsked, P.READY, P.COLLECTING, do=("start_over", "ask_collecting")),
    Row(ev.TimerFired, P.READY, P.COLLECTING, when=("is_refresh_due",), do=("start_over", "ask_collecting")),
    Row(ev.ForgetAsked, LIVING, P.FORGETTING, do=("note_reason", "ask_forgetting")),
    Row(ev.ForgettingFailed, P.FORGETTING, None, do=("schedule_retry",)),
    Row(ev.TimerFired, P.FORGETTING, None, when=("is_retry_due",), do=("ask_forgetting",)),
    Row(ev.EverythingForgotten, P.FORGETTING, P.FORGOTTEN, do=("drop_model", "announce_end")),
)

SESSION_ROWS: tuple[Row, ...] = (
    Row(
        ev.OnlineAsked,
        S.OFFLINE,
        S.LISTENING,
        when=("is_not_halted", "is_ready", "is_below_limit"),
        do=("begin", "disclose", "plan_opening"),
    ),
    Row(ev.OfflineAsked, ONLINE, S.OFFLINE, do=("end",)),
    Row(ev.SubjectSeen, ONLINE, S.COOLING, do=("give_way",)),
    Row(ev.MessageHeard, S.LISTENING, S.COMPOSING, when=("may_answer",), do=("note_speaker", "begin_thought")),
    Row(ev.MessageHeard, S.LISTENING, None, do=("note_speaker",)),
    Row(ev.MessageHeard, S.COMPOSING, None, when=("may_restart",), do=("note_speaker", "restart_thought")),
    Row(ev.MessageHeard, S.COOLING, None, when=("gives_way",), do=("note_speaker", "let_pass")),
    Row(ev.MessageHeard, (S.COMPOSING, S.COOLING), None, do=("note_speaker", "remember_heard")),
    Row(WordsWithdrawn, S.COMPOSING, S.LISTENING, when=("is_about_withdrawn",), do=("drop_thought",)),
    Row(WordsWithdrawn, S.COMPOSING, None, when=("is_unsaid",), do=("think_again",)),
    Row(WordsWithdrawn, S.COMPOSING, S.COOLING, do=("finish_speech",)),
    Row(WordsWithdrawn, S.COOLING, None, when=("is_pending", "is_about_withdrawn"), do=("drop_pending",)),
    Row(ev.DraftMade, S.COMPOSING, None, when=("is_this_thought",), do=("schedule_speech",)),
    Row(
        ev.SilenceChosen,
        S.COMPOSING,
        None,
        when=("is_this_thought", "is_pending", "may_answer_pending"),
        do=("begin_pending_thought",),
    ),
    Row(ev.SilenceChosen, S.COMPOSING, S.LISTENING, when=("is_this_thought",), do=("drop_thought",)),
    Row(
        ev.DraftFailed,
        S.COMPOSING,
        None,
        when=("is_this_thought", "is_pending", "may_answer_pending"),
        do=("note_reason", "begin_pending_thought"),
    ),
    Row(ev.DraftFailed, S.COMPOSING, S.LISTENING, when=("is_this_thought",), do=("note_reason", "drop_thought")),
    Row(ev.TimerFired, S.COMPOSING, None, when=("is_typing_due",), do=("start_typing",)),
    Row(ev.TimerFired, S.COMPOSING, S.LISTENING, when=("is_speech_due", "is_overtaken"), do=("drop_thought",)),
    Row(ev.TimerFired, S.COMPOSING, None, when=("is_speech_due",), do=("ask_saying",)),
    Row(ev.PartSaid, S.COMPOSING, None, when=("is_this_part", "has_more_parts"), do=("schedule_next_part",)),
    Row(ev.PartSaid, S.COMPOSING, S.COOLING, when=("is_this_part",), do=("finish_speech",)),
    Row(ev.SayingFailed, S.COMPOSING, S.OFFLINE, when=("is_this_part", "is_gone"), do=("note_reason", "end")),
    Row(ev.SayingFailed, S.COMPOSING, S.COOLING, when=("is_this_part",), do=("note_reason", "finish_speech")),
    Row(
        ev.TimerFired,
        S.COOLING,
        S.COMPOSING,
        when=("is_cooled", "is_pending", "may_answer_pending"),
        do=("begin_pending_thought",),
    ),
    Row(ev.TimerFired, S.COOLING, S.LISTENING, when=("is_quiet_over",), do=("drop_thought",)),
    Row(ev.TimerFired, S.COOLING, S.LISTENING, when=("is_cooled",), do=("drop_thought",)),
    Row(ev.OpeningPlanned, ONLINE, None, when=("may_open",), do=("schedule_opening",)),
    Row(
        ev.TimerFired,
        S.LISTENING,
        S.COMPOSING,
        when=("is_opening_due", "is_timely", "is_welcome"),
        do=("begin_opening",),
    ),
    Row(ev.TimerFired, ONLINE, None, when=("is_opening_due",), do=("plan_opening",)),
    Row(ev.TimerFired, ONLINE, None, when=("is_planning_due",), do=("plan_opening",)),
)
