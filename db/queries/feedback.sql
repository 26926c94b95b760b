-- name: is_contact(profile_id, person)$
SELECT 1 FROM contacts WHERE profile_id = :profile_id AND person = :person

-- name: add_contact(profile_id, person, met_at)!
INSERT INTO contacts (profile_id, person, met_at) VALUES (:profile_id, :person, :met_at)
ON CONFLICT (profile_id, person) DO NOTHING

-- name: put_feedback(profile_id, message_id, person, verdict, rater, version, content, given_at)!
INSERT INTO feedback (profile_id, message_id, person, verdict, rater, version, content, given_at)
VALUES (:profile_id, :message_id, :person, :verdict, :rater, :version, :content, :given_at)
ON CONFLICT (profile_id, message_id, person, verdict) DO NOTHING

-- name: withdraw_feedback(profile_id, message_id, person, verdict)!
DELETE FROM feedback
WHERE profile_id = :profile_id AND message_id = :message_id AND person = :person AND verdict = :verdict

-- name: drop_feedback_of_message(message_id)!
DELETE FROM feedback WHERE message_id = :message_id

-- name: drop_feedback_of_person(profile_id, person)!
DELETE FROM feedback WHERE profile_id = :profile_id AND person = :person

-- name: feedback_of(profile_id)
-- Newest first.
SELECT message_id, verdict, rater, content FROM feedback WHERE profile_id = :profile_id
ORDER BY given_at DESC, message_id DESC LIMIT 1000

-- name: feedback_counts(profile_id)
SELECT version, rater, verdict, count(*) AS times FROM feedback
WHERE profile_id = :profile_id
GROUP BY version, rater, verdict
ORDER BY version, rater, verdict

-- name: profiles_with_feedback()
SELECT DISTINCT profile_id FROM feedback

-- name: erase_old_feedback(before, batch)!
DELETE FROM feedback WHERE rowid IN (SELECT rowid FROM feedback WHERE given_at < :before LIMIT :batch)

-- name: said_message(message_id)^
-- Which draft of which profile a message is a part of.
SELECT generations.*, generation_parts.part, echo_sessions.channel_id FROM generation_parts
INNER JOIN generations ON generations.id = generation_parts.generation_id
INNER JOIN echo_sessions ON echo_sessions.id = generations.session_id
WHERE generation_parts.message_id = :message_id
