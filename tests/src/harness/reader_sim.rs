//! The simulator as its users get it: the program `reader-sim`, obeying its control socket.

use super::programs::program;
use super::{OrTrouble, Outcome, ensure, wait};
use crate::sim::control;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running `reader-sim`.
pub struct ReaderSim {
    /// The name of its terminal.
    pub link: PathBuf,
    socket: PathBuf,
    program: Child,
}

impl ReaderSim {
    /// Starts it in `folder` with more of its options, and waits until it can be asked.
    ///
    /// # Errors
    /// It is not built, or does not start.
    pub fn start(folder: &Path, options: &[&str]) -> Outcome<Self> {
        let (link, socket) = (folder.join("scanner"), folder.join("control"));
        let mut command = Command::new(program("reader-sim")?);
        command.args(options).arg("--link").arg(&link).arg("--control").arg(&socket).stdout(Stdio::null());
        let program = command.spawn().or_trouble(|| "reader-sim did not start")?;
        wait::until_true("the socket of reader-sim", Duration::from_secs(15), || socket.exists())?;
        Ok(Self { link, socket, program })
    }

    /// What it says to a command.
    ///
    /// # Errors
    /// It refuses the command; its words.
    pub fn ask(&self, command: &str) -> std::io::Result<String> {
        control::ask(&self.socket, command)
    }

    /// Has it quit, and sees that it ends well and leaves nothing behind.
    ///
    /// # Errors
    /// It does not.
    pub fn quit(mut self) -> Outcome {
        self.ask("quit").or_trouble(|| "it does not quit")?;
        let status = self.program.wait().or_trouble(|| "no end of reader-sim")?;
        ensure(status.success(), || format!("reader-sim ended with {status}"))?;
        ensure(!self.link.exists() && !self.socket.exists(), || "reader-sim left something behind")
    }
}
