-- name: last_export(user_id)$
SELECT max(at) FROM exports WHERE user_id = :user_id

-- name: add_export(user_id, at, channel_id, message_id)!
INSERT INTO exports (user_id, at, channel_id, message_id, removed)
VALUES (:user_id, :at, :channel_id, :message_id, 0)

-- name: exports_due(before)
SELECT id, channel_id, message_id FROM exports WHERE removed = 0 AND at < :before ORDER BY id

-- name: mark_export_removed(id)!
UPDATE exports SET removed = 1 WHERE id = :id
