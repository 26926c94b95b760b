-- name: meta_value(name)$
SELECT value FROM meta WHERE name = :name

-- name: set_meta_value(name, value)!
INSERT INTO meta (name, value) VALUES (:name, :value)

-- name: key_row(profile_id)^
SELECT wrapped_key FROM profile_keys WHERE profile_id = :profile_id

-- name: add_key(profile_id, wrapped_key)!
INSERT INTO profile_keys (profile_id, wrapped_key) VALUES (:profile_id, :wrapped_key)

-- name: destroy_key(profile_id)!
-- The row stays, so that no new key is ever made for what was forgotten.
INSERT INTO profile_keys (profile_id, wrapped_key) VALUES (:profile_id, NULL)
ON CONFLICT (profile_id) DO UPDATE SET wrapped_key = NULL

-- name: all_keys()
SELECT profile_id, wrapped_key FROM profile_keys ORDER BY profile_id

-- name: change_key(profile_id, wrapped_key)!
UPDATE profile_keys SET wrapped_key = :wrapped_key WHERE profile_id = :profile_id
