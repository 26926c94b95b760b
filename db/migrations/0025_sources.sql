-- Where the messages stood that models have learnt from: ids alone, for as long as the model is kept, since what may be
-- said in a channel depends on it; and of which channels each version has learnt anything, for what can't be taken out
-- of it again, such as weights.

CREATE TABLE sources (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    message_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    PRIMARY KEY (profile_id, message_id)
) STRICT;

CREATE TABLE learnt_channels (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    PRIMARY KEY (profile_id, version, channel_id)
) STRICT;

INSERT INTO sources (profile_id, message_id, channel_id)
SELECT user_messages.profile_id, user_messages.message_id, user_messages.channel_id FROM user_messages
INNER JOIN echo_profiles ON echo_profiles.id = user_messages.profile_id
WHERE echo_profiles.model_path IS NOT NULL;
