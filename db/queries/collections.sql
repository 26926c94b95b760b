-- name: ranges_of(profile_id)
-- Newest first.
SELECT channel_id, top_id, before_id FROM collection_ranges
WHERE profile_id = :profile_id
ORDER BY channel_id, top_id DESC

-- name: erase_ranges_of(profile_id, channel_id)!
DELETE FROM collection_ranges WHERE profile_id = :profile_id AND channel_id = :channel_id

-- name: add_ranges*!
INSERT INTO collection_ranges (profile_id, channel_id, top_id, before_id)
VALUES (:profile_id, :channel_id, :top_id, :before_id)

-- name: erase_ranges(profile_id)!
DELETE FROM collection_ranges WHERE profile_id = :profile_id

-- name: drop_ranges_of_place(channel_id)!
DELETE FROM collection_ranges WHERE channel_id = :channel_id

-- name: places_of(profile_id)
SELECT * FROM collection_places WHERE profile_id = :profile_id ORDER BY channel_id

-- name: put_places*!
INSERT INTO collection_places (profile_id, channel_id, outcome, reason, pages, seen, kept, dropped)
VALUES (:profile_id, :channel_id, :outcome, :reason, :pages, :seen, :kept, :dropped)
ON CONFLICT (profile_id, channel_id) DO UPDATE
SET outcome = excluded.outcome,
    reason = excluded.reason,
    pages = excluded.pages,
    seen = excluded.seen,
    kept = excluded.kept,
    dropped = excluded.dropped

-- name: erase_places(profile_id)!
DELETE FROM collection_places WHERE profile_id = :profile_id

-- name: drop_results_of_place(channel_id)!
DELETE FROM collection_places WHERE channel_id = :channel_id

-- name: plan_of(profile_id)^
SELECT method, upper_id, requests, made FROM collection_plans WHERE profile_id = :profile_id

-- name: put_plan(profile_id, method, upper_id, requests, made)!
INSERT INTO collection_plans (profile_id, method, upper_id, requests, made)
VALUES (:profile_id, :method, :upper_id, :requests, :made)
ON CONFLICT (profile_id) DO UPDATE
SET method = excluded.method, upper_id = excluded.upper_id, requests = excluded.requests, made = excluded.made

-- name: erase_plan(profile_id)!
DELETE FROM collection_plans WHERE profile_id = :profile_id
