-- Members who are invisible to the echoes of a server: no ids and no names, only keyed hashes of both.

-- pending: who it is and what they are called, sealed, until what was stored of them is erased; NULL from then on.
CREATE TABLE unseen_members (
    member BLOB NOT NULL PRIMARY KEY,
    pending BLOB
) STRICT;

CREATE TABLE unseen_names (
    name BLOB NOT NULL,
    member BLOB NOT NULL REFERENCES unseen_members (member) ON DELETE CASCADE,
    PRIMARY KEY (name, member)
) STRICT;

CREATE INDEX unseen_names_of_member ON unseen_names (member);
