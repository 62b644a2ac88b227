//! `service.toml`: every key, its meaning and its default. An unknown key is an error with file, line and nearest key.

use crate::clock::{DAY, HOUR, MINUTE};
use crate::throttle::{Locks, PinLocks, Rate};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use verification_api::backup_code::Groups;
use verification_api::wire::Timers;

/// Where the configuration is looked for without `--config`: that of the first instance.
pub const DEFAULT_PATH: &str = "/etc/verification-service/1.toml";

/// The largest configuration that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Why a configuration is not taken: one sentence with file and, where there is one, line.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {}: {cause}. Give another with --config, or make one with `init`", path.display())]
    Unreadable { path: PathBuf, cause: std::io::Error },
    #[error("{} is larger than 1 MiB: that is no configuration of this program", path.display())]
    TooLarge { path: PathBuf },
    #[error("{}, line {line}: {what}", path.display())]
    Wrong { path: PathBuf, line: usize, what: String },
    #[error("{}: {what}", path.display())]
    Value { path: PathBuf, what: String },
}

/// The whole file. Paths are absolute after [`Config::load`]: relative ones are relative to the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub listen: Listen,
    pub tls: Tls,
    pub database: Database,
    pub secrets: Secrets,
    #[serde(default)]
    pub code: Code,
    #[serde(default)]
    pub portal: Portal,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub retention: Retention,
    #[serde(default)]
    pub log: LogTable,
    #[serde(default)]
    pub kiosks: Kiosks,
    /// Times that hold at every kiosk; without the table each kiosk has its own.
    pub timers: Option<TimersTable>,
}

/// `[timers]`, in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimersTable {
    pub warn_s: u32,
    pub answer_s: u32,
    pub complete_s: u32,
    pub referred_s: u32,
    pub held_s: u32,
}

impl From<TimersTable> for Timers {
    fn from(table: TimersTable) -> Self {
        let TimersTable { warn_s, answer_s, complete_s, referred_s, held_s } = table;
        Self { warn_s, answer_s, complete_s, referred_s, held_s }
    }
}

/// What a kiosk is told when it enrols, and what its certificate is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kiosks {
    /// Days that a client certificate is valid; it is renewed at two thirds of them.
    pub certificate_days: u32,
    /// Where kiosks reach the service, if that is not the first name of the server's certificate and the port of
    /// `[listen] kiosk`.
    pub url: Option<String>,
    /// Where new kiosks enrol, if that is not `[portal] origin`.
    pub enrol_url: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    pub kiosk: SocketAddr,
    pub portal: SocketAddr,
    /// Metrics, health and readiness, plain HTTP: for this machine only.
    pub metrics: Option<SocketAddr>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Folder of `pki init`.
    pub dir: PathBuf,
    /// Certificates and CRL are looked at so often, in seconds.
    #[serde(default = "reload_seconds")]
    pub reload_seconds: u32,
}

const fn reload_seconds() -> u32 {
    30
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:FILE`, or `postgres://USER@HOST/DATABASE`.
    pub url: String,
}

/// Not shown: it may hold a password.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.url.split_once(':').map_or("?", |(engine, _)| engine))
    }
}

