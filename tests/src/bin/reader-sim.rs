//! A simulated reader as a process of its own, on a pseudo-terminal, commanded over a socket: for trying the kiosk without
//! hardware.

use clap::Parser;
use kiosk_tests::sim::line::Faults;
use kiosk_tests::sim::{Act, Model, Protocol, Simulator, control};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Plays a document reader. Put its --link into kiosk.toml as the reader's path, its --protocol as the protocol, and send
/// commands, one a line, to the socket --control: echo "insert card.txt" | socat - UNIX-CONNECT:CONTROL
#[derive(Parser)]
#[command(name = "reader-sim", after_help = format!("Commands of the control socket:\n{}", control::COMMANDS))]
struct Arguments {
    /// elyctis, honeywell, access-is, newland, ssi, swipe or crt571.
    #[arg(long, default_value = "elyctis", value_parser = protocol)]
    protocol: Protocol,
    /// The name under which the device appears: the `path` of the reader in kiosk.toml.
    #[arg(long)]
    link: PathBuf,
    /// The socket that takes commands.
    #[arg(long)]
    control: PathBuf,
    /// Bytes travel no faster than this line would carry them; left out, at the speed that the protocol usually has on
    /// RS-232, and at once for a USB device (elyctis).
    #[arg(long)]
    baud: Option<u32>,
    /// Bytes travel at once.
    #[arg(long, conflicts_with = "baud")]
    no_pacing: bool,
    /// Milliseconds from a document's arrival to its data.
    #[arg(long, default_value_t = 120)]
    read_ms: u64,
    /// CR LF between rows instead of CR.
    #[arg(long)]
    crlf: bool,
    /// Nothing between rows.
    #[arg(long, conflicts_with = "crlf")]
    joined: bool,
    /// Rows of a zone one message each (honeywell, access-is).
    #[arg(long)]
    one_by_one: bool,
    /// Send every frame in two writes, cut behind this many bytes.
    #[arg(long)]
    split: Option<usize>,
    /// Say something meaningless when powered.
    #[arg(long)]
    garbage: bool,
    /// The line and the device misbehave: SEED:RATE, like 7:0.1 for a tenth of all frames, or SEED:RATE:KIND.
    #[arg(long, value_parser = faults)]
    faults: Option<Faults>,
    /// Its serial number.
    #[arg(long, default_value = "SIM-0001")]
    serial_number: String,
}

fn protocol(name: &str) -> Result<Protocol, String> {
    Protocol::ALL.into_iter().find(|protocol| protocol.name() == name).ok_or_else(|| {
        let names: Vec<_> = Protocol::ALL.iter().map(|protocol| protocol.name()).collect();
        format!("there is no such protocol; write one of {}", names.join(", "))
    })
}

fn faults(text: &str) -> Result<Faults, String> {
    control::faults(text)
        .ok_or_else(|| "write SEED:RATE or SEED:RATE:KIND with a rate from 0 to 1, like 7:0.1 or 7:0.1:hang".to_owned())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let model = Model {
        crlf: arguments.crlf,
        joined: arguments.joined,
        one_by_one: arguments.one_by_one,
        split_at: arguments.split,
        power_on: if arguments.garbage { b"\xff\xfeBOOT\x00\x13V\x00".to_vec() } else { Vec::new() },
        serial_number: arguments.serial_number,
        read_time: Duration::from_millis(arguments.read_ms),
        baud: arguments.baud.or_else(|| arguments.protocol.nominal_baud()).filter(|_| !arguments.no_pacing),
        faults: arguments.faults,
        ..Model::default()
    };
    let simulator = match Simulator::start(arguments.protocol, &arguments.link, model) {
        Ok(simulator) => simulator,
        Err(error) => {
            eprintln!("reader-sim: {} cannot be made: {error}", arguments.link.display());
            return ExitCode::FAILURE;
        }
    };
    println!(
        "reader-sim: a reader ({}) at {}, commands at {}",
        arguments.protocol.name(),
        arguments.link.display(),
        arguments.control.display()
    );
    if let Err(error) = control::serve(&arguments.control, &simulator.control()) {
        eprintln!("reader-sim: {} cannot be made: {error}", arguments.control.display());
        return ExitCode::FAILURE;
    }
    simulator.act(Act::Quit);
    simulator.wait();
    ExitCode::SUCCESS
}
