//! What tests see of the running program (feature `simulated`): its mode, the visit's state, and where its touch targets
//! lie on the screen, so that they can be pressed with a real pointer. Ids and rectangles only: nothing that a person
//! typed or a document says.
//!
//! The shell asks [`find`] for the places of the [`targets`] after each step that may have changed the screen, and hands
//! them to [`StateFile::note`].

use crate::kiosk::{Kiosk, Mode};
use crate::screens::{self, Look};
use iced::advanced::widget::operation::{Operation, Outcome};
use iced::advanced::widget::{Id, operate};
use iced::{Rectangle, Task};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

/// x, y, width, height in logical pixels of the window, by the action's id.
pub type Targets = BTreeMap<String, [f32; 4]>;

/// The ids of what can be touched now.
#[must_use]
pub fn targets(kiosk: &Kiosk, look: &Look) -> Vec<String> {
    let actions = screens::content(kiosk, look).actions;
    actions.into_iter().filter(|action| action.enabled).map(|action| action.id).collect()
}

/// Looks where the widgets of these ids lie in the layout that is on the screen.
pub fn find(ids: impl IntoIterator<Item = String>) -> Task<Targets> {
    let wanted = ids.into_iter().map(|id| (Id::from(id.clone()), id)).collect();
    operate(Find { wanted, found: Targets::new() })
}

/// The file that tests read: one JSON object, written whole or not at all.
pub struct StateFile {
    path: PathBuf,
    scale: f32,
    shown: Shown,
}

#[derive(Default, PartialEq, Serialize)]
struct Shown {
    /// Grows with each change of what follows.
    seq: u64,
    /// Touches that the program has taken.
    touches: u64,
    mode: &'static str,
    visit: Option<String>,
    /// In pixels of the display.
    targets: Targets,
}

impl StateFile {
    /// `scale`: pixels of the display for one logical pixel.
    #[must_use]
    pub fn new(path: PathBuf, scale: f32) -> Self {
        Self { path, scale, shown: Shown::default() }
    }

    /// Says what is on the screen, if that has changed; `touches` counts the touches taken so far.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note(&mut self, kiosk: &Kiosk, mut targets: Targets, touches: u64) -> std::io::Result<()> {
        targets.values_mut().flatten().for_each(|pixels| *pixels *= self.scale);
        let mode = match kiosk.mode {
            Mode::Traveler => "Traveler",
            Mode::Officer(_) => "Officer",
            Mode::Diagnostics(_) => "Diagnostics",
            Mode::OutOfService(_) => "OutOfService",
        };
        let visit = kiosk.visit.as_ref().map(|visit| format!("{:?}", visit.state.kind()));
        let new = Shown { seq: self.shown.seq, touches, mode, visit, targets };
        if new == self.shown {
            return Ok(());
        }
        self.shown = Shown { seq: new.seq + 1, ..new };
        let fresh = self.path.with_extension("next");
        std::fs::write(&fresh, serde_json::to_vec(&self.shown)?)?;
        std::fs::rename(fresh, &self.path)
    }
}

struct Find {
    wanted: HashMap<Id, String>,
    found: Targets,
}

impl Operation<Targets> for Find {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation<Targets>)) {
        operate(self);
    }

    fn container(&mut self, id: Option<&Id>, bounds: Rectangle) {
        if let Some(name) = id.and_then(|id| self.wanted.get(id)) {
            self.found.insert(name.clone(), [bounds.x, bounds.y, bounds.width, bounds.height]);
        }
    }

    fn finish(&self) -> Outcome<Targets> {
        Outcome::Some(self.found.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Find, Id, Operation, StateFile, Targets};
    use crate::kiosk::{Kiosk, Site};
    use crate::session::policy::Policy;
    use iced::Rectangle;
    use iced::advanced::widget::operation::Outcome;

    #[test]
    fn only_the_ids_asked_for_are_told() {
        let mut find = Find { wanted: [(Id::from("key-7"), "key-7".to_owned())].into(), found: Targets::new() };
        find.container(Some(&Id::from("key-7")), Rectangle { x: 1.0, y: 2.0, width: 3.0, height: 4.0 });
        find.container(Some(&Id::from("key-8")), Rectangle::default());
        find.container(None, Rectangle::default());
        let Outcome::Some(found) = find.finish() else { panic!("no targets") };
        assert_eq!(found, [("key-7".to_owned(), [1.0, 2.0, 3.0, 4.0])].into());
    }

    #[test]
    fn what_changed_is_written_in_pixels_of_the_display() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.json");
        let kiosk = Kiosk::new(Site::default(), Policy::default(), []);
        let mut file = StateFile::new(path.clone(), 0.5);
        let targets: Targets = [("finish".to_owned(), [10.0, 20.0, 30.0, 40.0])].into();
        let read = || std::fs::read_to_string(&path).expect("written");
        file.note(&kiosk, targets.clone(), 0).expect("written");
        let first = read();
        assert_eq!(
            first,
            r#"{"seq":1,"touches":0,"mode":"Traveler","visit":null,"targets":{"finish":[5.0,10.0,15.0,20.0]}}"#
        );
        file.note(&kiosk, targets.clone(), 0).expect("written");
        assert_eq!(read(), first);
        file.note(&kiosk, targets, 1).expect("written");
        assert!(read().starts_with(r#"{"seq":2,"touches":1,"#));
    }
}
