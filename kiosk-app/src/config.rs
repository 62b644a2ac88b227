//! `kiosk.toml`: what the operator may set. Every key is in `config/kiosk.toml`, with its meaning and default.
//!
//! A typing error is an error: an unknown key is refused with its file, its line and the nearest key. Paths are relative
//! to the folder of the file.

use crate::kiosk::Site;
use crate::session::policy::Policy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use verification_api::wire::TECHNICIAN_PIN;

/// Where the configuration lies if the command line names no other file.
pub const DEFAULT_FILE: &str = "/etc/inspection-kiosk/kiosk.toml";

/// A configuration file larger than this is not one.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// The whole of `kiosk.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where this was read from.
    #[serde(skip)]
    pub file: PathBuf,
    pub service: Service,
    #[serde(default)]
    pub site: SiteTable,
    #[serde(default)]
    pub display: Display,
    #[serde(default)]
    pub fonts: Fonts,
    #[serde(default)]
    pub attract: Attract,
    #[serde(default)]
    pub session: SessionTable,
    /// Serial readers by name.
    #[serde(default)]
    pub readers: BTreeMap<String, Reader>,
    pub camera: Option<Camera>,
    #[serde(default)]
    pub documents: Documents,
    #[serde(default)]
    pub journal: Journal,
    #[serde(default)]
    pub outbox: Outbox,
    #[serde(default)]
    pub technician: Technician,
}

/// The record service and this kiosk's identity towards it (PEM files).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// `https://host:port`
    pub url: String,
    /// The only root that the service's certificate may come from.
    pub root: PathBuf,
    /// This kiosk's certificate and those above it.
    pub chain: PathBuf,
    pub key: PathBuf,
    /// `log.pub`: the keys that may sign the service's audit log. Without it this kiosk is no witness of the log.
    pub log: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiteTable {
    pub number: String,
    pub lane: String,
    pub gate: String,
    pub counter: String,
    pub directions: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Display {
    /// Pixels of the panel.
    pub width: u32,
    pub height: u32,
    pub fullscreen: bool,
    /// Millimetres from pixel to pixel: sizes on the screen are in millimetres.
    pub pixel_pitch_mm: f32,
    /// Draws everything smaller or larger; 1 on a real panel, less for a window on a desk.
    pub scale: f32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fonts {
    /// Loaded in this order, and nothing else.
    pub files: Vec<PathBuf>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attract {
    /// The card slides for 2 s in every 20; `false` holds the picture still.
    pub motion: bool,
}

/// Times in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionTable {
    pub warn_after: u32,
    pub answer_within: u32,
    pub complete_for: u32,
    pub referred_for: u32,
    pub held_for: u32,
    pub try_for: u32,
    pub max_tries: u8,
    pub max_codes: u8,
    pub reference_within: u32,
    pub answer_deadline: u32,
    pub code_groups: u8,
    pub officer_idle: u32,
    pub test_mode: bool,
}

/// A reader on a serial line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    pub protocol: Protocol,
    /// A stable name under `/dev/serial/by-id` or of our udev rules.
    pub path: PathBuf,
    /// The protocol's usual speed if not set; of no matter on USB.
    pub baud: Option<u32>,
    #[serde(default)]
    pub parity: Parity,
    /// 7 or 8.
    #[serde(default = "default_data_bits")]
    pub data_bits: u8,
    #[serde(default)]
    pub flow: Flow,
    /// Pause after opening the port, before the first command; the protocol's own if not set (2 s on USB).
    pub settle_ms: Option<u64>,
    /// Elyctis: the whole command that switches presence messages on; the vendor has not published it.
    #[serde(default)]
    pub presence_command: Vec<u8>,
    /// Honeywell: whether zones are read, which is the default; `false` for models without OCR.
    pub ocr: Option<bool>,
    /// Honeywell: data in packets (`DECHDR1`), which is the default; `false` for models that do not know them.
    pub packets: Option<bool>,
    /// Honeywell without packets, Access-IS, Newland: what ends data, so that a torn message is not taken for a whole one.
    pub suffix: Option<String>,
    /// Honeywell, Access-IS, Newland: further settings, sent at each connection and forgotten without power.
    #[serde(default)]
    pub settings: Vec<String>,
    /// SSI: number and value of parameters, sent likewise.
    #[serde(default)]
    pub parameters: Vec<[u16; 2]>,
    /// Swipe: what a block looks like.
    pub block: Option<Block>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    Elyctis,
    Honeywell,
    AccessIs,
    Newland,
    Ssi,
    Swipe,
    Crt571,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parity {
    #[default]
    None,
    Even,
    Odd,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    #[default]
    None,
    Hardware,
    Software,
}

/// A block of a swipe reader: `start`, `header` bytes, `stx`, `flags` bytes, rows, `etx`, and perhaps a check byte.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    #[serde(default)]
    pub start: Vec<u8>,
    #[serde(default)]
    pub header: usize,
    #[serde(default = "default_stx")]
    pub stx: u8,
    #[serde(default)]
    pub flags: usize,
    #[serde(default = "default_etx")]
    pub etx: u8,
    #[serde(default)]
    pub check: BlockCheck,
}

/// The byte behind `etx`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockCheck {
    #[default]
    None,
    Unchecked,
    XorFromStart,
    XorAfterStx,
}

