-- Why the guard rejected drafts: kinds with their counts, as JSON, of each answer. No words of anybody.

ALTER TABLE measures ADD COLUMN objections TEXT NOT NULL DEFAULT '';
