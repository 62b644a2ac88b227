//! The virtual hardware rig from outside; `tests/rig/run` prepares what it needs and starts it.

use clap::{Parser, Subcommand};
use kiosk_tests::harness::{OrTrouble, Outcome};
use kiosk_tests::rig::checks;
use kiosk_tests::rig::machine::Parts;
use std::path::PathBuf;
use std::process::ExitCode;

/// Real drivers in a virtual machine, simulated devices behind them. See tests/rig/run.
#[derive(Parser)]
#[command(name = "rig")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Draws the documents that are filmed.
    Draw { folder: PathBuf },
    /// Runs every check; exit status 1 if one fails.
    Check {
        #[arg(long)]
        kernel: PathBuf,
        #[arg(long)]
        initramfs: PathBuf,
        /// The kernel's messages.
        #[arg(long)]
        console: PathBuf,
        /// tcg or kvm
        #[arg(long, default_value = "tcg")]
        accel: String,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().what) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            println!("FAILED  {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run(what: What) -> Outcome<bool> {
    match what {
        What::Draw { folder } => checks::draw(&folder).map(|()| true),
        What::Check { kernel, initramfs, console, accel } => {
            let folder = tempfile::tempdir().or_trouble(|| "no folder for the machine's sockets")?;
            checks::run(&Parts { kernel, initramfs, console, accel }, folder.path())
        }
    }
}