/// A V4L2 node, or (feature `simulated`) a folder of pictures played in its place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    pub node: Option<PathBuf>,
    pub replay: Option<PathBuf>,
    /// Of a replay.
    pub frames_per_second: Option<u32>,
    /// Of a replay: a decoder that takes longer is left behind. Else a second.
    pub decode_limit_ms: Option<u64>,
    pub infrared: Option<Infrared>,
}

/// How the second light is switched: a control of the camera, or a light of the kernel's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Infrared {
    pub control: Option<String>,
    #[serde(default = "default_on")]
    pub on: i64,
    #[serde(default)]
    pub off: i64,
    /// A folder below `/sys/class/leds`.
    pub led: Option<PathBuf>,
}

const fn default_on() -> i64 {
    1
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    pub dir: PathBuf,
}

/// What documents are, and whose seals are believed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Documents {
    /// A table of profiles in place of the one that the program carries; its signature lies beside it, `.sig`.
    pub profiles: Option<PathBuf>,
    /// The Ed25519 key that signs tables, PEM.
    pub profiles_key: Option<PathBuf>,
    /// Takes a table without a signature; the screen says so.
    pub unsigned_profiles: bool,
    /// A folder of certificates: seals signed under them are believed. Without it seals are present, not checked.
    pub trust: Option<PathBuf>,
}

/// Where officers' overrides wait, sealed, until the service has them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outbox {
    pub dir: PathBuf,
    /// 32 bytes, from `LoadCredential=`. Without it a key is made beside the folder at the first start.
    pub key: Option<PathBuf>,
}

/// Offline check of technicians' credentials.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Technician {
    /// `technician.pub`: the Ed25519 key that signs credentials.
    pub public_key: Option<PathBuf>,
    /// 32 bytes, from `LoadCredential=`.
    pub pepper: Option<PathBuf>,
    /// A PIN shorter than this is refused unseen.
    pub pin_digits: usize,
}

/// What is wrong with a configuration; each a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{file}: {cause}; give the right file with --config FILE")]
    Unreadable { file: String, cause: String },
    #[error("{file} is larger than 1 MiB and so is not a kiosk.toml; give the right file with --config FILE")]
    TooLarge { file: String },
    #[error("{file}, line {line}: \"{key}\" is not a key {place}; {advice}")]
    UnknownKey { file: String, line: usize, key: String, place: String, advice: String },
    #[error("{file}, line {line}: {cause}")]
    Syntax { file: String, line: usize, cause: String },
    #[error("{file}: {cause}")]
    Value { file: String, cause: String },
}