/// Which engine, and where.
#[derive(Clone)]
pub enum DatabaseAt {
    Sqlite(PathBuf),
    /// As PostgreSQL's own programs take it.
    Postgres(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    pub pepper: PathBuf,
    pub index_key: PathBuf,
    pub technician_pepper: PathBuf,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Code {
    /// Groups of a new code: 4 or 6.
    pub groups: u8,
    /// Days until a code expires.
    pub expires: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Portal {
    /// Where browsers find it, `https://NAME:PORT`: by default the first name of the server's certificate, and the port
    /// that is listened on.
    pub origin: Option<String>,
    /// The domain that passkeys belong to: by default the name in `origin`.
    pub rp_id: Option<String>,
    /// Minutes without use that end a session.
    pub idle_minutes: u32,
    /// A certificate that browsers trust, with its chain, for the names that it has; other names get the server's own.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub verifications_per_minute: u32,
    pub verifications_burst: u32,
    pub inspections_per_minute: u32,
    pub inspections_burst: u32,
    /// Looks at referrals of one officer's session.
    pub looks_per_minute: u32,
    /// More distinct failing identifiers than this, within `failing_minutes`, quarantine a kiosk.
    pub failing_identifiers: u32,
    pub failing_minutes: u32,
    /// Every so many tries with one identifier lock it.
    pub lock_after: u32,
    /// For how long: the first time, the second, and every further one.
    pub lock_minutes: [u32; 3],
    /// Tries without success that disable a code.
    pub disable_after: u32,
    /// Wrong PINs, and wrong passwords in the portal, that begin to lock.
    pub pin_failures: u32,
    /// For how long the first of them locks; each further one locks twice as long,
    pub pin_lock_seconds: u32,
    /// but not for longer than this.
    pub pin_lock_longest_seconds: u32,
    /// Sign-ins to the portal that are weighed, of everybody together, but for browsers that have signed in before.
    pub sign_ins_per_minute: u32,
    pub sign_ins_burst: u32,
    /// Requests for a certificate, of one client.
    pub renewals_per_minute: u32,
    pub renewals_burst: u32,
    /// Referrals, overrides and calls for an officer, of one kiosk, each.
    pub records_per_minute: u32,
    pub records_burst: u32,
    /// Writes of one client at once; more wait for their turn.
    pub in_flight: usize,
    /// Connections at once, on each port.
    pub connections: usize,
    /// Age of a connection, in seconds.
    pub connection_seconds: u32,
}

/// The audit log.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogTable {
    /// Where the newest checkpoint is written once a minute, off this host: a file or a folder.
    pub export: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    pub replies_hours: u32,
    pub throttles_days: u32,
    pub referrals_hours: u32,
    pub audit_days: u32,
}

impl Default for Code {
    fn default() -> Self {
        Self { groups: 4, expires: 365 }
    }
}

impl Default for Portal {
    fn default() -> Self {
        Self { origin: None, rp_id: None, idle_minutes: 15, certificate: None, key: None }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            verifications_per_minute: 10,
            verifications_burst: 20,
            inspections_per_minute: 10,
            inspections_burst: 20,
            looks_per_minute: 30,
            failing_identifiers: 15,
            failing_minutes: 10,
            lock_after: 5,
            lock_minutes: [15, 30, 60],
            disable_after: 20,
            pin_failures: 5,
            pin_lock_seconds: 15,
            pin_lock_longest_seconds: 900,
            sign_ins_per_minute: 120,
            sign_ins_burst: 120,
            renewals_per_minute: 2,
            renewals_burst: 10,
            records_per_minute: 60,
            records_burst: 120,
            in_flight: 4,
            connections: 1024,
            connection_seconds: 600,
        }
    }
}

impl Default for Kiosks {
    fn default() -> Self {
        Self { certificate_days: crate::pki::KIOSK_DAYS, url: None, enrol_url: None }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { replies_hours: 24, throttles_days: 30, referrals_hours: 4, audit_days: 730 }
    }
}

impl Limits {
    #[must_use]
    pub const fn verifications(&self) -> Rate {
        Rate { per_minute: self.verifications_per_minute, burst: self.verifications_burst }
    }

    #[must_use]
    pub const fn inspections(&self) -> Rate {
        Rate { per_minute: self.inspections_per_minute, burst: self.inspections_burst }
    }

    #[must_use]
    pub const fn looks(&self) -> Rate {
        Rate { per_minute: self.looks_per_minute, burst: self.looks_per_minute }
    }

    /// Sign-ins to the portal.
    #[must_use]
    pub const fn sign_ins(&self) -> Rate {
        Rate { per_minute: self.sign_ins_per_minute, burst: self.sign_ins_burst }
    }

    #[must_use]
    pub const fn renewals(&self) -> Rate {
        Rate { per_minute: self.renewals_per_minute, burst: self.renewals_burst }
    }

    #[must_use]
    pub const fn records(&self) -> Rate {
        Rate { per_minute: self.records_per_minute, burst: self.records_burst }
    }

    /// Of tries with an identifier.
    #[must_use]
    pub const fn locks(&self) -> Locks {
        Locks { after: self.lock_after, minutes: self.lock_minutes }
    }

    /// Of sign-ins.
    #[must_use]
    pub const fn pin_locks(&self) -> PinLocks {
        PinLocks {
            after: self.pin_failures,
            seconds: self.pin_lock_seconds,
            longest_seconds: self.pin_lock_longest_seconds,
        }
    }

