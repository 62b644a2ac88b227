//! The command line. Exit status: 0 done, 1 refused, 2 usage. With `--json` every command prints one object.

mod accounts;
mod assistance;
mod backup;
mod kiosks;
mod secrets;
mod setup;
mod staff;
mod throttles;
mod upkeep;

use crate::app::App;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, DEFAULT_PATH};
use crate::random::{Random, SystemRandomness};
use crate::secrets::Keys;
use crate::store;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Records and backup codes behind the inspection kiosks.
#[derive(Parser)]
#[command(name = "verification-service", version, propagate_version = true)]
struct Arguments {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    /// The configuration that `init` wrote.
    #[arg(long, global = true, value_name = "FILE", default_value = DEFAULT_PATH)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make everything to start with, in an empty folder: certificates, secrets, configuration, database.
    Init(setup::Init),
    /// Certificates.
    #[command(subcommand)]
    Pki(setup::Pki),
    /// Kiosks: add, invite, list, revoke, release from quarantine.
    #[command(subcommand)]
    Kiosk(kiosks::KioskCommand),
    /// Other clients than kiosks: filing systems and case systems.
    #[command(subcommand)]
    Client(kiosks::ClientCommand),
    /// Accounts: the records that kiosks ask for.
    #[command(subcommand)]
    Account(accounts::AccountCommand),
    /// Backup codes: new, revoke.
    #[command(subcommand)]
    Code(accounts::CodeCommand),
    /// Officers: add, disable.
    #[command(subcommand)]
    Officer(staff::OfficerCommand),
    /// Technicians' credentials: issue, revoke.
    #[command(subcommand)]
    Technician(staff::TechnicianCommand),
    /// Lock-out of numbers, badges and kiosks: list, show, clear.
    #[command(subcommand)]
    Throttle(throttles::ThrottleCommand),
    /// Travelers who called an officer: list, close.
    #[command(subcommand)]
    Assistance(assistance::AssistanceCommand),
    /// The audit log.
    #[command(subcommand)]
    Audit(upkeep::AuditCommand),
    /// Peppers and index keys: add a newer one, move what is stored to it.
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// Copy the database into a new file, while the service runs.
    Backup {
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Put a copy in the place of a database that is not there.
    Restore {
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Make the database, or bring its schema up to date.
    Migrate,
    /// Delete what is past its time, as `serve` does every 10 minutes.
    Purge,
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Serve kiosks and portal.
    Serve,
}

/// Why a command was not done: a sentence for the operator.
#[derive(Debug)]
pub struct CommandError {
    message: String,
    usage: bool,
}

impl CommandError {
    /// Exit status 1.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), usage: false }
    }

    /// Exit status 2.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), usage: true }
    }
}

impl std::fmt::Display for CommandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

macro_rules! refused_by {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for CommandError {
            fn from(why: $error) -> Self {
                Self::refused(why.to_string())
            }
        })*
    };
}

refused_by!(
    crate::app::StartError,
    crate::codes::MakeError,
    crate::codes::NotDerived,
    crate::config::ConfigError,
    crate::enrol::EnrolError,
    crate::listener::TlsError,
    crate::pki::PkiError,
    crate::portal::PortalError,
    crate::random::NoRandom,
    crate::reindex::IndexFault,
    crate::secrets::SealError,
    crate::secrets::SecretError,
    crate::store::StoreError,
    crate::store::OpenError,
    std::io::Error,
);

/// What a command prints: text for a person, an object for a program.
pub(crate) struct Done {
    text: String,
    json: serde_json::Value,
}

impl Done {
    pub(crate) fn new(text: impl Into<String>, json: serde_json::Value) -> Self {
        Self { text: text.into(), json }
    }
}

/// Runs the program with these arguments (the first is its name).
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(why) => {
            let _ = why.print();
            return if why.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let json = arguments.json;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(execute(arguments)),
        Err(why) => Err(CommandError::refused(format!("the program could not start its threads: {why}"))),
    };
    match result {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(done)) => {
            say(&if json { done.json.to_string() } else { done.text });
            ExitCode::SUCCESS
        }
        Err(why) => {
            if json {
                say(&serde_json::json!({ "error": why.message }).to_string());
            } else {
                eprintln!("verification-service: {}", why.message);
            }
            ExitCode::from(if why.usage { 2 } else { 1 })
        }
    }
}

/// A line on standard output. Whoever read it may have heard enough and gone (`| head`): that is no fault.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

