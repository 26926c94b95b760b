-- name: wishes_of(profile_id)$
SELECT content FROM wishes WHERE profile_id = :profile_id

-- name: put_wishes(profile_id, content, changed_at)!
INSERT INTO wishes (profile_id, content, changed_at) VALUES (:profile_id, :content, :changed_at)
ON CONFLICT (profile_id) DO UPDATE SET content = excluded.content, changed_at = excluded.changed_at
