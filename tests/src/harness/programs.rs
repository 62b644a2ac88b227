//! Where the built programs are.

use super::{Outcome, Trouble};
use std::path::PathBuf;

/// A program of this workspace, built with the same profile as whoever asks: it lies in the target folder above the
/// running executable.
///
/// # Errors
/// It is not built; the sentence names the command that builds it.
pub fn program(name: &str) -> Outcome<PathBuf> {
    let folder = profile_folder()?;
    let release = if folder.ends_with("release") { " --release" } else { "" };
    Some(folder.join(name)).filter(|path| path.is_file()).ok_or_else(|| {
        Trouble(format!("`{name}` is not built. Build the programs first: cargo build{release} --workspace --bins"))
    })
}

/// The target folder of the build.
///
/// # Errors
/// The running executable lies in no folder.
pub fn target_folder() -> Outcome<PathBuf> {
    let folder = profile_folder()?;
    Ok(folder.parent().map_or_else(|| folder.clone(), PathBuf::from))
}

/// `target/debug` or `target/release`.
fn profile_folder() -> Outcome<PathBuf> {
    let here = std::env::current_exe()
        .map_err(|error| Trouble(format!("the running executable has no path of its own: {error}")))?;
    let folder = here.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    folder.map(PathBuf::from).ok_or_else(|| Trouble("the running executable lies in no folder".to_owned()))
}
