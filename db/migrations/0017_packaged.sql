-- Which messages the person's own data package holds, too, word for word, whatever way they came first.

ALTER TABLE user_messages ADD COLUMN packaged INTEGER NOT NULL DEFAULT 0 CHECK (packaged IN (0, 1));
