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