impl Config {
    /// Reads and checks `file`. The files it names are looked at by [`crate::selftest`], not here.
    ///
    /// # Errors
    /// Unreadable, too large, not TOML, an unknown or missing key, a value out of range.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let name = file.display().to_string();
        // Absolute, so that the paths in it do not depend on where the program is started.
        let file = &std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let unreadable = |e: std::io::Error| ConfigError::Unreadable { file: name.clone(), cause: io_cause(&e) };
        let metadata = std::fs::metadata(file).map_err(unreadable)?;
        if metadata.len() > MAX_BYTES {
            return Err(ConfigError::TooLarge { file: name });
        }
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        Self::parse(&text, file)
    }

    /// The same from text; `file` names it in messages and anchors relative paths.
    ///
    /// # Errors
    /// As [`Config::load`], without the reading.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text).map_err(|e| sentence(&e, text, file))?;
        config.file = file.to_owned();
        config.check().map_err(|cause| ConfigError::Value { file: file.display().to_string(), cause })?;
        config.anchor_paths(file.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    #[must_use]
    pub fn site(&self) -> Site {
        Site {
            number: self.site.number.clone(),
            lane: self.site.lane.clone(),
            gate: self.site.gate.clone(),
            counter: self.site.counter.clone(),
            directions: self.site.directions.clone(),
        }
    }

    #[must_use]
    pub fn policy(&self) -> Policy {
        let s = &self.session;
        let seconds = |n: u32| Duration::from_secs(u64::from(n));
        Policy {
            warn_after: seconds(s.warn_after),
            answer_within: seconds(s.answer_within),
            complete_for: seconds(s.complete_for),
            referred_for: seconds(s.referred_for),
            held_for: seconds(s.held_for),
            try_for: seconds(s.try_for),
            max_tries: s.max_tries,
            max_codes: s.max_codes,
            reference_within: seconds(s.reference_within),
            answer_deadline: seconds(s.answer_deadline),
            code_groups: s.code_groups,
            test_mode: s.test_mode,
            unsigned_profiles: self.documents.unsigned_profiles && self.documents.profiles.is_some(),
            officer_idle: seconds(s.officer_idle),
        }
    }

    fn check(&self) -> Result<(), String> {
        let url = reqwest::Url::parse(&self.service.url).map_err(|e| {
            format!("[service] url \"{}\" is not an address ({e}); write https://host:port", self.service.url)
        })?;
        if url.scheme() != "https" || url.host_str().is_none() {
            return Err(format!("[service] url \"{}\" must begin with https:// and name a host", self.service.url));
        }
        let number = &self.site.number;
        if number.is_empty()
            || number.len() > 8
            || !number.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        {
            return Err(format!("[site] number \"{number}\" must be 1 to 8 capital letters and digits, like K07"));
        }
        if ![4, 6].contains(&self.session.code_groups) {
            return Err(format!("[session] code_groups is {}, but a code has 4 or 6 groups", self.session.code_groups));
        }
        let s = &self.session;
        for (key, value) in [
            ("warn_after", s.warn_after),
            ("answer_within", s.answer_within),
            ("complete_for", s.complete_for),
            ("referred_for", s.referred_for),
            ("held_for", s.held_for),
            ("try_for", s.try_for),
            ("reference_within", s.reference_within),
            ("answer_deadline", s.answer_deadline),
            ("officer_idle", s.officer_idle),
            ("max_tries", u32::from(s.max_tries)),
            ("max_codes", u32::from(s.max_codes)),
        ] {
            if !(1..=3600).contains(&value) {
                return Err(format!("[session] {key} is {value}; it must lie between 1 and 3600"));
            }
        }
        let d = &self.display;
        if !(240..=16384).contains(&d.width) || !(240..=16384).contains(&d.height) {
            return Err(format!("[display] {} x {} pixels is no panel; give its width and height", d.width, d.height));
        }
        if !(0.05..=2.0).contains(&d.pixel_pitch_mm) {
            return Err(format!(
                "[display] pixel_pitch_mm is {}; it must lie between 0.05 and 2 (0.248 on a 21.5 inch panel)",
                d.pixel_pitch_mm
            ));
        }
        if !(0.1..=4.0).contains(&d.scale) {
            return Err(format!("[display] scale is {}; it must lie between 0.1 and 4", d.scale));
        }
        if self.fonts.files.is_empty() {
            return Err("[fonts] files is empty; name at least one font file".to_owned());
        }
        let moves_only = |reader: &Reader| reader.protocol == Protocol::Crt571;
        if self.camera.is_none() && !self.readers.is_empty() && self.readers.values().all(moves_only) {
            return Err("[readers] has only a motorised reader (crt571), which holds cards and reads nothing; \
                        add a [camera] or a reader that reads"
                .to_owned());
        }
        for (name, reader) in &self.readers {
            if ![7, 8].contains(&reader.data_bits) {
                return Err(format!("[readers.{name}] data_bits is {}; it must be 7 or 8", reader.data_bits));
            }
            if let Some(baud) = reader.baud.filter(|baud| !(300..=4_000_000).contains(baud)) {
                return Err(format!("[readers.{name}] baud is {baud}; it must lie between 300 and 4000000"));
            }
            if let Some([number, value]) = reader.parameters.iter().find(|[_, value]| *value > 255) {
                return Err(format!(
                    "[readers.{name}] parameter {number} has the value {value}; it must be at most 255"
                ));
            }
        }
        match &self.camera {
            Some(Camera { node: None, replay: None, .. }) => {
                return Err("[camera] names no device; give node = \"/dev/video0\", or remove the table".to_owned());
            }
            Some(Camera { node: Some(_), replay: Some(_), .. }) => {
                return Err("[camera] has both node and replay; keep one".to_owned());
            }
            Some(Camera { replay: Some(_), .. }) if !cfg!(feature = "simulated") => {
                return Err("[camera] replay works only in a build for tests; give node = \"/dev/video0\"".to_owned());
            }
            Some(Camera { frames_per_second: Some(rate), .. }) if !(1..=60).contains(rate) => {
                return Err(format!("[camera] frames_per_second is {rate}; it must lie between 1 and 60"));
            }
            Some(Camera { node: Some(_), decode_limit_ms: Some(_), .. }) => {
                return Err("[camera] decode_limit_ms is of a replay; of a node it is a second".to_owned());
            }
            Some(Camera { node: Some(_), frames_per_second: Some(_), .. }) => {
                return Err("[camera] frames_per_second is of a replay; of a node the best rate is chosen".to_owned());
            }
            Some(Camera { infrared: Some(Infrared { control, led, .. }), .. })
                if control.is_some() == led.is_some() =>
            {
                return Err(
                    "[camera.infrared] needs either control = \"NAME\" or led = \"/sys/class/leds/NAME\"".to_owned()
                );
            }
            Some(Camera { node: None, infrared: Some(Infrared { control: Some(_), .. }), .. }) => {
                return Err("[camera.infrared] control is one of a node's; name an led".to_owned());
            }
            _ => {}
        }
        if !TECHNICIAN_PIN.contains(&self.technician.pin_digits) {
            return Err(format!(
                "[technician] pin_digits is {}; it must lie between 8 and 16",
                self.technician.pin_digits
            ));
        }
        Ok(())
    }

    fn anchor_paths(&mut self, folder: &Path) {
        let anchor = |path: &mut PathBuf| *path = folder.join(&*path);
        [&mut self.service.root, &mut self.service.chain, &mut self.service.key].into_iter().for_each(anchor);
        self.fonts.files.iter_mut().for_each(anchor);
        self.readers.values_mut().map(|reader| &mut reader.path).for_each(anchor);
        anchor(&mut self.journal.dir);
        anchor(&mut self.outbox.dir);
        let camera = self.camera.iter_mut().flat_map(|c| [&mut c.node, &mut c.replay]);
        let keys =
            [&mut self.service.log, &mut self.outbox.key, &mut self.technician.public_key, &mut self.technician.pepper];
        let Documents { profiles, profiles_key, trust, .. } = &mut self.documents;
        camera.chain(keys).chain([profiles, profiles_key, trust]).flatten().for_each(anchor);
    }
}

