-- As sqlite/0001_first_light.sql, table by table. `rowid`, which SQLite has by itself, tells the order of rows that were made
-- in the same millisecond.
--
-- Times are milliseconds since 1970, UTC. "blind" columns are HMACs, "sealed" columns AES-256-GCM (src/secrets.rs).

CREATE TABLE kiosk (
    id              TEXT PRIMARY KEY,
    number          TEXT NOT NULL UNIQUE,
    lane            TEXT NOT NULL,
    added_at        BIGINT NOT NULL,
    revoked_at      BIGINT,
    quarantined_at  BIGINT,
    last_seen       BIGINT,
    heartbeat       TEXT                -- the last one as JSON: device health, journal head, version
);

CREATE TABLE kiosk_key (
    kiosk       TEXT NOT NULL REFERENCES kiosk (id),
    spki        BYTEA NOT NULL,          -- SHA-256 of the SubjectPublicKeyInfo: the pin
    public_key  BYTEA NOT NULL,          -- the uncompressed point, kept for old signatures
    serial      BYTEA NOT NULL,
    not_before  BIGINT NOT NULL,
    not_after   BIGINT NOT NULL,
    ended_at    BIGINT,
    PRIMARY KEY (kiosk, spki)
);

CREATE TABLE account (
    id             TEXT PRIMARY KEY,
    name           BYTEA NOT NULL,       -- sealed
    birth_date     BYTEA NOT NULL,       -- sealed
    record_status  TEXT NOT NULL CHECK (record_status IN ('clear', 'refer')),
    made_at        BIGINT NOT NULL
);

CREATE TABLE identifier (
    blind    BYTEA PRIMARY KEY,
    account  TEXT NOT NULL REFERENCES account (id),
    type     TEXT NOT NULL,
    sealed   BYTEA NOT NULL
);

CREATE TABLE document (
    rowid  BIGINT GENERATED ALWAYS AS IDENTITY,
    blind        BYTEA PRIMARY KEY,      -- of issuer, type, number
    account      TEXT NOT NULL REFERENCES account (id),
    type         TEXT NOT NULL,
    sealed       BYTEA NOT NULL,         -- JSON: number, expiry, card number
    status       TEXT NOT NULL          -- JSON: as recorded; it may have expired since
);
CREATE INDEX document_account ON document (account);

CREATE TABLE code (
    rowid  BIGINT GENERATED ALWAYS AS IDENTITY,
    id          TEXT PRIMARY KEY,
    account     TEXT NOT NULL REFERENCES account (id),
    identifier  BYTEA NOT NULL REFERENCES identifier (blind),
    alg         TEXT NOT NULL,
    kid         BIGINT NOT NULL,
    salt        BYTEA NOT NULL,
    nonce       BYTEA NOT NULL,
    tag         BYTEA NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('active', 'used', 'replaced', 'revoked', 'disabled')),
    version     BIGINT NOT NULL,
    made_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    ended_at    BIGINT
);
CREATE UNIQUE INDEX code_one_active ON code (identifier) WHERE state = 'active';
CREATE INDEX code_newest ON code (identifier, made_at);

CREATE TABLE throttle (
    identifier    BYTEA PRIMARY KEY,     -- blind, also of identifiers that do not exist
    n             BIGINT NOT NULL,
    locked_until  BIGINT NOT NULL,
    last_at       BIGINT NOT NULL
);

CREATE TABLE pin_throttle (
    subject       BYTEA PRIMARY KEY,     -- blind of a badge or of a kiosk
    n             BIGINT NOT NULL,
    locked_until  BIGINT NOT NULL,
    last_at       BIGINT NOT NULL
);

CREATE TABLE rate (
    subject  TEXT PRIMARY KEY,
    arrival  BIGINT NOT NULL           -- microseconds since 1970
);

CREATE TABLE failing_identifier (
    kiosk    TEXT NOT NULL,
    subject  BYTEA NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (kiosk, subject)
);

CREATE TABLE put (
    kiosk     TEXT NOT NULL,
    scope     TEXT NOT NULL,            -- 'request', 'referral', 'closed': one id may be used once in each
    id        TEXT NOT NULL,
    kind      TEXT NOT NULL,
    body_mac  BYTEA NOT NULL,
    owner     BYTEA NOT NULL,
    begun_at  BIGINT NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('pending', 'done', 'purged')),
    charge    TEXT,                     -- JSON: how the first commit found code and throttle
    status    BIGINT,
    reply     BYTEA,                     -- sealed
    PRIMARY KEY (kiosk, scope, id)
);
CREATE INDEX put_age ON put (state, begun_at);

