-- name: put_measures(profile_id, version, at, host, base, outcome, failure, drafts, rejected, wait, first_token, seconds, tokens, token_seconds, prompt_tokens, evaluated, objections)*!
-- Nothing of a profile that is being forgotten meanwhile, or of none.
INSERT INTO measures (
    profile_id, version, at, host, base, outcome, failure, drafts, rejected, wait, first_token, seconds, tokens,
    token_seconds, prompt_tokens, evaluated, objections
)
SELECT
    echo_profiles.id, :version, :at, :host, :base, :outcome, :failure, :drafts, :rejected, :wait, :first_token,
    :seconds, :tokens, :token_seconds, :prompt_tokens, :evaluated, :objections
FROM echo_profiles
WHERE echo_profiles.id = :profile_id AND echo_profiles.training_status NOT IN ('forgetting', 'forgotten')

-- name: measured_profiles(since)
SELECT DISTINCT profile_id FROM measures WHERE at >= :since ORDER BY profile_id

-- name: measured_outcomes(profile_id, since)
-- Most frequent first.
SELECT outcome, COUNT(*) AS answers FROM measures
WHERE profile_id = :profile_id AND at >= :since
GROUP BY outcome
ORDER BY COUNT(*) DESC, outcome

-- name: measured_failures(profile_id, since)
-- Most frequent first.
SELECT failure, COUNT(*) AS answers FROM measures
WHERE profile_id = :profile_id AND at >= :since AND failure <> ''
GROUP BY failure
ORDER BY COUNT(*) DESC, failure

-- name: measured_objections(profile_id, since)
SELECT objections, COUNT(*) AS answers FROM measures
WHERE profile_id = :profile_id AND at >= :since AND objections <> ''
GROUP BY objections
ORDER BY objections

-- name: measured_sums(profile_id, since)^
-- Where the embedded engine stood in, its drafts of single messages are nothing of Ollama's.
SELECT
    COALESCE(SUM(CASE WHEN outcome <> 'stood_in' THEN drafts END), 0) AS drafts,
    COALESCE(SUM(CASE WHEN outcome <> 'stood_in' THEN rejected END), 0) AS rejected,
    COALESCE(SUM(tokens), 0) AS tokens,
    COALESCE(SUM(token_seconds), 0.0) AS token_seconds,
    COALESCE(SUM(CASE WHEN evaluated IS NOT NULL THEN prompt_tokens END), 0) AS prompt_tokens,
    COALESCE(SUM(evaluated), 0) AS evaluated
FROM measures
WHERE profile_id = :profile_id AND at >= :since

-- name: measured_spreads(profile_id, since)
-- The median and the 95th percentile by nearest rank; how long a failure took tells nothing of answers.
WITH figures AS (
    SELECT 'first_token' AS what, first_token AS figure FROM measures
    WHERE profile_id = :profile_id AND at >= :since AND first_token IS NOT NULL
    UNION ALL
    SELECT 'seconds' AS what, seconds AS figure FROM measures
    WHERE profile_id = :profile_id AND at >= :since AND outcome IN ('answered', 'silent')
    UNION ALL
    SELECT 'wait' AS what, wait AS figure FROM measures
    WHERE profile_id = :profile_id AND at >= :since AND outcome IN ('answered', 'silent')
),
ranked AS (
    SELECT
        what,
        figure,
        ROW_NUMBER() OVER (PARTITION BY what ORDER BY figure) AS place,
        COUNT(*) OVER (PARTITION BY what) AS figures
    FROM figures
)
SELECT
    what,
    MIN(CASE WHEN place = (figures * 50 + 99) / 100 THEN figure END) AS p50,
    MIN(CASE WHEN place = (figures * 95 + 99) / 100 THEN figure END) AS p95
FROM ranked
GROUP BY what

-- name: newest_measures(profile_id, since, rows)
-- Of what was really answered, newest first.
SELECT seconds, tokens, token_seconds FROM measures
WHERE profile_id = :profile_id AND at >= :since AND outcome = 'answered'
ORDER BY at DESC, id DESC
LIMIT :rows

-- name: measured_hosts(since)
SELECT
    host,
    base,
    COUNT(*) AS answers,
    COALESCE(SUM(CASE WHEN failure <> '' THEN 1 END), 0) AS failures
FROM measures
WHERE at >= :since
GROUP BY host, base
ORDER BY host, base
