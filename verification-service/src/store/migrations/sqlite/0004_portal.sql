-- The account portal: who signs in and how, their sessions, what they may see of codes, representatives, their own log.

CREATE TABLE login (
    id           TEXT PRIMARY KEY,      -- also the pseudonym in the audit log
    kind         TEXT NOT NULL CHECK (kind IN ('holder', 'representative')),
    account      TEXT UNIQUE REFERENCES account (id),
    name         BLOB NOT NULL UNIQUE,  -- blind of the user name
    user_name    BLOB NOT NULL,         -- sealed
    kid          INTEGER NOT NULL,
    salt         BLOB NOT NULL,
    nonce        BLOB NOT NULL,
    tag          BLOB NOT NULL,
    password_at  INTEGER NOT NULL,
    totp         BLOB,                  -- sealed
    totp_step    INTEGER NOT NULL,      -- the last step whose code was taken: none is taken twice
    made_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE passkey (
    id         TEXT PRIMARY KEY,
    login      TEXT NOT NULL REFERENCES login (id),
    sealed     BLOB NOT NULL,
    made_at    INTEGER NOT NULL,
    last_used  INTEGER
) STRICT;
CREATE INDEX passkey_login ON passkey (login);

CREATE TABLE representation (
    id           TEXT PRIMARY KEY,
    account      TEXT NOT NULL REFERENCES account (id),
    login        TEXT REFERENCES login (id),
    sealed       BLOB NOT NULL,         -- JSON: name, firm, number
    delegation   BLOB NOT NULL REFERENCES identifier (blind),
    made_at      INTEGER NOT NULL,
    accepted_at  INTEGER,
    ended_at     INTEGER
) STRICT;
CREATE INDEX representation_account ON representation (account);
CREATE INDEX representation_login ON representation (login);

CREATE TABLE invitation (
    hash            BLOB PRIMARY KEY,   -- SHA-256 of the 100 random bits in the letter
    kind            TEXT NOT NULL CHECK (kind IN ('holder', 'representative')),
    account         TEXT NOT NULL REFERENCES account (id),
    representation  TEXT REFERENCES representation (id),
    made_at         INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    tries           INTEGER NOT NULL
) STRICT;
CREATE INDEX invitation_account ON invitation (account);

CREATE TABLE portal_session (
    hash          BLOB PRIMARY KEY,     -- SHA-256 of the cookie
    id            TEXT NOT NULL UNIQUE,
    stage         TEXT NOT NULL CHECK (stage IN ('register', 'second_step', 'signed_in')),
    login         TEXT REFERENCES login (id),
    registration  BLOB,                 -- sealed
    ceremony      BLOB,                 -- sealed: a passkey's ceremony half done
    agent         TEXT NOT NULL,        -- JSON: browser and system, roughly
    begun_at      INTEGER NOT NULL,
    last_used     INTEGER NOT NULL,
    fresh_at      INTEGER NOT NULL,
    ended_at      INTEGER
) STRICT;
CREATE INDEX portal_session_login ON portal_session (login, ended_at);

CREATE TABLE code_hint (
    code    TEXT PRIMARY KEY REFERENCES code (id),
    sealed  BLOB NOT NULL               -- the last two symbols
) STRICT;

-- A code under a key that only its holder's password makes.
CREATE TABLE locked_code (
    code    TEXT PRIMARY KEY REFERENCES code (id),
    login   TEXT NOT NULL REFERENCES login (id),
    salt    BLOB NOT NULL,
    sealed  BLOB NOT NULL
) STRICT;
CREATE INDEX locked_code_login ON locked_code (login);

CREATE TABLE activity (
    id              TEXT PRIMARY KEY,
    at              INTEGER NOT NULL,
    event           TEXT NOT NULL,
    account         TEXT,
    login           TEXT,
    representation  TEXT
) STRICT;
CREATE INDEX activity_account ON activity (account, at);
CREATE INDEX activity_login ON activity (login, at);
CREATE INDEX activity_representation ON activity (representation, at);

CREATE INDEX identifier_account ON identifier (account);
CREATE INDEX verification_identifier ON verification (identifier, at);
