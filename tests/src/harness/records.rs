//! The service's folder, made with its own command line: keys, secrets, database, kiosks, holders, officers.

use super::process::{Said, run};
use super::programs::program;
use super::{OrTrouble, Outcome, Trouble};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that `verification-service init` made.
pub struct Records {
    pub folder: PathBuf,
    program: PathBuf,
}

/// A holder of a record, as `account add` takes one.
#[derive(Clone, Copy)]
pub struct Holder<'a> {
    pub a_number: Option<&'a str>,
    pub receipt: Option<&'a str>,
    /// `SPECIMEN<<ANNA`.
    pub name: &'a str,
    /// `YYYY-MM-DD`.
    pub birth_date: &'a str,
    /// `TYPE:ISSUER:NUMBER:EXPIRY:STATUS`.
    pub document: &'a str,
}

/// A kiosk that the service knows.
pub struct Enrolled {
    pub id: String,
    /// `chain.pem`, `key.pem`, `root.pem`, `kiosk.toml`.
    pub folder: PathBuf,
}

impl Records {
    /// Makes everything to start with in `folder`, which must be empty or absent. Ports are chosen when serving.
    ///
    /// # Errors
    /// The program's own words.
    pub fn init(folder: &Path) -> Outcome<Self> {
        let records = Self { folder: folder.to_owned(), program: program("verification-service")? };
        let mut command = Command::new(&records.program);
        command.args(["init", "--json", "--server-name", "localhost", "--server-name", "127.0.0.1"]);
        command.args(["--kiosk-listen", "127.0.0.1:0", "--portal-listen", "127.0.0.1:0", "--dir"]).arg(folder);
        run(&mut command, "")?.success().map_err(|trouble| trouble.during("verification-service init"))?;
        Ok(records)
    }

    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder.join("service.toml")
    }

    /// The public key and the pepper with which a kiosk judges technicians' credentials.
    #[must_use]
    pub fn technician_keys(&self) -> (PathBuf, PathBuf) {
        (self.folder.join("technician.pub"), self.folder.join("secrets/technician_pepper"))
    }

    /// The command `verification-service WORDS… --config …`, not yet run.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).arg("--config").arg(self.config());
        command
    }

    /// Runs `verification-service WORDS… --json` to its end.
    ///
    /// # Errors
    /// It cannot be started. A refusal is no error: look at the status.
    pub fn said(&self, words: &[&str], input: &str) -> Outcome<Said> {
        run(self.command(words).arg("--json"), input)
    }

    /// Runs it and gives what it printed.
    ///
    /// # Errors
    /// The program's own words, if it refused.
    pub fn ask(&self, words: &[&str], input: &str) -> Outcome<Value> {
        let what = || words.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        self.said(words, input)
            .and_then(Said::success)
            .and_then(|said| said.json())
            .map_err(|trouble| trouble.during(&format!("verification-service {}", what())))
    }

    /// # Errors
    /// The program's own words.
    pub fn add_kiosk(&self, number: &str, lane: &str) -> Outcome<Enrolled> {
        let made = self.ask(&["kiosk", "add", "--number", number, "--lane", lane], "")?;
        let id = text(&made, "kiosk")?;
        Ok(Enrolled { folder: self.folder.join("kiosks").join(&id), id })
    }

    /// # Errors
    /// The program's own words.
    pub fn add_account(&self, holder: Holder<'_>) -> Outcome {
        let mut words = vec!["account", "add", "--name", holder.name, "--birth-date", holder.birth_date];
        for (option, value) in [("--a-number", holder.a_number), ("--receipt", holder.receipt)] {
            words.extend(value.into_iter().flat_map(|value| [option, value]));
        }
        words.extend(["--document", holder.document]);
        self.ask(&words, "").map(|_| ())
    }

    /// A new backup code, for `--a-number` or `--receipt`.
    ///
    /// # Errors
    /// The program's own words.
    pub fn new_code(&self, option: &str, identifier: &str) -> Outcome<String> {
        text(&self.ask(&["code", "new", option, identifier], "")?, "code")
    }

    /// # Errors
    /// The program's own words.
    pub fn add_officer(&self, badge: &str, pin: &str) -> Outcome {
        self.ask(&["officer", "add", "--badge", badge], &format!("{pin}\n")).map(|_| ())
    }

    /// The text of a technician's credential (`TC1:…`).
    ///
    /// # Errors
    /// The program's own words.
    pub fn issue_technician(&self, name: &str, pin: &str) -> Outcome<String> {
        let made = self.ask(&["technician", "issue", "--name", name, "--days", "60"], &format!("{pin}\n"))?;
        text(&made, "credential")
    }
}

/// A text member of what a program printed.
///
/// # Errors
/// It has no such member; the members that it has are named.
pub fn text(made: &Value, member: &str) -> Outcome<String> {
    made.get(member).and_then(Value::as_str).map(str::to_owned).or_trouble(|| {
        let has = made.as_object().map(|members| members.keys().cloned().collect::<Vec<_>>().join(", "));
        format!("no `{member}` among {}", has.unwrap_or_default())
    })
}

/// A folder that goes with its owner.
///
/// # Errors
/// The folder cannot be made.
pub fn temporary() -> Outcome<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("kiosk-")
        .tempdir()
        .map_err(|error| Trouble(format!("no temporary folder: {error}")))
}
