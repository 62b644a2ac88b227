//! The running kiosk: its configuration, its process, what it says of itself and its journal.

use super::process::Running;
use super::programs::program;
use super::records::Enrolled;
use super::{OrTrouble, Outcome, Trouble, processor, wait};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What a kiosk is started with. Everything of it lies in `folder`.
pub struct Setup {
    pub folder: PathBuf,
    /// Its own name and lane, as enrolled.
    pub number: String,
    pub lane: String,
    /// Where it finds the service, and its identity there.
    pub service: SocketAddr,
    pub identity: PathBuf,
    /// `technician.pub` and the pepper, if technicians shall be known.
    pub technician: Option<(PathBuf, PathBuf)>,
    /// The scanner's serial line.
    pub scanner: Option<PathBuf>,
    /// Pictures played in place of a camera.
    pub camera: Option<PathBuf>,
    /// The panel's size in pixels, and how much smaller than life it is drawn.
    pub window: (u32, u32),
    pub scale: f32,
    /// The moving picture of Attract.
    pub motion: bool,
    /// Lines of `[session]` beside `test_mode = true`.
    pub session: String,
    /// Whole tables of a test's own.
    pub more: String,
}

impl Setup {
    /// A kiosk in `folder` with nothing plugged in, on a panel of its usual size.
    #[must_use]
    pub fn new(folder: &Path, enrolled: &Enrolled, service: SocketAddr) -> Self {
        Self {
            folder: folder.to_owned(),
            number: "K07".to_owned(),
            lane: "7".to_owned(),
            service,
            identity: enrolled.folder.clone(),
            technician: None,
            scanner: None,
            camera: None,
            window: (1080, 1920),
            scale: 1.0,
            motion: false,
            session: String::new(),
            more: String::new(),
        }
    }

    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join("kiosk.toml")
    }

    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// The text of its `kiosk.toml`.
    #[must_use]
    pub fn toml(&self) -> String {
        let identity = |name: &str| quoted(&self.identity.join(name));
        let (width, height) = self.window;
        let mut text = format!(
            "[service]\nurl = \"https://{}\"\nroot = {}\nchain = {}\nkey = {}\nlog = {}\n\n\
             [site]\nnumber = \"{}\"\nlane = \"{}\"\ngate = \"B12\"\ncounter = \"4\"\n\n\
             [display]\nwidth = {width}\nheight = {height}\nfullscreen = false\nscale = {:?}\n\n\
             [attract]\nmotion = {}\n\n[session]\ntest_mode = true\n{}\n\n\
             [journal]\ndir = \"journal\"\n\n[outbox]\ndir = \"outbox\"\n\n",
            self.service,
            identity("root.pem"),
            identity("chain.pem"),
            identity("key.pem"),
            identity("log.pub"),
            self.number,
            self.lane,
            self.scale,
            self.motion,
            self.session,
        );
        if let Some((key, pepper)) = &self.technician {
            let _ = write!(text, "[technician]\npublic_key = {}\npepper = {}\n\n", quoted(key), quoted(pepper));
        }
        if let Some(path) = &self.scanner {
            let _ =
                write!(text, "[readers.scanner]\nprotocol = \"elyctis\"\npath = {}\nsettle_ms = 100\n\n", quoted(path));
        }
        if let Some(folder) = &self.camera {
            let _ = write!(text, "[camera]\nreplay = {}\n\n", quoted(folder));
        }
        text + &self.more
    }

    /// Writes `kiosk.toml`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self) -> Outcome {
        std::fs::create_dir_all(&self.folder)
            .and_then(|()| std::fs::write(self.file(), self.toml()))
            .or_trouble(|| format!("{} not written", self.file().display()))
    }

    /// `kiosk-app WORDS… --config …`, not yet run.
    ///
    /// # Errors
    /// The program is not built.
    pub fn command(&self, words: &[&str]) -> Outcome<Command> {
        let mut command = Command::new(program("kiosk-app")?);
        command.args(words).arg("--config").arg(self.file());
        Ok(command)
    }
}

fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

/// What the kiosk says of itself, for tests only (feature `simulated`): never what a person typed or a document says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct State {
    /// Grows with each touch that the program has taken.
    #[serde(default)]
    pub touches: u64,
    /// `Traveler`, `Officer`, `Diagnostics`, `OutOfService`.
    pub mode: String,
    /// A state of the visit, if there is one.
    pub visit: Option<String>,
    /// The touch targets as they lie on the screen: x, y, width, height in pixels of the window.
    #[serde(default)]
    pub targets: BTreeMap<String, [f32; 4]>,
}

