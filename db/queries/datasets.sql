-- A split that is being written has negative part numbers until it is whole.

-- name: add_unfinished_part(profile_id, split, part, examples, content, made_at)!
INSERT INTO datasets (profile_id, split, part, examples, content, made_at)
VALUES (:profile_id, :split, -1 - :part, :examples, :content, :made_at)

-- name: erase_unfinished_dataset(profile_id, split)!
DELETE FROM datasets WHERE profile_id = :profile_id AND split = :split AND part < 0

-- name: erase_finished_dataset(profile_id, split)!
DELETE FROM datasets WHERE profile_id = :profile_id AND split = :split AND part >= 0

-- name: finish_dataset(profile_id, split)!
UPDATE datasets SET part = -1 - part WHERE profile_id = :profile_id AND split = :split

-- name: dataset_part(profile_id, split, part)$
SELECT content FROM datasets WHERE profile_id = :profile_id AND split = :split AND part = :part

-- name: dataset_sizes(profile_id)
SELECT split, SUM(examples) AS examples FROM datasets
WHERE profile_id = :profile_id AND part >= 0
GROUP BY split
ORDER BY split

-- name: erase_datasets(profile_id, batch)!
DELETE FROM datasets
WHERE (profile_id, split, part) IN (SELECT profile_id, split, part FROM datasets WHERE profile_id = :profile_id LIMIT :batch)

-- name: drop_datasets_of(profile_ids)!
DELETE FROM datasets WHERE profile_id IN (SELECT value FROM json_each(:profile_ids))
