-- name: begin_erasure(profile_id, asked_at, asked_by, posts)!
-- The first one to ask is kept; whoever asks for more later gets more.
INSERT INTO erasures (profile_id, asked_at, asked_by, posts) VALUES (:profile_id, :asked_at, :asked_by, :posts)
ON CONFLICT (profile_id) DO UPDATE SET posts = max(posts, excluded.posts)

-- name: erasure_of(profile_id)^
SELECT asked_at, asked_by, posts FROM erasures WHERE profile_id = :profile_id

-- name: gather_posts(profile_id)!
-- What the echo said, by ids: its parts as they were noted, and what it remembers of its own.
INSERT INTO posts_to_remove (profile_id, channel_id, message_id)
SELECT generations.profile_id, echo_sessions.channel_id, generation_parts.message_id
FROM generation_parts
INNER JOIN generations ON generations.id = generation_parts.generation_id
INNER JOIN echo_sessions ON echo_sessions.id = generations.session_id
WHERE generations.profile_id = :profile_id AND EXISTS (SELECT 1 FROM erasures WHERE profile_id = :profile_id AND posts = 1)
UNION
SELECT profile_id, channel_id, message_id FROM memories
WHERE profile_id = :profile_id AND own = 1 AND EXISTS (SELECT 1 FROM erasures WHERE profile_id = :profile_id AND posts = 1)
ON CONFLICT (profile_id, message_id) DO NOTHING

-- name: posts_left(profile_id)
SELECT channel_id, message_id FROM posts_to_remove WHERE profile_id = :profile_id AND done IS NULL ORDER BY message_id

-- name: note_post(profile_id, message_id, done)!
UPDATE posts_to_remove SET done = :done WHERE profile_id = :profile_id AND message_id = :message_id

-- name: posts_counted(profile_id)
SELECT coalesce(done, '') AS done, count(*) AS posts FROM posts_to_remove WHERE profile_id = :profile_id GROUP BY done

-- name: count_erased(profile_id, kind, rows)!
INSERT INTO erased_counts (profile_id, kind, rows) VALUES (:profile_id, :kind, :rows)
ON CONFLICT (profile_id, kind) DO UPDATE SET rows = erased_counts.rows + excluded.rows

-- name: erased_counts_of(profile_id)
SELECT kind, rows FROM erased_counts WHERE profile_id = :profile_id ORDER BY kind

-- name: note_erased_file(profile_id, kind, name, digest)!
INSERT INTO erased_files (profile_id, kind, name, digest) VALUES (:profile_id, :kind, :name, :digest)
ON CONFLICT (profile_id, name, digest) DO NOTHING

-- name: note_erased_upload(profile_id, host, digest)!
-- Only while everything of the profile goes: a version that is merely superseded is in no receipt.
INSERT INTO erased_files (profile_id, kind, name, digest)
SELECT profile_id, 'upload', :host, :digest FROM erasures WHERE profile_id = :profile_id
ON CONFLICT (profile_id, name, digest) DO NOTHING

-- name: erased_files_of(profile_id)
SELECT kind, name, digest FROM erased_files WHERE profile_id = :profile_id ORDER BY kind, name, digest

-- name: end_erasure(profile_id)!
DELETE FROM erasures WHERE profile_id = :profile_id

-- name: end_erased_counts(profile_id)!
DELETE FROM erased_counts WHERE profile_id = :profile_id

-- name: end_erased_files(profile_id)!
DELETE FROM erased_files WHERE profile_id = :profile_id

-- name: end_posts(profile_id)!
DELETE FROM posts_to_remove WHERE profile_id = :profile_id

-- name: has_consented(profile_id)$
SELECT count(*) FROM consents WHERE profile_id = :profile_id

-- name: put_receipt(profile_id, user_id, server_id, at, content)!
INSERT INTO receipts (profile_id, user_id, server_id, at, content)
VALUES (:profile_id, :user_id, :server_id, :at, :content)
ON CONFLICT (profile_id) DO NOTHING

-- name: receipt_of(profile_id)^
SELECT * FROM receipts WHERE profile_id = :profile_id

-- name: all_receipts()
SELECT * FROM receipts ORDER BY at, profile_id

-- name: receipts_of_user(user_id)
SELECT * FROM receipts WHERE user_id = :user_id ORDER BY at, profile_id

-- name: mark_receipt(profile_id, sent)!
UPDATE receipts SET sent = :sent WHERE profile_id = :profile_id
