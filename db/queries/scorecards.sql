-- name: put_scorecard(profile_id, version, axes, weakest, passed, sentence, moments, seconds, at)!
-- A version that did not pass is trained again under the same number.
INSERT INTO scorecards (profile_id, version, axes, weakest, passed, sentence, moments, seconds, at)
VALUES (:profile_id, :version, :axes, :weakest, :passed, :sentence, :moments, :seconds, :at)
ON CONFLICT (profile_id, version) DO UPDATE
SET axes = excluded.axes, weakest = excluded.weakest, passed = excluded.passed, sentence = excluded.sentence,
    moments = excluded.moments, seconds = excluded.seconds, at = excluded.at

-- name: drop_older_scorecards(profile_id, kept)!
DELETE FROM scorecards
WHERE profile_id = :profile_id AND version NOT IN (
    SELECT newest.version FROM scorecards AS newest
    WHERE newest.profile_id = :profile_id ORDER BY newest.version DESC LIMIT :kept
)

-- name: every_scorecard()
SELECT profile_id, version, axes, weakest, passed, sentence, moments, seconds, at FROM scorecards
ORDER BY profile_id, version

-- name: scorecards_of(profile_id)
SELECT profile_id, version, axes, weakest, passed, sentence, moments, seconds, at FROM scorecards
WHERE profile_id = :profile_id
ORDER BY version
