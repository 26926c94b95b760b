-- What a subject agreed to, sealed under the installation's own key, and when that ended. NULL terms: agreed to before
-- there was a choice. A time of ending that is NULL: it holds.

ALTER TABLE consents ADD COLUMN terms BLOB;
ALTER TABLE consents ADD COLUMN ended_at TEXT;
