-- name: old_corpora(before)
-- Profiles whose messages were stored too long ago, and that are not reading or learning from them just now.
SELECT DISTINCT echo_profiles.id FROM echo_profiles
INNER JOIN user_messages ON user_messages.profile_id = echo_profiles.id
WHERE (echo_profiles.training_status = 'ready' OR echo_profiles.reason IS NOT NULL)
    AND user_messages.stored_at < :before
ORDER BY echo_profiles.id

-- name: erase_old_messages(profile_id, before, batch)!
-- Not while the profile is being made or refreshed: it still needs them. One that stands still has a reason.
DELETE FROM user_messages
WHERE id IN (
    SELECT user_messages.id FROM user_messages
    INNER JOIN echo_profiles ON echo_profiles.id = user_messages.profile_id
    WHERE user_messages.profile_id = :profile_id
        AND user_messages.stored_at < :before
        AND (echo_profiles.training_status = 'ready' OR echo_profiles.reason IS NOT NULL)
    LIMIT :batch
)

-- name: erase_old_generations(before, batch)!
-- Not what a session is about to say.
DELETE FROM generations
WHERE id IN (
    SELECT id FROM generations
    WHERE created_at < :before
        AND id NOT IN (SELECT generation_id FROM echo_sessions WHERE generation_id IS NOT NULL)
    LIMIT :batch
)

-- name: erase_old_moments(before, batch)!
DELETE FROM quiz_moments WHERE id IN (SELECT id FROM quiz_moments WHERE stored_at < :before LIMIT :batch)

-- name: erase_old_journal(before, batch)!
DELETE FROM journal WHERE id IN (SELECT id FROM journal WHERE at < :before LIMIT :batch)

-- name: erase_old_outbox(before, batch)!
DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE done = 1 AND created_at < :before LIMIT :batch)

-- name: model_versions()
-- Which profiles may have models, and of which versions.
SELECT id, model_version, previous, made + 1 AS next FROM echo_profiles
WHERE training_status NOT IN ('forgetting', 'forgotten')

-- name: bygone_profiles(batch)
-- Forgotten profiles of which the journal tells nothing any more and for which nothing is to be done.
SELECT id FROM echo_profiles
WHERE training_status = 'forgotten'
    AND NOT EXISTS (
        SELECT 1 FROM journal WHERE machine_kind = 'profile' AND machine_id = echo_profiles.id
    )
    AND NOT EXISTS (
        SELECT 1 FROM outbox WHERE machine_kind = 'profile' AND machine_id = echo_profiles.id AND done = 0
    )
    AND NOT EXISTS (SELECT 1 FROM user_messages WHERE profile_id = echo_profiles.id)
    AND NOT EXISTS (SELECT 1 FROM generations WHERE profile_id = echo_profiles.id)
    AND NOT EXISTS (SELECT 1 FROM datasets WHERE profile_id = echo_profiles.id)
LIMIT :batch

-- name: drop_consents(profile_id)!
DELETE FROM consents WHERE profile_id = :profile_id

-- name: drop_allowances(profile_id)!
DELETE FROM allowances WHERE profile_id = :profile_id

-- name: drop_sessions(profile_id)!
DELETE FROM echo_sessions WHERE profile_id = :profile_id

-- name: drop_key(profile_id)!
DELETE FROM profile_keys WHERE profile_id = :profile_id

-- name: drop_profile(profile_id)!
DELETE FROM echo_profiles WHERE id = :profile_id