async fn execute(arguments: Arguments) -> Result<Option<Done>, CommandError> {
    let open = || open(&arguments.config);
    let open_for_long_work = || open_with(&arguments.config, true);
    let appends = matches!(
        arguments.command,
        Command::Kiosk(_)
            | Command::Client(_)
            | Command::Account(_)
            | Command::Code(_)
            | Command::Throttle(_)
            | Command::Officer(_)
            | Command::Technician(_)
            | Command::Assistance(_)
            | Command::Secrets(_)
            | Command::Purge
    );
    let done = match arguments.command {
        Command::Init(init) => setup::init(&init).await?,
        Command::Pki(pki) => setup::pki(&pki)?,
        Command::Kiosk(command) => kiosks::run(open().await?, &arguments.config, command).await?,
        Command::Client(command) => kiosks::client(open().await?, &arguments.config, command).await?,
        Command::Account(command) => accounts::account(open().await?, command).await?,
        Command::Code(command) => accounts::code(open().await?, command).await?,
        Command::Throttle(command) => throttles::run(open().await?, command).await?,
        Command::Officer(command) => staff::officer(open().await?, command).await?,
        Command::Technician(command) => staff::technician(open().await?, command).await?,
        Command::Assistance(command) => assistance::run(open().await?, command).await?,
        Command::Audit(upkeep::AuditCommand::Verify { checkpoint }) => {
            upkeep::audit_verify(open_for_long_work().await?, checkpoint).await?
        }
        Command::Secrets(command) => secrets::run(open_for_long_work().await?, command).await?,
        Command::Backup { to } => backup::backup(open_for_long_work().await?, to).await?,
        Command::Restore { from } => backup::restore(&arguments.config, &from).await?,
        Command::Migrate => upkeep::migrate(&arguments.config).await?,
        Command::Purge => upkeep::purge(open_for_long_work().await?).await?,
        Command::Openapi => {
            // As the file in docs/: with `--json` too.
            say(crate::openapi::text().trim_end());
            return Ok(None);
        }
        Command::Serve => {
            log_to_stderr(arguments.json);
            crate::serve::serve(open().await?, arguments.json).await?;
            return Ok(None);
        }
    };
    if appends && let Err(why) = upkeep::seal(open().await?).await {
        // What was asked for is done all the same.
        eprintln!("verification-service: the audit log could not be sealed: {}", why.message);
    }
    Ok(Some(done))
}

/// Everything that a command on the database needs.
async fn open(config: &std::path::Path) -> Result<App, CommandError> {
    open_with(config, false).await
}

async fn open_with(config: &std::path::Path, for_long_work: bool) -> Result<App, CommandError> {
    let config = Config::load(config)?;
    let keys = Keys::load(&config.secrets.pepper, &config.secrets.index_key, SystemClock.now())?;
    let at = config.database_at();
    let store = if for_long_work { store::open_for_long_work(&at).await? } else { store::open(&at).await? };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandomness::new());
    let mut tx = store.read().await?;
    crate::reindex::check(&mut tx, &keys.index().known()).await?;
    if let Some(kid) = crate::codes::lacking_pepper(&mut tx, &keys).await? {
        return Err(CommandError::refused(format!(
            "codes stand under pepper {kid}, which {} does not have: copy the file from where it was changed, and restart",
            config.secrets.pepper.display()
        )));
    }
    drop(tx);
    Ok(App::new(store, keys, config, clock, random)?)
}

fn log_to_stderr(json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    if json {
        builder.json().init();
    } else {
        builder.init();
    }
}

/// A file that may hold a secret.
pub(crate) fn read(path: &std::path::Path) -> Result<zeroize::Zeroizing<Vec<u8>>, CommandError> {
    let bytes = std::fs::read(path).map(zeroize::Zeroizing::new);
    bytes.map_err(|why| CommandError::refused(format!("cannot read {}: {why}", path.display())))
}

/// A secret on standard input: its first line, without the line's end.
pub(crate) fn line_from_stdin(what: &str) -> Result<verification_api::personal::PersonalText, CommandError> {
    let mut line = zeroize::Zeroizing::new(String::new());
    std::io::stdin().read_line(&mut line)?;
    let text = line.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(CommandError::usage(format!("give the {what} on standard input")));
    }
    Ok(text.into())
}

pub(crate) fn checked_pin(
    pin: &verification_api::personal::PersonalText,
    length: &std::ops::RangeInclusive<usize>,
) -> Result<(), CommandError> {
    let digits = pin.expose(|pin| length.contains(&pin.len()) && pin.bytes().all(|b| b.is_ascii_digit()));
    if digits {
        Ok(())
    } else {
        let (least, most) = (length.start(), length.end());
        Err(CommandError::refused(format!("a PIN has from {least} to {most} digits, and only digits")))
    }
}
