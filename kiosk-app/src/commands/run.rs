//! `kiosk-app run`: looks at everything that can be wrong, says it in a sentence, then opens the screen.

use super::{DONE, NOT_ALL};
use crate::app::{self, World};
use crate::clock::Clock;
use crate::config::{Config, DEFAULT_FILE};
use crate::credential::Credentials;
use crate::i18n::Catalogs;
use crate::journal::Writer;
use crate::outbox::Outbox;
use crate::service_loop::kept_last_seen;
use crate::verifier::Verifier;
use crate::{devices, documents, theme};
use card_reader::reader::Reader;
use clap::Args;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

#[derive(Args)]
pub struct Arguments {
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub config: PathBuf,
    /// Say in this file what is on the screen and where its buttons lie
    #[cfg(feature = "simulated")]
    #[arg(long, value_name = "FILE")]
    pub state_file: Option<PathBuf>,
}

impl Arguments {
    #[cfg(feature = "simulated")]
    fn state_file(&self) -> Option<PathBuf> {
        self.state_file.clone()
    }

    /// A product says nothing of its screens in files.
    #[cfg(not(feature = "simulated"))]
    #[expect(clippy::unused_self, reason = "the same call with and without the feature")]
    fn state_file(&self) -> Option<PathBuf> {
        None
    }
}

/// Runs the kiosk until it is told to stop; a planned restart is this program anew in the same process. Exit status 0 after SIGTERM or a closed window, 1 if it cannot start.
pub fn run(arguments: &Arguments) -> u8 {
    leave_no_core();
    // What a person can correct in a file is told first, with or without a display.
    let checked = configured(arguments).and_then(|config| display().map(|()| config));
    let restart = Arc::new(AtomicBool::new(false));
    let prepare = |config| prepare(config, arguments.state_file(), Arc::clone(&restart));
    let outcome = checked.and_then(prepare).and_then(|(world, journal)| {
        let display = std::env::var("DISPLAY").unwrap_or_default();
        // The window system's library panics where it should say no.
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| app::run(world)));
        match ran {
            Ok(Ok(())) => {
                // Everything that was noted is on the disk before the program ends.
                drop(journal.join());
                Ok(())
            }
            Ok(Err(error)) => Err(format!("the screen cannot be opened: {error}")),
            Err(_) => Err(format!("the screen \"{display}\" cannot be used; check DISPLAY, or restart the program")),
        }
    });
    match outcome {
        Ok(()) if restart.load(Ordering::Relaxed) => {
            // Comes back only if it fails.
            let error = Command::new("/proc/self/exe").args(std::env::args_os().skip(1)).exec();
            eprintln!("kiosk-app: the planned restart failed ({error}); start the program again");
            NOT_ALL
        }
        Ok(()) => DONE,
        Err(sentence) => {
            eprintln!("kiosk-app: {sentence}");
            NOT_ALL
        }
    }
}

/// A crash must not write to the disk what a traveler typed and a document says: no core file, and in a product none for
/// a collector either (which is not bound by the limit). The tests look into a running kiosk's memory, which the second
/// forbids.
fn leave_no_core() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, none);
    #[cfg(not(feature = "simulated"))]
    let limited = limited.and(rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable));
    if let Err(error) = limited {
        tracing::error!("a crash of this program may leave its memory on the disk: {error}");
    }
}

/// Without a display, or with one that does not answer, the window system's library would panic.
fn display() -> Result<(), String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if set("WAYLAND_DISPLAY").or(set("WAYLAND_SOCKET")).is_some() {
        return Ok(());
    }
    let Some(display) = set("DISPLAY") else {
        let none = "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set); start it in a graphical session";
        return Err(none.to_owned());
    };
    match local_socket(&display) {
        Some(socket) if !answers(&socket) => {
            Err(format!("the display \"{display}\" does not answer; start its X server, or correct DISPLAY"))
        }
        _ => Ok(()),
    }
}

/// X servers listen on the path, on the abstract name of the same spelling, or on both.
fn answers(socket: &Path) -> bool {
    let named = SocketAddr::from_abstract_name(socket.as_os_str().as_bytes());
    UnixStream::connect(socket).is_ok() || named.is_ok_and(|name| UnixStream::connect_addr(&name).is_ok())
}

/// The socket of a display of this machine: `:7` or `:7.0`.
fn local_socket(display: &str) -> Option<PathBuf> {
    let number = display.strip_prefix(':')?.split('.').next()?;
    let whole = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    whole.then(|| PathBuf::from(format!("/tmp/.X11-unix/X{number}")))
}

fn configured(arguments: &Arguments) -> Result<Config, String> {
    let config = Config::load(&arguments.config).map_err(say)?;
    theme::load_fonts(&config.fonts.files).map_err(say)?;
    Ok(config)
}

fn say(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn prepare(
    config: Config,
    state_file: Option<PathBuf>,
    restart: Arc<AtomicBool>,
) -> Result<(World, JoinHandle<()>), String> {
    documents::put_in_use(documents::load(&config)?);
    let catalogs = Catalogs::load().map_err(say)?;
    let state = &config.journal.dir;
    let clock = Clock::start(kept_last_seen(state));
    let verifier = Verifier::new(&config.service, &config.site.lane, state, clock.clone()).map_err(say)?;
    // What follows may be missing: travelers are served without, and `selftest` names it.
    let outbox = note(Outbox::open(&config.outbox)).map(Arc::new);
    if let Some(outbox) = &outbox {
        outbox.adopt_undecided();
    }
    let credentials = match config.technician.public_key {
        Some(_) => note(Credentials::load(&config.technician, state)).map(Arc::new),
        None => None,
    };
    let (journal, thread) = Writer::start(state, clock).map_err(say)?;
    let (reader, reader_events) = Reader::start(devices::reader_config(&config)).map_err(say)?;
    let world =
        World { config, verifier, journal, reader, reader_events, outbox, credentials, catalogs, state_file, restart };
    Ok((world, thread))
}

fn note<T, E: std::fmt::Display>(outcome: Result<T, E>) -> Option<T> {
    outcome.inspect_err(|error| tracing::error!("{error}")).ok()
}

#[cfg(test)]
mod tests {
    use super::{PathBuf, local_socket};

    #[test]
    fn only_a_display_of_this_machine_has_a_socket() {
        let socket = |n: &str| Some(PathBuf::from(format!("/tmp/.X11-unix/X{n}")));
        assert_eq!(local_socket(":7"), socket("7"));
        assert_eq!(local_socket(":10.0"), socket("10"));
        for elsewhere in ["host:0", ":", ":x", ""] {
            assert_eq!(local_socket(elsewhere), None, "{elsewhere}");
        }
    }
}
