//! A whole checkpoint: service, network, kiosk, scanner, camera, and the people who come to it.

use super::judge::{self, Visit};
use super::kiosk::{Kiosk, Setup};
use super::line::Line;
use super::people::{PEOPLE, Person};
use super::records::{Records, temporary};
use super::service::Service;
use super::touch::Hand;
use super::tray::Tray;
use super::{OrTrouble, Outcome, Trouble, wait};
use crate::display::Screen;
use crate::sim::Simulator;
use crate::sim::elyctis::{Card, Control, Elyctis, Model};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Anything that a kiosk does by itself must be done within this, on a machine that has other work too.
pub const SOON: Duration = Duration::from_secs(20);

/// Until a scanner that cannot sense has noticed that its slot is empty.
const CARD_AWAY: Duration = Duration::from_millis(2500);

/// The officer of the checkpoint.
pub const BADGE: &str = "4711";
pub const PIN: &str = "246802";
/// The technician's PIN.
pub const TECHNICIAN_PIN: &str = "86420975";

/// What a checkpoint has.
#[derive(Clone, Debug)]
pub struct Options {
    pub scanner: bool,
    pub camera: bool,
    /// Lines of `[session]`.
    pub session: String,
    /// The moving picture of Attract.
    pub motion: bool,
    /// How much smaller than life the window is.
    pub scale: f32,
    /// A virtual display; else the person's own.
    pub virtual_display: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { scanner: true, camera: false, session: String::new(), motion: false, scale: 1.0, virtual_display: true }
    }
}

/// Everything but the kiosk: what is there before it starts.
pub struct Site {
    pub setup: Setup,
    pub screen: Option<Screen>,
    pub scanner: Option<Simulator>,
    pub tray: Tray,
    pub line: Line,
    pub service: Service,
    pub records: Records,
    /// Every person's backup code, by A-Number.
    pub codes: BTreeMap<String, String>,
    /// The text of the technician's credential.
    pub credential: String,
    folder: tempfile::TempDir,
}

/// The checkpoint with its kiosk running.
pub struct Post {
    // Ends before what it stands on.
    pub kiosk: Kiosk,
    pub site: Site,
}

impl Site {
    /// Makes it in a temporary folder and starts the service.
    ///
    /// # Errors
    /// A program's own words.
    pub fn make(options: &Options) -> Outcome<Self> {
        let folder = temporary()?;
        let records = Records::init(&folder.path().join("service"))?;
        let enrolled = records.add_kiosk("K07", "7")?;
        let mut codes = BTreeMap::new();
        for person in &PEOPLE {
            records.add_account(person.account().holder())?;
            codes.insert(person.a_number.to_owned(), records.new_code("--a-number", person.a_number)?);
        }
        records.add_officer(BADGE, PIN)?;
        let credential = records.issue_technician("Demo technician", TECHNICIAN_PIN)?;
        let service = Service::serve(&records)?;
        let line = Line::to(service.kiosk)?;
        let tray = Tray::new(&folder.path().join("tray"))?;
        let mut setup = Setup::new(&folder.path().join("kiosk"), &enrolled, line.address);
        setup.technician = Some(records.technician_keys());
        setup.motion = options.motion;
        setup.session.clone_from(&options.session);
        setup.scale = options.scale;
        let scanner = if options.scanner {
            let path = folder.path().join("scanner");
            setup.scanner = Some(path.clone());
            Some(Elyctis::start(&path, Model::default()).or_trouble(|| "the simulated scanner did not start")?)
        } else {
            None
        };
        if options.camera {
            setup.camera = Some(tray.folder.clone());
        }
        let (width, height) = setup.window;
        let size = u16::try_from(width).ok().zip(u16::try_from(height).ok());
        let (width, height) = size.or_trouble(|| "the window is larger than a display can be")?;
        let screen = if options.virtual_display { Some(Screen::start(width, height)?) } else { None };
        Ok(Self { setup, screen, scanner, tray, line, service, records, codes, credential, folder })
    }

    /// Starts the kiosk and waits until it shows Attract.
    ///
    /// # Errors
    /// Its last words.
    pub fn open(self) -> Outcome<Post> {
        let kiosk = self.start()?;
        let mut post = Post { kiosk, site: self };
        post.kiosk.attract(SOON)?;
        Ok(post)
    }

    /// Starts a kiosk without waiting.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self) -> Outcome<Kiosk> {
        Kiosk::start(&self.setup, self.screen.as_ref().map(|screen| screen.name.as_str()))
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.records.folder.join("service.db")
    }

    /// # Errors
    /// There is no code of this person.
    pub fn code(&self, person: &Person) -> Outcome<String> {
        self.codes.get(person.a_number).cloned().or_trouble(|| format!("no code for {}", person.given))
    }

    /// Every visit, as both sides wrote it down.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn visits(&self) -> Outcome<Vec<Visit>> {
        judge::visits(&self.setup.journal(), &self.database())
    }

    /// The newest visit, once it is as `wanted`.
    ///
    /// # Errors
    /// It does not become so in time; what it is, is in the sentence.
    pub fn visit(&self, what: &str, wanted: impl Fn(&Visit) -> bool) -> Outcome<Visit> {
        let mut last = Visit::default();
        let found = wait::until(what, SOON, || {
            last = judge::newest(&self.setup.journal(), &self.database()).ok()?;
            wanted(&last).then(|| last.clone())
        });
        found.map_err(|trouble| Trouble(format!("{trouble}; the visit is {last:?}")))
    }

    /// # Errors
    /// This checkpoint has no scanner.
    pub fn scanner(&self) -> Outcome<Control> {
        self.scanner.as_ref().map(Simulator::control).or_trouble(|| "this checkpoint has no scanner")
    }
}

