-- name: add_memory(profile_id, session_id, channel_id, message_id, own, content, stored_at)!
INSERT INTO memories (profile_id, session_id, channel_id, message_id, own, content, stored_at)
VALUES (:profile_id, :session_id, :channel_id, :message_id, :own, :content, :stored_at)
ON CONFLICT (session_id, message_id) DO NOTHING

-- name: trim_memories(session_id, most, size)!
-- All but the newest `most`, of `size` bytes together.
DELETE FROM memories
WHERE id IN (
    SELECT id FROM (
        SELECT
            id,
            ROW_NUMBER() OVER newest AS place,
            SUM(LENGTH(content)) OVER newest AS taken
        FROM memories
        WHERE session_id = :session_id
        WINDOW newest AS (ORDER BY message_id DESC)
    ) AS measured
    WHERE place > :most OR taken > :size
)

-- name: memories_of(session_id)
SELECT profile_id, session_id, message_id, own, content FROM memories WHERE session_id = :session_id ORDER BY message_id

-- name: memories_of_profile(profile_id)
SELECT profile_id, session_id, message_id, own, content FROM memories
WHERE profile_id = :profile_id
ORDER BY session_id, message_id

-- name: drop_memories_of_messages(ids)!
-- `ids` is a JSON array.
DELETE FROM memories WHERE message_id IN (SELECT value FROM json_each(:ids))

-- name: drop_memories_of_place(channel_id)!
DELETE FROM memories WHERE channel_id = :channel_id
