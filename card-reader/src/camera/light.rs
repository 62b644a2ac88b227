//! A second light over the document, infrared as a rule: the ink of a zone absorbs it and patterns behind the print
//! vanish. It is tried first, then in turn with the usual light. What to do when is pure ([`Turns`]); [`Lamp`] does it.

use crate::reader::CameraSource;
use std::io;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How the second light is switched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Switch {
    /// A control of the camera by its name (`v4l2-ctl --list-ctrls-menus` lists them), and its values.
    Control { name: String, on: i64, off: i64 },
    /// A light of the kernel's, a folder below `/sys/class/leds`.
    Led(PathBuf),
}

/// So long each light burns while a document is being read.
const TURN: Duration = Duration::from_millis(700);
/// So long after a switch the camera's exposure follows and its pictures are nobody's.
const SETTLE: Duration = Duration::from_millis(200);

/// Which light a picture was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    Usual,
    Infrared,
    /// Between the two.
    Changing,
}

/// Whose turn it is.
#[derive(Default)]
pub struct Turns {
    lit: bool,
    /// When the last switch was made; `None` while nothing is to be read.
    since: Option<Instant>,
    settled_at: Option<Instant>,
}

impl Turns {
    /// What light this picture was taken in, and the switch to be made now, if any. `wanted`: a document lies there and is to
    /// be read.
    pub fn step(&mut self, now: Instant, wanted: bool) -> (Light, Option<bool>) {
        let due = self.since.is_none_or(|since| now >= since + TURN);
        let lit = match (wanted, due) {
            (false, _) => false,
            (true, true) => !self.lit,
            (true, false) => self.lit,
        };
        let switch = (lit != self.lit).then_some(lit);
        if switch.is_some() {
            self.settled_at = Some(now + SETTLE);
        }
        if switch.is_some() || !wanted {
            self.since = wanted.then_some(now);
        }
        self.lit = lit;
        let changing = self.settled_at.is_some_and(|at| now < at);
        let light = match (changing, lit) {
            (true, _) => Light::Changing,
            (false, true) => Light::Infrared,
            (false, false) => Light::Usual,
        };
        (light, switch)
    }
}

/// The switch, found.
pub struct Lamp {
    kind: Kind,
}

enum Kind {
    Control { device: v4l::Device, id: u32, on: i64, off: i64 },
    Led { brightness: PathBuf, full: String },
}

impl Lamp {
    /// Finds the switch and puts the light out.
    ///
    /// # Errors
    /// There is none of that name, or it does not move; a sentence that says what to do.
    pub fn open(switch: &Switch, source: &CameraSource) -> Result<Self, String> {
        let kind = match switch {
            Switch::Control { name, on, off } => {
                #[allow(irrefutable_let_patterns, reason = "replayed cameras, which have no node, are simulated ones")]
                let CameraSource::Node(node) = source else {
                    return Err("only a camera with a node has controls; name an led instead".to_owned());
                };
                control(node, name, *on, *off)?
            }
            Switch::Led(folder) => led(folder)?,
        };
        let lamp = Self { kind };
        lamp.set(false).map_err(|error| format!("the second light cannot be switched ({error})"))?;
        Ok(lamp)
    }

    /// Switches the light.
    ///
    /// # Errors
    /// The camera or the light is gone.
    pub fn set(&self, lit: bool) -> io::Result<()> {
        match &self.kind {
            Kind::Control { device, id, on, off } => device.set_control(v4l::control::Control {
                id: *id,
                value: v4l::control::Value::Integer(if lit { *on } else { *off }),
            }),
            Kind::Led { brightness, full } => std::fs::write(brightness, if lit { full } else { "0" }),
        }
    }
}

fn control(node: &Path, name: &str, on: i64, off: i64) -> Result<Kind, String> {
    let shown = node.display();
    let device = v4l::Device::with_path(node).map_err(|error| format!("{shown} cannot be opened ({error})"))?;
    // The library panics over a kind of control that is younger than it.
    let controls = catch_unwind(std::panic::AssertUnwindSafe(|| device.query_controls()))
        .unwrap_or_else(|_| Err(io::Error::other("one of a kind that is not known here")))
        .map_err(|error| format!("{shown} does not tell its controls ({error})"))?;
    let Some(found) = controls.iter().find(|control| control.name.eq_ignore_ascii_case(name)) else {
        let names: Vec<&str> = controls.iter().map(|control| control.name.as_str()).collect();
        return Err(format!("{shown} has no control “{name}”; it has: {}", names.join(", ")));
    };
    for value in [on, off] {
        if !(found.minimum..=found.maximum).contains(&value) {
            return Err(format!("“{name}” goes from {} to {}, not to {value}", found.minimum, found.maximum));
        }
    }
    Ok(Kind::Control { id: found.id, device, on, off })
}

fn led(folder: &Path) -> Result<Kind, String> {
    let full = std::fs::read_to_string(folder.join("max_brightness"))
        .map_err(|error| format!("{} is no light of the kernel's ({error}); see /sys/class/leds", folder.display()))?;
    Ok(Kind::Led { brightness: folder.join("brightness"), full: full.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{Lamp, Light, Switch, Turns};
    use crate::clock::now;
    use crate::reader::CameraSource;
    use std::time::Duration;

    #[test]
    fn infrared_is_first_then_the_lights_take_turns_until_nothing_is_wanted() {
        let start = now();
        let mut turns = Turns::default();
        let mut step = |millis, wanted| turns.step(start + Duration::from_millis(millis), wanted);
        assert_eq!(step(0, false), (Light::Usual, None));
        assert_eq!(step(100, true), (Light::Changing, Some(true)));
        assert_eq!(step(250, true), (Light::Changing, None));
        assert_eq!(step(300, true), (Light::Infrared, None));
        assert_eq!(step(799, true), (Light::Infrared, None));
        assert_eq!(step(800, true), (Light::Changing, Some(false)));
        assert_eq!(step(1000, true), (Light::Usual, None));
        assert_eq!(step(1500, true), (Light::Changing, Some(true)));
        assert_eq!(step(1800, false), (Light::Changing, Some(false)));
        assert_eq!(step(2000, false), (Light::Usual, None));
        assert_eq!(step(9000, true), (Light::Changing, Some(true)), "infrared first again");
    }

    #[test]
    fn a_light_of_the_kernel_is_switched_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let source = CameraSource::Node("/dev/no-such-camera".into());
        let switch = Switch::Led(folder.path().to_owned());
        let Err(problem) = Lamp::open(&switch, &source) else { panic!("an empty folder is no light") };
        assert!(problem.contains("/sys/class/leds"), "{problem}");
        std::fs::write(folder.path().join("max_brightness"), "255\n").unwrap();
        let lamp = Lamp::open(&switch, &source).unwrap();
        let brightness = || std::fs::read_to_string(folder.path().join("brightness")).unwrap();
        assert_eq!(brightness(), "0");
        lamp.set(true).unwrap();
        assert_eq!(brightness(), "255");
        let control = Switch::Control { name: "Illuminator 2".to_owned(), on: 1, off: 0 };
        assert!(Lamp::open(&control, &source).is_err_and(|problem| problem.contains("/dev/no-such-camera")));
    }
}
