-- As sqlite/0004_portal.sql, table by table.

CREATE TABLE login (
    id           TEXT PRIMARY KEY,      -- also the pseudonym in the audit log
    kind         TEXT NOT NULL CHECK (kind IN ('holder', 'representative')),
    account      TEXT UNIQUE REFERENCES account (id),
    name         BYTEA NOT NULL UNIQUE,  -- blind of the user name
    user_name    BYTEA NOT NULL,         -- sealed
    kid          BIGINT NOT NULL,
    salt         BYTEA NOT NULL,
    nonce        BYTEA NOT NULL,
    tag          BYTEA NOT NULL,
    password_at  BIGINT NOT NULL,
    totp         BYTEA,                  -- sealed
    totp_step    BIGINT NOT NULL,      -- the last step whose code was taken: none is taken twice
    made_at      BIGINT NOT NULL
);

CREATE TABLE passkey (
    id         TEXT PRIMARY KEY,
    login      TEXT NOT NULL REFERENCES login (id),
    sealed     BYTEA NOT NULL,
    made_at    BIGINT NOT NULL,
    last_used  BIGINT
);
CREATE INDEX passkey_login ON passkey (login);

CREATE TABLE representation (
    id           TEXT PRIMARY KEY,
    account      TEXT NOT NULL REFERENCES account (id),
    login        TEXT REFERENCES login (id),
    sealed       BYTEA NOT NULL,         -- JSON: name, firm, number
    delegation   BYTEA NOT NULL REFERENCES identifier (blind),
    made_at      BIGINT NOT NULL,
    accepted_at  BIGINT,
    ended_at     BIGINT
);
CREATE INDEX representation_account ON representation (account);
CREATE INDEX representation_login ON representation (login);

CREATE TABLE invitation (
    hash            BYTEA PRIMARY KEY,   -- SHA-256 of the 100 random bits in the letter
    kind            TEXT NOT NULL CHECK (kind IN ('holder', 'representative')),
    account         TEXT NOT NULL REFERENCES account (id),
    representation  TEXT REFERENCES representation (id),
    made_at         BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    ended_at        BIGINT,
    tries           BIGINT NOT NULL
);
CREATE INDEX invitation_account ON invitation (account);

CREATE TABLE portal_session (
    hash          BYTEA PRIMARY KEY,     -- SHA-256 of the cookie
    id            TEXT NOT NULL UNIQUE,
    stage         TEXT NOT NULL CHECK (stage IN ('register', 'second_step', 'signed_in')),
    login         TEXT REFERENCES login (id),
    registration  BYTEA,                 -- sealed
    ceremony      BYTEA,                 -- sealed: a passkey's ceremony half done
    agent         TEXT NOT NULL,        -- JSON: browser and system, roughly
    begun_at      BIGINT NOT NULL,
    last_used     BIGINT NOT NULL,
    fresh_at      BIGINT NOT NULL,
    ended_at      BIGINT
);
CREATE INDEX portal_session_login ON portal_session (login, ended_at);

CREATE TABLE code_hint (
    code    TEXT PRIMARY KEY REFERENCES code (id),
    sealed  BYTEA NOT NULL               -- the last two symbols
);

-- A code under a key that only its holder's password makes.
CREATE TABLE locked_code (
    code    TEXT PRIMARY KEY REFERENCES code (id),
    login   TEXT NOT NULL REFERENCES login (id),
    salt    BYTEA NOT NULL,
    sealed  BYTEA NOT NULL
);
CREATE INDEX locked_code_login ON locked_code (login);

CREATE TABLE activity (
    id              TEXT PRIMARY KEY,
    at              BIGINT NOT NULL,
    event           TEXT NOT NULL,
    account         TEXT,
    login           TEXT,
    representation  TEXT
);
CREATE INDEX activity_account ON activity (account, at);
CREATE INDEX activity_login ON activity (login, at);
CREATE INDEX activity_representation ON activity (representation, at);

CREATE INDEX identifier_account ON identifier (account);
CREATE INDEX verification_identifier ON verification (identifier, at);
