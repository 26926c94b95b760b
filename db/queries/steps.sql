-- name: add_profile(version, state, server_id, user_id, asker_id, channel_id, cutoff, created_at, consent_message_id, messages, model_path, model_version, reason, tries, paused, stale, unlearned, allows, amending, amend_tries, base, tuned, previous, previous_path, previous_tuned, made, withdrawn, terms, agreed, approved, expires, due)$
-- The id of a profile that is born.
INSERT INTO echo_profiles (
    version, training_status, server_id, user_id, asker_id, channel_id, cutoff_date, created_at,
    consent_message_id, messages, model_path, model_version, reason, tries, paused, stale, unlearned, allows, amending,
    amend_tries, base, tuned, previous, previous_path, previous_tuned, made, withdrawn,
    terms, agreed, approved, expires, due
) VALUES (
    :version, :state, :server_id, :user_id, :asker_id, :channel_id, :cutoff, :created_at,
    :consent_message_id, :messages, :model_path, :model_version, :reason, :tries, :paused, :stale, :unlearned, :allows, :amending,
    :amend_tries, :base, :tuned, :previous, :previous_path, :previous_tuned, :made, :withdrawn,
    :terms, :agreed, :approved, :expires, :due
)
RETURNING id

-- name: change_profile(id, before, version, state, server_id, user_id, asker_id, channel_id, cutoff, created_at, consent_message_id, messages, model_path, model_version, reason, tries, paused, stale, unlearned, allows, amending, amend_tries, base, tuned, previous, previous_path, previous_tuned, made, withdrawn, terms, agreed, approved, expires, due)$
-- The id of the profile, or nothing where its version is not `before` any more.
UPDATE echo_profiles
SET version = :version,
    training_status = :state,
    server_id = :server_id,
    user_id = :user_id,
    asker_id = :asker_id,
    channel_id = :channel_id,
    cutoff_date = :cutoff,
    created_at = :created_at,
    consent_message_id = :consent_message_id,
    messages = :messages,
    model_path = :model_path,
    model_version = :model_version,
    reason = :reason,
    tries = :tries,
    paused = :paused,
    stale = :stale,
    unlearned = :unlearned,
    allows = :allows,
    amending = :amending,
    amend_tries = :amend_tries,
    base = :base,
    tuned = :tuned,
    previous = :previous,
    previous_path = :previous_path,
    previous_tuned = :previous_tuned,
    made = :made,
    withdrawn = :withdrawn,
    terms = :terms,
    agreed = :agreed,
    approved = :approved,
    expires = :expires,
    due = :due
WHERE id = :id AND version = :before
RETURNING id

-- name: add_session(version, state, profile_id, server_id, channel_id, is_active, started_by, started_at, turn, heard_id, addressed, since, restarts, generation_id, part, parts, gaps, typing, bot_turns, pending, reason, tries, opens, opening, opened, due)$
-- The id of a session that is born.
INSERT INTO echo_sessions (
    version, state, profile_id, server_id, channel_id, is_active, started_by, started_at, turn, heard_id, addressed,
    since, restarts, generation_id, part, parts, gaps, typing, bot_turns, pending, reason, tries, opens, opening,
    opened, due
) VALUES (
    :version, :state, :profile_id, :server_id, :channel_id, :is_active, :started_by, :started_at, :turn, :heard_id,
    :addressed, :since, :restarts, :generation_id, :part, :parts, :gaps, :typing, :bot_turns, :pending, :reason,
    :tries, :opens, :opening, :opened, :due
)
RETURNING id

-- name: change_session(id, before, version, state, profile_id, server_id, channel_id, is_active, started_by, started_at, turn, heard_id, addressed, since, restarts, generation_id, part, parts, gaps, typing, bot_turns, pending, reason, tries, opens, opening, opened, due)$
-- The id of the session, or nothing where its version is not `before` any more.
UPDATE echo_sessions
SET version = :version,
    state = :state,
    profile_id = :profile_id,
    server_id = :server_id,
    channel_id = :channel_id,
    is_active = :is_active,
    started_by = :started_by,
    started_at = :started_at,
    turn = :turn,
    heard_id = :heard_id,
    addressed = :addressed,
    since = :since,
    restarts = :restarts,
    generation_id = :generation_id,
    part = :part,
    parts = :parts,
    gaps = :gaps,
    typing = :typing,
    bot_turns = :bot_turns,
    pending = :pending,
    reason = :reason,
    tries = :tries,
    opens = :opens,
    opening = :opening,
    opened = :opened,
    due = :due
WHERE id = :id AND version = :before
RETURNING id

-- name: all_profiles()
SELECT * FROM echo_profiles ORDER BY id

-- name: all_sessions()
SELECT * FROM echo_sessions ORDER BY id

-- name: add_consent(profile_id, user_id, given_at, text_version, text_hash, terms)!
INSERT INTO consents (profile_id, user_id, given_at, text_version, text_hash, terms)
VALUES (:profile_id, :user_id, :given_at, :text_version, :text_hash, :terms)

-- name: end_consents(profile_id, ended_at)!
UPDATE consents SET ended_at = :ended_at WHERE profile_id = :profile_id AND ended_at IS NULL

-- name: consents_of(profile_id)
SELECT user_id, given_at, text_version, text_hash, terms, ended_at FROM consents
WHERE profile_id = :profile_id
ORDER BY id

-- name: add_allowance(profile_id, allowance, user_id, given_at, text_version, text_hash)!
INSERT INTO allowances (profile_id, allowance, user_id, given_at, text_version, text_hash)
VALUES (:profile_id, :allowance, :user_id, :given_at, :text_version, :text_hash)

-- name: withdraw_allowance(profile_id, allowance, withdrawn_at)!
UPDATE allowances SET withdrawn_at = :withdrawn_at
WHERE profile_id = :profile_id AND allowance = :allowance AND withdrawn_at IS NULL

-- name: allowances_of(profile_id)
SELECT allowance, user_id, given_at, text_version, text_hash, withdrawn_at FROM allowances
WHERE profile_id = :profile_id
ORDER BY id