impl Default for SiteTable {
    fn default() -> Self {
        Self {
            number: "K01".to_owned(),
            lane: "1".to_owned(),
            gate: String::new(),
            counter: String::new(),
            directions: BTreeMap::new(),
        }
    }
}

impl Default for Display {
    fn default() -> Self {
        Self { width: 1080, height: 1920, fullscreen: true, pixel_pitch_mm: 0.248, scale: 1.0 }
    }
}

impl Default for Fonts {
    fn default() -> Self {
        Self { files: crate::theme::DEBIAN_FONTS.map(PathBuf::from).to_vec() }
    }
}

impl Default for Attract {
    fn default() -> Self {
        Self { motion: true }
    }
}

impl Default for SessionTable {
    fn default() -> Self {
        let p = Policy::default();
        let seconds = |d: Duration| u32::try_from(d.as_secs()).unwrap_or(u32::MAX);
        Self {
            warn_after: seconds(p.warn_after),
            answer_within: seconds(p.answer_within),
            complete_for: seconds(p.complete_for),
            referred_for: seconds(p.referred_for),
            held_for: seconds(p.held_for),
            try_for: seconds(p.try_for),
            max_tries: p.max_tries,
            max_codes: p.max_codes,
            reference_within: seconds(p.reference_within),
            answer_deadline: seconds(p.answer_deadline),
            code_groups: p.code_groups,
            officer_idle: seconds(p.officer_idle),
            test_mode: p.test_mode,
        }
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self { dir: PathBuf::from("/var/lib/inspection-kiosk/journal") }
    }
}

