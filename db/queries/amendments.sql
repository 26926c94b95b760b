-- name: add_amendments(profile_id, message_id)*!
-- Only where there is a model to be amended, or one that is being made.
INSERT INTO amendments (profile_id, message_id)
SELECT id, :message_id FROM echo_profiles
WHERE id = :profile_id AND (model_path IS NOT NULL OR training_status = 'training')

-- name: pending_amendments(profile_id)
SELECT id, message_id FROM amendments WHERE profile_id = :profile_id ORDER BY id

-- name: newest_amendment(profile_id)$
SELECT COALESCE(MAX(id), 0) FROM amendments WHERE profile_id = :profile_id

-- name: drop_amendments(profile_id, upto)!
DELETE FROM amendments WHERE profile_id = :profile_id AND id <= :upto

-- name: erase_amendments(profile_id)!
DELETE FROM amendments WHERE profile_id = :profile_id