impl Post {
    /// # Errors
    /// As [`Site::make`] and [`Site::open`].
    pub fn open(options: &Options) -> Outcome<Self> {
        Site::make(options)?.open()
    }

    /// The hand of whoever stands there.
    ///
    /// # Errors
    /// The kiosk is on a person's own display.
    pub fn hand(&mut self) -> Outcome<Hand<'_>> {
        let screen = self.site.screen.as_ref().or_trouble(|| "there is no virtual display")?;
        Ok(Hand { kiosk: &mut self.kiosk, screen })
    }

    /// Begins a visit and chooses a language (`en`, `es`).
    ///
    /// # Errors
    /// A button is not there, or not answered.
    pub fn begin(&mut self, language: &str) -> Outcome {
        self.hand()?.press("attract-title")?;
        self.kiosk.visit("Language", SOON)?;
        self.hand()?.press(&format!("language-{language}"))?;
        self.kiosk.wait("the next step", SOON, |now| now.visit.as_deref().is_some_and(|state| state != "Language"))?;
        Ok(())
    }

    /// Puts a card into the scanner.
    ///
    /// # Errors
    /// There is no scanner.
    pub fn insert(&self, rows: Vec<String>) -> Outcome {
        self.site.scanner()?.act(crate::sim::elyctis::Act::Insert(Card::Rows(rows)));
        Ok(())
    }

    /// Takes the card out.
    ///
    /// # Errors
    /// There is no scanner.
    pub fn remove(&self) -> Outcome {
        self.site.scanner()?.act(crate::sim::elyctis::Act::Remove);
        Ok(())
    }

    /// Shows a worn card until the kiosk has failed to read it `tries` times more.
    ///
    /// # Errors
    /// It does not fail.
    pub fn fail_to_read(&mut self, person: &Person, tries: usize) -> Outcome {
        let before = self.site.visit("a visit", |_| true)?.count("read_failed");
        for failed in before + 1..=before + tries {
            self.insert(person.worn_zone()?)?;
            self.site.visit(&format!("failed try {failed}"), |visit| visit.count("read_failed") >= failed)?;
            self.remove()?;
            // A hand takes the card out, turns it and puts it in again. The scanner needs as long to see that it is gone.
            wait::pause(CARD_AWAY);
        }
        Ok(())
    }

    /// Types the A-Number of a person and confirms it.
    ///
    /// # Errors
    /// A button is not there, or not answered.
    pub fn type_number(&mut self, person: &Person) -> Outcome {
        self.kiosk.visit("Identifier", SOON)?;
        self.hand()?.type_text(person.a_number.trim_start_matches('A'))?;
        self.hand()?.press("identifier-next")?;
        self.confirm_number()
    }

    /// Confirms the number that is shown.
    ///
    /// # Errors
    /// A button is not there, or not answered.
    pub fn confirm_number(&mut self) -> Outcome {
        self.hand()?.press("identifier-right")?;
        self.kiosk.visit("BackupCode", SOON).map(|_| ())
    }

    /// Types a backup code and has it checked.
    ///
    /// # Errors
    /// A button is not there, or not answered.
    pub fn type_code(&mut self, code: &str) -> Outcome {
        self.hand()?.type_text(code)?;
        self.hand()?.press("code-check").map(|_| ())
    }

    /// Opens the officer's sign-in by the corner, and signs in.
    ///
    /// # Errors
    /// A button is not there, or not answered.
    pub fn sign_in(&mut self) -> Outcome {
        self.hold_corner()?;
        self.sign_in_here()
    }

    /// Signs in at the officer's sign-in that is open.
    ///
    /// # Errors
    /// A button is not there, or not answered.
    pub fn sign_in_here(&mut self) -> Outcome {
        self.hand()?.type_text(BADGE)?;
        self.hand()?.press("pin")?;
        self.hand()?.type_text(PIN)?;
        self.hand()?.press("sign-in")?;
        self.kiosk
            .wait("the officer's desk", SOON, |now| now.mode == "Officer" && now.targets.contains_key("sign-out"))
            .map(|_| ())
    }

    /// Runs every test of the technician's screen, to the end.
    ///
    /// # Errors
    /// It is not offered, or does not end.
    pub fn test_all(&mut self) -> Outcome {
        let ran = |post: &Self| {
            let is = |entry: &serde_json::Value| entry.get("event").is_some_and(|event| event == "self_test_run");
            post.kiosk.journal().is_ok_and(|entries| entries.iter().any(is))
        };
        self.hand()?.tap("tech-test-all")?;
        wait::until_true("the start of the tests", SOON, || ran(self))?;
        // While they run no test is offered; a very quick run may be over before anybody looks.
        let _ = self.kiosk.wait("the tests", Duration::from_secs(1), |now| !now.targets.contains_key("tech-test-all"));
        self.kiosk.wait("the end of the tests", SOON, |now| now.targets.contains_key("tech-test-all")).map(|_| ())
    }

    /// The long press that only staff know of.
    ///
    /// # Errors
    /// Nothing opens.
    pub fn hold_corner(&mut self) -> Outcome {
        self.hand()?.corner()?;
        self.kiosk.wait("the sign-in", SOON, |now| now.mode == "Officer").map(|_| ())
    }
}
