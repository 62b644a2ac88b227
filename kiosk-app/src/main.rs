//! The command line of the kiosk.

use clap::Parser;
use kiosk_app::clock::Clock;
use kiosk_app::commands::{self, config, devices, enroll, journal, parse, read, run, selftest};
use std::alloc::System;
use std::io;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;
use zeroizing_alloc::ZeroAlloc;

/// Zeroes what is freed: libraries make copies of what a traveler types and a document says.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

#[derive(Parser)]
#[command(name = "kiosk-app", version, about = "Inspection kiosk", args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::Arguments,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Run the kiosk (the default)
    Run(run::Arguments),
    /// Read documents from pictures
    Read(read::Arguments),
    /// Parse machine-readable zones given as text
    Parse(parse::Arguments),
    /// Tell which devices are there and answer
    Devices(devices::Arguments),
    /// Check, print or follow the journal
    Journal(journal::Arguments),
    /// Become a kiosk of a record service; the one-time code comes on standard input
    Enroll(enroll::Arguments),
    /// Run every test that a technician can
    Selftest(selftest::Arguments),
    /// Look at the configuration
    Config(config::Arguments),
}

fn main() -> ExitCode {
    let CommandLine { command, run: arguments } = CommandLine::parse();
    // A command says what is wrong by itself; the running kiosk has only its log.
    let default = if matches!(command, None | Some(Command::Run(_))) { "error,kiosk_app=info" } else { "off" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false).init();
    std::panic::set_hook(Box::new(|panic| {
        // Only the place: what a panic says may quote what it was working on.
        let place = panic.location().map_or_else(String::new, |at| {
            // From the crate's folder on: where it was built is of no use.
            let mut parts: Vec<&str> = at.file().rsplitn(4, '/').take(3).collect();
            parts.reverse();
            format!(" at {}:{}", parts.join("/"), at.line())
        });
        eprintln!("kiosk-app: internal fault{place}; please report this line");
    }));
    let clock = Clock::start(0);
    let (out, err) = (io::stdout(), io::stderr());
    let outcome = match command.unwrap_or(Command::Run(arguments)) {
        Command::Run(arguments) => Ok(run::run(&arguments)),
        Command::Parse(arguments) => parse::run(&arguments, &clock, io::stdin().lock(), out.lock()),
        Command::Read(arguments) => read::run(&arguments, &clock, out.lock(), err.lock()),
        // Not locked for as long as they run: logs go to the same stream.
        Command::Devices(arguments) => devices::run(&arguments, &clock, out, err),
        Command::Journal(arguments) => journal::run(&arguments, out.lock(), err),
        Command::Selftest(arguments) => selftest::run(&arguments, &clock, out, err),
        Command::Enroll(arguments) => enroll::run(&arguments, io::stdin().lock(), out, err),
        Command::Config(arguments) => config::run(&arguments, &clock, out, err),
    };
    match outcome {
        Ok(status) => ExitCode::from(status),
        // Whoever read our output went away: nothing to tell anybody.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(commands::NOT_ALL),
        Err(error) => {
            eprintln!("kiosk-app: {error}");
            ExitCode::from(commands::NOT_ALL)
        }
    }
}
