//! `verification-service`: the service and its command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    verification_service::cli::run(std::env::args_os())
}