impl Default for Outbox {
    fn default() -> Self {
        Self { dir: PathBuf::from("/var/lib/inspection-kiosk/outbox"), key: None }
    }
}

impl Default for Technician {
    fn default() -> Self {
        Self { public_key: None, pepper: None, pin_digits: 8 }
    }
}

const fn default_data_bits() -> u8 {
    8
}

const fn default_stx() -> u8 {
    0x02
}

const fn default_etx() -> u8 {
    0x03
}

/// What the operating system says, without its number: `no such file`.
#[must_use]
pub fn io_cause(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "this program may not open it".to_owned(),
        ErrorKind::IsADirectory => "it is a folder, not a file".to_owned(),
        ErrorKind::NotADirectory => "a part of its path is not a folder".to_owned(),
        ErrorKind::InvalidData => "it is not text (UTF-8)".to_owned(),
        ErrorKind::StorageFull => "the disk is full".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the disk is mounted read-only".to_owned(),
        _ => error.to_string(),
    }
}

/// Turns a parser's complaint into file, line, and what to do.
fn sentence(error: &toml::de::Error, text: &str, file: &Path) -> ConfigError {
    let file = file.display().to_string();
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..at).unwrap_or_default();
    let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    let Some(rest) = message.strip_prefix("unknown field ") else {
        return ConfigError::Syntax { file, line, cause: message };
    };
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let key = quoted.next().unwrap_or_default().to_owned();
    let known: Vec<&str> = quoted.collect();
    let table = before.lines().map(str::trim).rfind(|l| l.starts_with('[')).filter(|_| !at_table_header(text, at));
    let place = table.map_or_else(|| "of kiosk.toml".to_owned(), |header| format!("of {header}"));
    let advice = match known.iter().map(|k| (strsim::levenshtein(&key, k), *k)).min() {
        Some((d, nearest)) if d <= 1 + key.len() / 3 => format!("did you mean \"{nearest}\"?"),
        _ => format!("its keys are {}", known.join(", ")),
    };
    ConfigError::UnknownKey { file, line, key, place, advice }
}

