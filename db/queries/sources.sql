-- name: add_sources*!
INSERT INTO sources (profile_id, message_id, channel_id) VALUES (:profile_id, :message_id, :channel_id)
ON CONFLICT (profile_id, message_id) DO UPDATE SET channel_id = excluded.channel_id

-- name: sources_of(profile_id)
SELECT message_id, channel_id FROM sources WHERE profile_id = :profile_id

-- name: drop_sources(profile_id, ids)!
DELETE FROM sources WHERE profile_id = :profile_id AND message_id IN (SELECT value FROM json_each(:ids))

-- name: add_learnt_channel(profile_id, version, channel_id)!
INSERT INTO learnt_channels (profile_id, version, channel_id) VALUES (:profile_id, :version, :channel_id)
ON CONFLICT (profile_id, version, channel_id) DO NOTHING

-- name: learnt_channels(profile_id, version)
SELECT channel_id FROM learnt_channels WHERE profile_id = :profile_id AND version = :version

-- name: drop_learnt_channels(profile_id, version)!
DELETE FROM learnt_channels WHERE profile_id = :profile_id AND version = :version