    /// Milliseconds in which failing identifiers are counted.
    #[must_use]
    pub fn failing_window(&self) -> i64 {
        i64::from(self.failing_minutes) * MINUTE
    }
}

impl Retention {
    /// Milliseconds that each kind of row is kept: replies, throttles, referrals, audit.
    #[must_use]
    pub fn spans(&self) -> [i64; 4] {
        [
            i64::from(self.replies_hours) * HOUR,
            i64::from(self.throttles_days) * DAY,
            i64::from(self.referrals_hours) * HOUR,
            i64::from(self.audit_days) * DAY,
        ]
    }
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// [`ConfigError`], a sentence that says what to change.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |cause| ConfigError::Unreadable { path: path.into(), cause };
        if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_BYTES {
            return Err(ConfigError::TooLarge { path: path.into() });
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let mut config = Self::parse(&text, path)?;
        let folder = std::path::absolute(path).map_err(unreadable)?;
        let folder = folder.parent().unwrap_or(Path::new("/"));
        for file in [
            &mut config.tls.dir,
            &mut config.secrets.pepper,
            &mut config.secrets.index_key,
            &mut config.secrets.technician_pepper,
        ] {
            *file = folder.join(&*file);
        }
        for file in [&mut config.log.export, &mut config.portal.certificate, &mut config.portal.key] {
            *file = file.take().map(|path| folder.join(path));
        }
        if let Some(file) = config.database.url.strip_prefix("sqlite:") {
            config.database.url = format!("sqlite:{}", folder.join(file).display());
        }
        Ok(config)
    }

    /// Reads the text of a file; `path` is for the sentences of errors.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|why| {
            let line = why.span().map_or(1, |span| 1 + text.get(..span.start).unwrap_or(text).matches('\n').count());
            ConfigError::Wrong { path: path.into(), line, what: with_nearest(why.message()) }
        })?;
        let wrong = |what: &str| Err(ConfigError::Value { path: path.into(), what: what.to_owned() });
        if Groups::from_count(usize::from(config.code.groups)).is_none() {
            return wrong("[code] groups must be 4 or 6");
        }
        if config.code.expires == 0 || config.code.expires > 3650 {
            return wrong("[code] expires is in days, from 1 to 3650");
        }
        match config.database.url.split_once(':') {
            Some(("sqlite", file)) if !file.is_empty() => {}
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {}
            _ => return wrong("[database] url must be sqlite:FILE or postgres://USER@HOST/DATABASE"),
        }
        if !(3..=60).contains(&config.portal.idle_minutes) {
            return wrong("[portal] idle_minutes must be from 3 to 60");
        }
        if config.kiosks.certificate_days == 0 || config.kiosks.certificate_days > 398 {
            return wrong("[kiosks] certificate_days is from 1 to 398");
        }
        if let Some(timers) = &config.timers {
            // WCAG 2.2, 2.2.1: at least 20 seconds to ask for more time.
            let all = [timers.warn_s, timers.answer_s, timers.complete_s, timers.referred_s, timers.held_s];
            if timers.warn_s < 20 || timers.answer_s < 20 || all.iter().any(|s| !(5..=3600).contains(s)) {
                return wrong("[timers] are from 5 to 3600 seconds; warn_s and answer_s at least 20");
            }
        }
        if config.tls.reload_seconds == 0 || config.tls.reload_seconds > 3600 {
            return wrong("[tls] reload_seconds is from 1 to 3600");
        }
        if config.retention.spans().contains(&0) {
            return wrong(
                "[retention] replies_hours, throttles_days, referrals_hours and audit_days must be at least 1",
            );
        }
        let limits = &config.limits;
        if [limits.lock_after, limits.disable_after, limits.pin_failures, limits.connection_seconds].contains(&0)
            || limits.connections == 0
        {
            return wrong(
                "[limits] lock_after, disable_after, pin_failures, connections and connection_seconds must be at least 1",
            );
        }
        if limits.in_flight == 0 {
            return wrong("[limits] in_flight must be at least 1");
        }
        if config.portal.certificate.is_some() != config.portal.key.is_some() {
            return wrong("[portal] certificate and key belong together: give both or none");
        }
        if config.kiosks.enrol_url.as_ref().is_some_and(|url| !url.starts_with("https://")) {
            return wrong("[kiosks] enrol_url must begin with https://");
        }
        if limits.lock_minutes.contains(&0) || limits.pin_lock_seconds == 0 {
            return wrong("[limits] lock_minutes and pin_lock_seconds must be at least 1: what is locked is locked");
        }
        if limits.pin_lock_longest_seconds < limits.pin_lock_seconds {
            return wrong("[limits] pin_lock_longest_seconds must not be less than pin_lock_seconds");
        }
        Ok(config)
    }

    /// Where the database is.
    #[must_use]
    pub fn database_at(&self) -> DatabaseAt {
        match self.database.url.strip_prefix("sqlite:") {
            Some(file) => DatabaseAt::Sqlite(PathBuf::from(file)),
            None => DatabaseAt::Postgres(self.database.url.clone()),
        }
    }

    /// Groups of a new code.
    #[must_use]
    pub fn groups(&self) -> Groups {
        Groups::from_count(usize::from(self.code.groups)).unwrap_or(Groups::Four)
    }
}

