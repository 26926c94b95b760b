-- name: add_unseen(member, pending)!
INSERT INTO unseen_members (member, pending) VALUES (:member, :pending)
ON CONFLICT (member) DO UPDATE SET pending = excluded.pending

-- name: add_unseen_names(member, name)*!
INSERT INTO unseen_names (name, member) VALUES (:name, :member) ON CONFLICT (name, member) DO NOTHING

-- name: settle_unseen(member)!
UPDATE unseen_members SET pending = NULL WHERE member = :member

-- name: drop_unseen(member)!
DELETE FROM unseen_members WHERE member = :member

-- name: all_unseen()
SELECT member, pending FROM unseen_members

-- name: all_unseen_names()
SELECT name, member FROM unseen_names

-- name: ids_of_authors(profile_id, user_ids)
-- `user_ids` is a JSON array. Never the subject's own words.
SELECT message_id FROM user_messages
WHERE profile_id = :profile_id AND own = 0 AND user_id IN (SELECT value FROM json_each(:user_ids))

-- name: remove_others_messages(profile_id, ids)
-- `ids` is a JSON array.
DELETE FROM user_messages
WHERE profile_id = :profile_id AND own = 0 AND message_id IN (SELECT value FROM json_each(:ids))
RETURNING profile_id, message_id