/// `kiosk-app run`, until dropped.
pub struct Kiosk {
    pub process: Running,
    state_file: PathBuf,
    journal: PathBuf,
}

impl Kiosk {
    /// Writes the configuration and starts the kiosk on an X display (`:7`), or on the person's own (`None`).
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(setup: &Setup, display: Option<&str>) -> Outcome<Self> {
        setup.write()?;
        let state_file = setup.folder.join("state.json");
        let _ = std::fs::remove_file(&state_file);
        let mut command = setup.command(&["run"])?;
        command.arg("--state-file").arg(&state_file);
        if let Some(display) = display {
            command.env("DISPLAY", display).env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
        }
        Ok(Self { process: Running::start(&mut command)?, state_file, journal: setup.journal() })
    }

    /// What it says of itself now; empty before its first frame.
    #[must_use]
    pub fn state(&self) -> State {
        std::fs::read(&self.state_file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Waits until what it says of itself is as `wanted`.
    ///
    /// # Errors
    /// It ended, or does not get there in time; where it is, is in the sentence.
    pub fn wait(&mut self, what: &str, deadline: Duration, wanted: impl Fn(&State) -> bool) -> Outcome<State> {
        let waited = wait::until(what, deadline, || {
            let state = self.state();
            if wanted(&state) {
                return Some(Some(state));
            }
            self.process.ended().is_some().then_some(None)
        });
        match waited {
            Ok(Some(state)) => Ok(state),
            Ok(None) => Err(self.process.last_words(&format!("the kiosk ended while waiting for {what}"))),
            Err(trouble) => {
                let State { mode, visit, targets, .. } = self.state();
                let targets = targets.into_keys().collect::<Vec<_>>().join(" ");
                let at = format!("{trouble}: the kiosk is in mode {mode}, visit {visit:?}, and offers {targets}");
                Err(self.process.last_words(&at))
            }
        }
    }

    /// Waits for a state of the visit by its name.
    ///
    /// # Errors
    /// As [`Kiosk::wait`].
    pub fn visit(&mut self, state: &str, deadline: Duration) -> Outcome<State> {
        self.wait(&format!("the visit's state {state}"), deadline, |now| now.visit.as_deref() == Some(state))
    }

    /// Waits for Attract: a traveler's kiosk without a visit.
    ///
    /// # Errors
    /// As [`Kiosk::wait`].
    pub fn attract(&mut self, deadline: Duration) -> Outcome<State> {
        self.wait("Attract", deadline, |now| now.mode == "Traveler" && now.visit.is_none())
    }

    /// The journal's entries.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn journal(&self) -> Outcome<Vec<Value>> {
        journal(&self.journal)
    }

    /// Tells it to stop, and waits for its end.
    ///
    /// # Errors
    /// It does not end, or not well.
    pub fn stop(&mut self) -> Outcome {
        let status = self.process.stop()?;
        super::ensure(status.success(), || format!("the kiosk ended with {status}"))
    }

    /// Of the operating system; the same after a planned restart.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Resident memory, in bytes.
    ///
    /// # Errors
    /// It has ended.
    pub fn resident(&self) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .or_trouble(|| "the kiosk has ended")?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        kilobytes.and_then(|text| text.trim().parse::<u64>().ok()).map(|kb| kb * 1024).or_trouble(|| "no VmRSS")
    }

    /// Time on a processor since it started.
    ///
    /// # Errors
    /// It has ended.
    pub fn processor_time(&self) -> Outcome<Duration> {
        processor::of_stat(Path::new(&format!("/proc/{}/stat", self.process.id())))
    }
}

/// The entries of a journal's folder, in order.
///
/// # Errors
/// It cannot be read, or a line is not JSON.
pub fn journal(folder: &Path) -> Outcome<Vec<Value>> {
    let mut segments: Vec<PathBuf> = std::fs::read_dir(folder)
        .or_trouble(|| format!("{} not read", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    segments.sort();
    let mut entries = Vec::new();
    for segment in segments {
        let text = std::fs::read_to_string(&segment).or_trouble(|| format!("{} not read", segment.display()))?;
        for line in text.lines() {
            entries.push(serde_json::from_str(line).map_err(|error| Trouble(format!("not JSON: {line}: {error}")))?);
        }
    }
    Ok(entries)
}
