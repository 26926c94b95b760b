-- name: add_messages*!
-- By position, unlike all else: this is done for every message, and names would cost a tenth of it.
INSERT INTO user_messages (
    user_id, server_id, channel_id, message_content, timestamp, message_id, profile_id, own, stored_at,
    provenance, bare, words
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (profile_id, message_id) DO NOTHING

-- name: lift_bare*!
UPDATE user_messages SET
    bare = 0,
    provenance = :provenance,
    packaged = CASE WHEN provenance = 'data_package' THEN 1 ELSE packaged END
WHERE profile_id = :profile_id AND message_id = :message_id AND bare = 1

-- name: count_own_words_among_newest(newest)$
SELECT COUNT(*) FROM (SELECT own, words FROM user_messages ORDER BY id DESC LIMIT :newest) AS newest_rows
WHERE own = 1 AND words = 1

-- name: count_own_words(profile_id)$
SELECT COUNT(*) FROM user_messages WHERE profile_id = :profile_id AND own = 1 AND words = 1

-- name: oldest_of_newest(profile_id, newest)^
-- The oldest of the subject's `newest` newest messages with text.
SELECT timestamp, message_id FROM (
    SELECT timestamp, message_id FROM user_messages
    WHERE profile_id = :profile_id AND own = 1 AND words = 1
    ORDER BY timestamp DESC, message_id DESC
    LIMIT :newest
) AS newest_own
ORDER BY timestamp, message_id
LIMIT 1

-- name: messages_after(profile_id, own_timestamp, own_id, after_timestamp, after_id, page)
-- One page, oldest first, of what comes after the last row of the page before: others' messages, and the subject's
-- from the given one on.
SELECT user_id, server_id, channel_id, message_content, timestamp, message_id, own, provenance, bare, words,
    packaged
FROM user_messages
WHERE profile_id = :profile_id
    AND (timestamp, message_id) > (:after_timestamp, :after_id)
    AND (own = 0 OR (timestamp, message_id) >= (:own_timestamp, :own_id))
ORDER BY timestamp, message_id
LIMIT :page

-- name: messages_of(profile_id, ids)
-- `ids` is a JSON array.
SELECT user_id, server_id, channel_id, message_content, timestamp, message_id, own, provenance, bare, words,
    packaged
FROM user_messages
WHERE profile_id = :profile_id AND message_id IN (SELECT value FROM json_each(:ids))

-- name: messages_near(profile_id, channel_id, since, upto)
SELECT user_id, server_id, channel_id, message_content, timestamp, message_id, own, provenance, bare, words,
    packaged
FROM user_messages
WHERE profile_id = :profile_id AND channel_id = :channel_id AND timestamp BETWEEN :since AND :upto

-- name: ids_down_from(profile_id, upto_id, page)
SELECT server_id, channel_id, message_id, own, bare, words FROM user_messages
WHERE profile_id = :profile_id AND message_id <= :upto_id
ORDER BY message_id DESC
LIMIT :page

-- name: holding(ids)
SELECT profile_id, server_id, channel_id, message_id, user_id, own FROM user_messages
WHERE message_id IN (SELECT value FROM json_each(:ids))
ORDER BY profile_id, message_id

-- name: months_of(profile_id)
SELECT
    channel_id,
    strftime('%Y-%m', timestamp, 'unixepoch') AS month,
    provenance,
    SUM(own) AS own,
    SUM(1 - own) AS others
FROM user_messages
WHERE profile_id = :profile_id AND words = 1
GROUP BY channel_id, month, provenance
ORDER BY channel_id, month, provenance

-- name: message_place(profile_id, message_id)^
SELECT id, server_id, user_id, channel_id, message_id FROM user_messages
WHERE profile_id = :profile_id AND message_id = :message_id

-- name: amend_message(id, content, words)!
-- What it says now is Discord's word, not a package's.
UPDATE user_messages SET
    message_content = :content,
    words = :words,
    packaged = 0,
    provenance = CASE WHEN provenance = 'data_package' THEN 'live' ELSE provenance END
WHERE id = :id

-- name: not_packaged(profile_id, ids)
SELECT user_id, server_id, channel_id, message_content, timestamp, message_id, own, provenance, bare, words,
    packaged
FROM user_messages
WHERE profile_id = :profile_id AND message_id IN (SELECT value FROM json_each(:ids))
    AND own = 1 AND packaged = 0 AND provenance <> 'data_package'

-- name: mark_packaged*!
UPDATE user_messages SET packaged = 1 WHERE profile_id = :profile_id AND message_id = :message_id

-- name: remove_messages(ids)
DELETE FROM user_messages WHERE message_id IN (SELECT value FROM json_each(:ids)) RETURNING profile_id, message_id

-- name: remove_from_place(channel_id, batch)
DELETE FROM user_messages WHERE id IN (SELECT id FROM user_messages WHERE channel_id = :channel_id LIMIT :batch)
RETURNING profile_id, message_id

-- name: channels_of(profile_id)
-- Where anything stands that is held of a profile's subject.
SELECT channel_id FROM user_messages WHERE profile_id = :profile_id
UNION
SELECT channel_id FROM quiz_moments WHERE profile_id = :profile_id
UNION
SELECT channel_id FROM collection_ranges WHERE profile_id = :profile_id

-- name: remove_of_profile_since(profile_id, since, batch)
DELETE FROM user_messages
WHERE id IN (
    SELECT id FROM user_messages WHERE profile_id = :profile_id AND timestamp >= :since LIMIT :batch
)
RETURNING message_id

-- name: remove_of_profile_from_place(profile_id, channel_id, batch)
DELETE FROM user_messages
WHERE id IN (
    SELECT id FROM user_messages WHERE profile_id = :profile_id AND channel_id = :channel_id LIMIT :batch
)
RETURNING message_id
