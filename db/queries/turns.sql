-- name: decide_turn(channel_id, message_id, profile_id, chance, why, decided_at)!
INSERT INTO turns_decided (channel_id, message_id, profile_id, chance, why, decided_at)
VALUES (:channel_id, :message_id, :profile_id, :chance, :why, :decided_at)
ON CONFLICT (channel_id, message_id) DO NOTHING

-- name: decided_turn(channel_id, message_id)^
SELECT profile_id, chance, why FROM turns_decided WHERE channel_id = :channel_id AND message_id = :message_id

-- name: release_turns(profile_id)!
-- That something was decided stays, so that nobody decides it anew; who it was goes.
UPDATE turns_decided SET profile_id = NULL, chance = 0 WHERE profile_id = :profile_id