/// Whether the offending key is itself a table's header.
fn at_table_header(text: &str, at: usize) -> bool {
    let start = text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1);
    text.get(start..).is_some_and(|line| line.trim_start().starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::{Config, ConfigError, Protocol};
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    const SERVICE: &str =
        "[service]\nurl = \"https://localhost:8443\"\nroot = \"root.pem\"\nchain = \"chain.pem\"\nkey = \"key.pem\"\n";

    fn parse(more: &str) -> Result<Config, ConfigError> {
        Config::parse(&format!("{SERVICE}{more}"), Path::new("/etc/kiosk/kiosk.toml"))
    }

    fn refusal(more: &str) -> String {
        parse(more).expect_err("must be refused").to_string()
    }

    #[test]
    fn the_service_alone_is_a_configuration_and_paths_are_relative_to_the_file() {
        let config = parse("").expect("valid");
        assert_eq!(config.service.root, PathBuf::from("/etc/kiosk/root.pem"));
        assert_eq!(config.policy(), crate::session::policy::Policy::default());
        assert_eq!(config.site().number, "K01");
    }

    #[test]
    fn every_table_is_understood() {
        let config = parse(
            "[site]\nnumber = \"K07\"\nlane = \"7\"\n[site.directions]\nes = \"A la derecha\"\n\
             [session]\nwarn_after = 20\ntest_mode = true\n\
             [readers.scanner]\nprotocol = \"elyctis\"\npath = \"pty\"\n[camera]\nnode = \"/dev/video0\"\n\
             [camera.infrared]\ncontrol = \"Illuminator 2\"\n[documents]\nprofiles = \"d.toml\"\nprofiles_key = \"d.pub\"\ntrust = \"t\"\n\
             [journal]\ndir = \"j\"\n[outbox]\ndir = \"o\"\nkey = \"o.key\"\n\
             [technician]\npublic_key = \"t.pub\"\npepper = \"t.pepper\"\npin_digits = 10\n\
             [attract]\nmotion = false\n[display]\nscale = 0.5\nfullscreen = false\n[fonts]\nfiles = [\"a.ttf\"]\n",
        )
        .expect("valid");
        assert_eq!(config.policy().warn_after, Duration::from_secs(20));
        assert!(config.policy().test_mode);
        let reader = &config.readers["scanner"];
        assert_eq!((reader.protocol, reader.baud), (Protocol::Elyctis, None));
        assert_eq!(reader.path, PathBuf::from("/etc/kiosk/pty"));
        assert_eq!(config.camera.as_ref().and_then(|c| c.node.clone()), Some(PathBuf::from("/dev/video0")));
        let infrared = config.camera.as_ref().and_then(|c| c.infrared.as_ref()).expect("a second light");
        assert_eq!((infrared.control.as_deref(), infrared.on, infrared.off), (Some("Illuminator 2"), 1, 0));
        assert_eq!(config.documents.profiles, Some(PathBuf::from("/etc/kiosk/d.toml")));
        assert_eq!(config.documents.trust, Some(PathBuf::from("/etc/kiosk/t")));
        assert!(!config.documents.unsigned_profiles);
        assert_eq!(config.outbox.key, Some(PathBuf::from("/etc/kiosk/o.key")));
        assert_eq!(config.site().directions["es"], "A la derecha");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() {
        assert_eq!(
            refusal("[site]\nnummber = \"K07\"\n"),
            "/etc/kiosk/kiosk.toml, line 7: \"nummber\" is not a key of [site]; did you mean \"number\"?"
        );
        assert_eq!(
            refusal("[readers.scanner]\nprotocol = \"elyctis\"\npath = \"x\"\nbaut = 9600\n"),
            "/etc/kiosk/kiosk.toml, line 9: \"baut\" is not a key of [readers.scanner]; did you mean \"baud\"?"
        );
        assert_eq!(
            refusal("[sevice]\n"),
            "/etc/kiosk/kiosk.toml, line 6: \"sevice\" is not a key of kiosk.toml; did you mean \"service\"?"
        );
        assert!(refusal("[journal]\nxylophone = 1\n").ends_with("its keys are dir"));
    }

    #[test]
    fn a_missing_key_and_broken_toml_name_the_line() {
        let missing = Config::parse("[service]\nurl = \"https://a\"\n", Path::new("k.toml")).expect_err("refused");
        assert!(missing.to_string().starts_with("k.toml, line 1: missing field `root`"), "{missing}");
        assert!(refusal("[site\n").starts_with("/etc/kiosk/kiosk.toml, line 6: "), "{}", refusal("[site\n"));
        assert!(refusal("[session]\nwarn_after = \"a\"\n").contains("line 7: invalid type"));
    }

    #[test]
    fn values_out_of_range_say_what_is_allowed() {
        assert!(refusal("[session]\ncode_groups = 5\n").ends_with("a code has 4 or 6 groups"));
        assert!(refusal("[session]\nwarn_after = 0\n").ends_with("between 1 and 3600"));
        assert!(refusal("[site]\nnumber = \"k 7\"\n").ends_with("like K07"));
        assert!(refusal("[technician]\npin_digits = 4\n").ends_with("between 8 and 16"));
        assert!(refusal("[camera]\n").contains("names no device"));
        let camera = |keys: &str| refusal(&format!("[camera]\n{keys}\n"));
        assert!(camera("node = \"/dev/video0\"\nframes_per_second = 15").contains("of a replay"));
        assert!(camera("replay = \"p\"\nframes_per_second = 0").contains("between 1 and 60"));
        assert!(camera("node = \"/dev/video0\"\ninfrared = {}").contains("needs either"));
        assert!(camera("node = \"/dev/video0\"\ninfrared = { control = \"a\", led = \"b\" }").contains("needs either"));
        assert!(camera("replay = \"p\"\ninfrared = { control = \"a\" }").contains("name an led"));
        let plain = SERVICE.replace("https", "http");
        let http = Config::parse(&plain, Path::new("k.toml")).expect_err("refused").to_string();
        assert!(http.contains("must begin with https://"), "{http}");
    }

    #[test]
    fn a_file_just_above_the_bound_is_refused_and_one_just_below_is_read() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("kiosk.toml");
        let mut text = SERVICE.to_owned();
        text.push('#');
        text.extend(std::iter::repeat_n('x', 1024 * 1024 - text.len()));
        std::fs::write(&file, &text).expect("written");
        assert!(Config::load(&file).is_ok());
        text.push('x');
        std::fs::write(&file, &text).expect("written");
        assert!(matches!(Config::load(&file), Err(ConfigError::TooLarge { .. })));
        let none = Config::load(&folder.path().join("no.toml")).expect_err("refused").to_string();
        assert!(none.ends_with("there is no such file; give the right file with --config FILE"), "{none}");
    }

    #[test]
    fn the_commented_example_holds_every_key_and_is_valid() {
        let example = include_str!("../../config/kiosk.toml");
        Config::parse(example, Path::new("kiosk.toml")).expect("the example as it stands");
        // With every commented-out key switched on it must be valid too.
        let all: String = example
            .lines()
            .map(|line| match line.strip_prefix("#") {
                Some(key) if !key.starts_with([' ', '#']) && !key.is_empty() => format!("{key}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let config = Config::parse(&all, Path::new("kiosk.toml")).expect("with every key");
        assert!(config.camera.is_some() && config.outbox.key.is_some() && config.technician.public_key.is_some());
    }
}
