-- name: cursors_of(profile_id)
SELECT channel_id, before_id, done, seen, kept FROM collection_cursors WHERE profile_id = :profile_id

-- name: put_cursor(profile_id, channel_id, before_id, done, seen, kept)!
INSERT INTO collection_cursors (profile_id, channel_id, before_id, done, seen, kept)
VALUES (:profile_id, :channel_id, :before_id, :done, :seen, :kept)
ON CONFLICT (profile_id, channel_id) DO UPDATE
SET before_id = excluded.before_id, done = excluded.done, seen = excluded.seen, kept = excluded.kept

-- name: clear_cursors(profile_id)!
DELETE FROM collection_cursors WHERE profile_id = :profile_id

-- name: add_messages*!
INSERT INTO user_messages (
    user_id, server_id, channel_id, message_content, timestamp, message_id, profile_id, own, stored_at
) VALUES (
    :user_id, :server_id, :channel_id, :message_content, :timestamp, :message_id, :profile_id, :own, :stored_at
)
ON CONFLICT (profile_id, message_id) DO NOTHING

-- name: count_own_messages(profile_id)$
SELECT COUNT(*) FROM user_messages WHERE profile_id = :profile_id AND own = 1

-- name: oldest_of_newest(profile_id, newest)^
-- The oldest of the subject's `newest` newest messages.
SELECT timestamp, message_id FROM (
    SELECT timestamp, message_id FROM user_messages
    WHERE profile_id = :profile_id AND own = 1
    ORDER BY timestamp DESC, message_id DESC
    LIMIT :newest
) AS newest_own
ORDER BY timestamp, message_id
LIMIT 1

-- name: messages_after(profile_id, own_timestamp, own_id, after_timestamp, after_id, page)
-- One page, oldest first, of what comes after the last row of the page before: others' messages, and the subject's
-- from the given one on.
SELECT user_id, server_id, channel_id, message_content, timestamp, message_id, own FROM user_messages
WHERE profile_id = :profile_id
    AND (timestamp, message_id) > (:after_timestamp, :after_id)
    AND (own = 0 OR (timestamp, message_id) >= (:own_timestamp, :own_id))
ORDER BY timestamp, message_id
LIMIT :page
