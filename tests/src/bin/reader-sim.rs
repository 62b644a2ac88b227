//! A simulated slot reader as a process of its own, on a pseudo-terminal, commanded over a socket.

use clap::Parser;
use kiosk_tests::sim::control;
use kiosk_tests::sim::elyctis::{Act, Elyctis, Model};
use std::path::PathBuf;
use std::process::ExitCode;

/// Plays an Elyctis IDBOX One. The control socket takes one command a line: insert FILE, insert ROW|ROW|ROW,
/// insert-unreadable, insert-invisible, remove, unplug, replug [SERIAL], garbage [HEX], hang, wake, ignore N,
/// die-mid-frame N, cross-ping, quit.
#[derive(Parser)]
#[command(name = "reader-sim")]
struct Arguments {
    /// The name under which the device appears: the `path` of the reader in kiosk.toml.
    #[arg(long)]
    link: PathBuf,
    /// The socket that takes commands.
    #[arg(long)]
    control: PathBuf,
    /// CR LF between rows instead of CR.
    #[arg(long)]
    crlf: bool,
    /// Send every frame in two writes, cut behind this many bytes.
    #[arg(long)]
    split: Option<usize>,
    /// Say something meaningless when powered.
    #[arg(long)]
    garbage: bool,
    /// Its serial number.
    #[arg(long, default_value = "SIM-0001")]
    serial_number: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let model = Model {
        crlf: arguments.crlf,
        split_at: arguments.split,
        power_on: if arguments.garbage { b"\xff\xfeBOOT\x00\x13V\x00".to_vec() } else { Vec::new() },
        serial_number: arguments.serial_number,
        ..Model::default()
    };
    let simulator = match Elyctis::start(&arguments.link, model) {
        Ok(simulator) => simulator,
        Err(error) => {
            eprintln!("reader-sim: {} cannot be made: {error}", arguments.link.display());
            return ExitCode::FAILURE;
        }
    };
    println!("reader-sim: a reader at {}, commands at {}", arguments.link.display(), arguments.control.display());
    if let Err(error) = control::serve(&arguments.control, &simulator.control()) {
        eprintln!("reader-sim: {} cannot be made: {error}", arguments.control.display());
        return ExitCode::FAILURE;
    }
    simulator.control().act(Act::Quit);
    simulator.wait();
    ExitCode::SUCCESS
}
