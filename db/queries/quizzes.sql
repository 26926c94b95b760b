-- name: quiz_is_kept_for(profile_id)$
-- Whether moments may be kept: not where the subject took the quiz back, nor where the corpus is changing just now.
SELECT 1 FROM echo_profiles
WHERE id = :profile_id
    AND stale = 0
    AND NOT EXISTS (SELECT 1 FROM corpus_changes WHERE profile_id = :profile_id AND (edited > 0 OR removed > 0))
    AND (
        NOT EXISTS (
            SELECT 1 FROM allowances
            WHERE profile_id = :profile_id AND allowance = 'quiz' AND withdrawn_at IS NOT NULL
        )
        OR EXISTS (
            SELECT 1 FROM allowances WHERE profile_id = :profile_id AND allowance = 'quiz' AND withdrawn_at IS NULL
        )
    )

-- name: stored_since(profile_id, ids)^
-- How many of the messages are stored, and when the first of them was; `ids` is a JSON array.
SELECT COUNT(*) AS found, MIN(stored_at) AS stored_at FROM user_messages
WHERE profile_id = :profile_id AND message_id IN (SELECT value FROM json_each(:ids))

-- name: next_moment_number(profile_id)$
SELECT COALESCE(MAX(number), 0) + 1 FROM quiz_moments WHERE profile_id = :profile_id

-- name: add_moment(profile_id, version, number, channel_id, content, stored_at)$
INSERT INTO quiz_moments (profile_id, version, number, channel_id, content, stored_at)
VALUES (:profile_id, :version, :number, :channel_id, :content, :stored_at)
RETURNING id

-- name: add_moment_messages(moment_id, ids, own)!
-- `ids` is a JSON array.
INSERT INTO quiz_moment_messages (moment_id, message_id, own)
SELECT :moment_id, value, :own FROM json_each(:ids) WHERE TRUE
ON CONFLICT (moment_id, message_id) DO NOTHING

-- name: open_moments(profile_id)
-- Those that were not asked, and of which no question that was asked has shown what the subject wrote.
SELECT id, version, number, channel_id, content FROM quiz_moments
WHERE profile_id = :profile_id
    AND content IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM quiz_moment_messages AS mine
        INNER JOIN quiz_moment_messages AS shown ON shown.message_id = mine.message_id
        INNER JOIN quiz_moments AS asked ON asked.id = shown.moment_id
        WHERE mine.moment_id = quiz_moments.id
            AND mine.own = 1
            AND asked.profile_id = :profile_id
            AND asked.content IS NULL
    )
ORDER BY id

-- name: is_moment_kept(id)$
SELECT 1 FROM quiz_moments WHERE id = :id

-- name: note_moment_asked(id)!
UPDATE quiz_moments SET content = NULL WHERE id = :id

-- name: erase_open_moments(profile_id)!
DELETE FROM quiz_moments WHERE profile_id = :profile_id AND content IS NOT NULL

-- name: drop_moments_of_messages(ids)!
-- `ids` is a JSON array.
DELETE FROM quiz_moments
WHERE id IN (
    SELECT moment_id FROM quiz_moment_messages WHERE message_id IN (SELECT value FROM json_each(:ids))
)

-- name: drop_moments_of_place(channel_id)!
DELETE FROM quiz_moments WHERE channel_id = :channel_id

-- name: add_quiz(profile_id, channel_id, message_id, started_at)$
INSERT INTO quizzes (profile_id, channel_id, message_id, started_at)
VALUES (:profile_id, :channel_id, :message_id, :started_at)
RETURNING id

-- name: drop_quiz(id)!
DELETE FROM quizzes WHERE id = :id

-- name: all_quizzes()
SELECT id, profile_id, channel_id, message_id FROM quizzes ORDER BY id

-- name: add_guesses(profile_id, version, correct, guesses)!
INSERT INTO quiz_results (profile_id, version, correct, guesses)
VALUES (:profile_id, :version, :correct, :guesses)
ON CONFLICT (profile_id, version) DO UPDATE
SET correct = quiz_results.correct + excluded.correct, guesses = quiz_results.guesses + excluded.guesses

-- name: guesses_of(profile_id)
SELECT version, correct, guesses FROM quiz_results WHERE profile_id = :profile_id ORDER BY version

-- name: drop_moments_of_profile_in_place(profile_id, channel_id)!
DELETE FROM quiz_moments WHERE profile_id = :profile_id AND channel_id = :channel_id
