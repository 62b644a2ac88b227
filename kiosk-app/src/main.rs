//! The command line of the kiosk.

use clap::Parser;
use kiosk_app::clock::Clock;
use kiosk_app::commands::{self, parse, read};
use std::io;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "kiosk-app", version, about = "Inspection kiosk")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Parse(parse::Arguments),
    Read(read::Arguments),
}

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let clock = Clock::start(0);
    let outcome = match &command_line.command {
        Command::Parse(arguments) => parse::run(arguments, &clock, io::stdin().lock(), io::stdout().lock()),
        Command::Read(arguments) => read::run(arguments, &clock, io::stdout().lock(), io::stderr().lock()),
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