/// The parser's message for an unknown key names all known ones; a person wants the nearest.
fn with_nearest(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown field"), words.next()) {
        (true, Some(unknown)) => {
            let known: Vec<&str> = words.collect();
            match known.iter().min_by_key(|key| strsim::levenshtein(unknown, key)) {
                Some(nearest) => format!("there is no key `{unknown}` here; did you mean `{nearest}`?"),
                None => format!("there is no key `{unknown}` here"),
            }
        }
        _ => message.to_owned(),
    }
}

/// Every key with its default and a comment; what `init` writes.
const TEMPLATE: &str = include_str!("../../config/service/service.toml");

/// The file that `init` writes: the template with these addresses and this database.
#[must_use]
pub fn template(kiosk: SocketAddr, portal: SocketAddr, database: Option<&str>) -> String {
    let given =
        [("kiosk", Some(kiosk.to_string())), ("portal", Some(portal.to_string())), ("url", database.map(Into::into))];
    TEMPLATE.lines().map(|line| with_value(line, &given) + "\n").collect()
}

/// The line with the value that was given for its key, if one was.
fn with_value(line: &str, given: &[(&str, Option<String>)]) -> String {
    let found = given.iter().find_map(|(key, value)| {
        let comment = line.strip_prefix(key)?.strip_prefix(" = \"")?.split_once('"')?.1.trim_start();
        // A text of TOML is written as one of JSON is (TOML 1.0, basic strings).
        let set = format!("{key} = {}", serde_json::Value::from(value.clone()?));
        Some(format!("{set:<31} {comment}"))
    });
    found.unwrap_or_else(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Config, Limits, template};
    use std::path::Path;
    use strsim::levenshtein as distance;

    fn written() -> String {
        template("127.0.0.1:8443".parse().unwrap(), "127.0.0.1:8444".parse().unwrap(), None)
    }

    fn error(text: &str) -> String {
        Config::parse(text, Path::new("service.toml")).err().map(|why| why.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_init_writes_is_read_with_the_defaults() {
        let config = Config::parse(&written(), Path::new("service.toml")).unwrap();
        assert_eq!(config.code.groups, 4);
        assert_eq!(config.limits, Limits::default(), "every limit is in the file");
        let table = written().split("[limits]\n").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
        let keys = format!("{:?}", Limits::default()).matches(": ").count();
        assert_eq!(table.lines().count(), keys, "{table}");
        assert_eq!(config.listen.kiosk.port(), 8443);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() {
        let text = written().replace("failing_minutes = 10", "failing_minuts = 10");
        let line = 1 + text.lines().position(|l| l.starts_with("failing_minuts")).unwrap();
        assert_eq!(
            error(&text),
            format!(
                "service.toml, line {line}: there is no key `failing_minuts` here; did you mean `failing_minutes`?"
            )
        );
    }

    #[test]
    fn values_out_of_range_are_refused_in_words() {
        assert!(error(&written().replace("groups = 4", "groups = 5")).contains("4 or 6"));
        assert!(error(&written().replace("sqlite:", "mysql:")).contains("sqlite:FILE or postgres://"));
        assert!(error(&written().replace("lock_after = 5", "lock_after = 0")).contains("at least 1"));
        for (key, value) in [("replies_hours", 24), ("throttles_days", 30), ("referrals_hours", 4), ("audit_days", 730)]
        {
            let none = written().replace(&format!("{key} = {value}"), &format!("{key} = 0"));
            assert!(error(&none).contains("[retention]") && error(&none).contains("at least 1"), "{key}");
        }
        assert!(error(&written().replace("lock_minutes = [15", "lock_minutes = [0")).contains("must be at least 1"));
        assert!(error(&written().replace("longest_seconds = 900", "longest_seconds = 9")).contains("not be less"));
        assert!(error("[listen]\n").contains("line 1"));
        let timers = "[timers]\nwarn_s = 60\nanswer_s = 10\ncomplete_s = 20\nreferred_s = 30\nheld_s = 120\n";
        assert!(error(&(written() + timers)).contains("at least 20"));
    }

    #[test]
    fn distances_are_edit_distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
