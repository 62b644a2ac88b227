//! The program inside the rig's virtual machine; commands come on standard input.

use kiosk_tests::rig::guest;
use std::process::ExitCode;

fn main() -> ExitCode {
    match guest::serve(std::io::stdin().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("rig-guest: {trouble}");
            ExitCode::FAILURE
        }
    }
}
