-- name: put_upload(profile_id, version, host, digest, at)!
INSERT INTO uploads (profile_id, version, host, digest, at)
VALUES (:profile_id, :version, :host, :digest, :at)
ON CONFLICT (profile_id, version, host, digest) DO NOTHING

-- name: uploads_of(profile_id)
SELECT profile_id, version, host, digest FROM uploads
WHERE profile_id = :profile_id
ORDER BY version, host, digest

-- name: drop_upload(profile_id, version, host, digest)!
DELETE FROM uploads
WHERE profile_id = :profile_id AND version = :version AND host = :host AND digest = :digest
