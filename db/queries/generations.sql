-- name: put_draft(profile_id, session_id, turn, created_at, texts, delay, typing, gaps, chance, why, model)$
-- The id of the draft; nothing where one of this thought was begun to be said.
INSERT INTO generations (
    profile_id, session_id, turn, created_at, texts, delay, typing, gaps, chance, why, model
) VALUES (
    :profile_id, :session_id, :turn, :created_at, :texts, :delay, :typing, :gaps, :chance, :why, :model
)
ON CONFLICT (session_id, turn) DO UPDATE
SET created_at = excluded.created_at,
    texts = excluded.texts,
    delay = excluded.delay,
    typing = excluded.typing,
    gaps = excluded.gaps,
    chance = excluded.chance,
    why = excluded.why,
    model = excluded.model
WHERE NOT EXISTS (SELECT 1 FROM generation_parts WHERE generation_parts.generation_id = generations.id)
RETURNING id

-- name: draft_of(session_id, turn)$
SELECT id FROM generations WHERE session_id = :session_id AND turn = :turn

-- name: generation(id, profile_id)^
SELECT * FROM generations WHERE id = :id AND profile_id = :profile_id

-- name: put_said_part(generation_id, part, message_id, said_at)!
INSERT INTO generation_parts (generation_id, part, message_id, said_at)
VALUES (:generation_id, :part, :message_id, :said_at)
ON CONFLICT (generation_id, part) DO NOTHING

-- name: latest_generations(profile_id, rows)
-- Newest first.
SELECT * FROM generations WHERE profile_id = :profile_id ORDER BY id DESC LIMIT :rows

-- name: said_parts(generation_id)
SELECT part, message_id, said_at FROM generation_parts WHERE generation_id = :generation_id ORDER BY part

-- name: reseal_generation(id, texts)!
UPDATE generations SET texts = :texts WHERE id = :id

-- name: add_training_run(profile_id, version, messages, seconds, started_at, outcome)!
INSERT INTO training_runs (profile_id, version, messages, seconds, started_at, outcome)
VALUES (:profile_id, :version, :messages, :seconds, :started_at, :outcome)

-- name: training_runs_of(profile_id)
SELECT * FROM training_runs WHERE profile_id = :profile_id ORDER BY id
