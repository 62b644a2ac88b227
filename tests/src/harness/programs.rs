//! Where the built programs are.

use super::{Outcome, Trouble};
use std::path::PathBuf;

/// A program of this workspace, built with the same profile as whoever asks: it lies in the target folder above the
/// running executable.
///
/// # Errors
/// It is not built; the sentence names the command that builds it.
pub fn program(name: &str) -> Outcome<PathBuf> {
    let here = std::env::current_exe()
        .map_err(|error| Trouble(format!("the running executable has no path of its own: {error}")))?;
    let folder = here.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    let release = if folder.is_some_and(|folder| folder.ends_with("release")) { " --release" } else { "" };
    folder.map(|folder| folder.join(name)).filter(|path| path.is_file()).ok_or_else(|| {
        Trouble(format!("`{name}` is not built. Build the programs first: cargo build{release} --workspace --bins"))
    })
}