CREATE TABLE verification (
    kiosk       TEXT NOT NULL,
    id          TEXT NOT NULL,
    visit       TEXT NOT NULL,
    identifier  BYTEA NOT NULL,
    code        TEXT,                   -- the code that was used up, if any
    result      TEXT NOT NULL CHECK (result IN ('verified', 'not_verified')),
    purpose     TEXT NOT NULL,
    at          BIGINT NOT NULL,
    audit_seq   BIGINT NOT NULL,
    PRIMARY KEY (kiosk, id)
);
CREATE UNIQUE INDEX verification_once ON verification (code) WHERE code IS NOT NULL;

CREATE TABLE inspection (
    rowid  BIGINT GENERATED ALWAYS AS IDENTITY,
    kiosk            TEXT NOT NULL,
    id               TEXT NOT NULL,
    visit            TEXT NOT NULL,
    record           TEXT NOT NULL,
    document_status  TEXT NOT NULL,
    mismatch         TEXT NOT NULL,     -- JSON
    at               BIGINT NOT NULL,
    audit_seq        BIGINT NOT NULL,
    PRIMARY KEY (kiosk, id)
);
CREATE INDEX inspection_visit ON inspection (visit, at);

CREATE TABLE referral (
    visit      TEXT PRIMARY KEY,
    kiosk      TEXT NOT NULL,
    reference  TEXT NOT NULL UNIQUE,
    sealed     BYTEA NOT NULL,           -- the request as JSON
    stored_at  BIGINT NOT NULL
);

CREATE TABLE referral_opening (
    visit    TEXT NOT NULL,
    session  BYTEA NOT NULL,
    kiosk    TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (visit, session)
);

CREATE TABLE officer (
    id           TEXT PRIMARY KEY,      -- the pseudonym
    badge        BYTEA NOT NULL UNIQUE,  -- blind
    kid          BIGINT NOT NULL,
    salt         BYTEA NOT NULL,
    nonce        BYTEA NOT NULL,
    tag          BYTEA NOT NULL,
    added_at     BIGINT NOT NULL,
    disabled_at  BIGINT
);

CREATE TABLE officer_session (
    hash       BYTEA PRIMARY KEY,        -- SHA-256 of the session
    officer    TEXT NOT NULL REFERENCES officer (id),
    kiosk      TEXT NOT NULL,
    begun_at   BIGINT NOT NULL,
    last_used  BIGINT NOT NULL,
    ended_at   BIGINT
);
CREATE INDEX officer_session_at ON officer_session (officer, kiosk, begun_at);

CREATE TABLE override (
    kiosk        TEXT NOT NULL,
    id           TEXT NOT NULL,
    visit        TEXT NOT NULL,
    officer      TEXT,
    reason       TEXT NOT NULL,
    decided_at   BIGINT NOT NULL,
    received_at  BIGINT NOT NULL,
    flags        TEXT NOT NULL,         -- JSON: why a person must look at it
    sealed       BYTEA NOT NULL,         -- the body as signed
    signature    TEXT NOT NULL,         -- the header
    audit_seq    BIGINT NOT NULL,
    PRIMARY KEY (kiosk, id)
);

CREATE TABLE assistance (
    kiosk  TEXT NOT NULL,
    at     BIGINT NOT NULL,
    lane   TEXT NOT NULL,
    visit  TEXT
);

CREATE TABLE technician (
    id          TEXT PRIMARY KEY,
    name        BYTEA NOT NULL,          -- sealed
    issued_at   BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    revoked_at  BIGINT
);

CREATE TABLE audit (
    seq      BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL,
    actor    TEXT NOT NULL,
    event    TEXT NOT NULL,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL,             -- JSON
    hash     BYTEA NOT NULL              -- HMAC over the previous hash and this row
);

-- One row: where the audit log ends and where it was last purged, so that cutting it is seen.
CREATE TABLE audit_head (
    one         BIGINT PRIMARY KEY CHECK (one = 1),
    seq         BIGINT NOT NULL,
    hash        BYTEA NOT NULL,
    first_seq   BIGINT NOT NULL,       -- of the oldest row kept
    first_prev  BYTEA NOT NULL           -- the hash before it
);
INSERT INTO audit_head VALUES (1, 0, decode(repeat('00', 32), 'hex'), 1, decode(repeat('00', 32), 'hex'));
