//! A person at the kiosk: looks where a button is, presses there, and expects the screen to answer.

use super::kiosk::{Kiosk, State};
use super::{OrTrouble, Outcome, Trouble};
use crate::display::{Pointer, Screen};
use std::time::Duration;

/// A screen must answer a touch within this, on a machine that has other work too.
const ANSWER: Duration = Duration::from_secs(5);

/// A kiosk on a virtual display, and a hand before it.
pub struct Hand<'a> {
    pub kiosk: &'a mut Kiosk,
    pub screen: &'a Screen,
}

impl Hand<'_> {
    /// Presses the target of this id, as soon as the screen offers it.
    ///
    /// # Errors
    /// It is not offered in time; what is offered is in the sentence.
    pub fn tap(&mut self, id: &str) -> Outcome<State> {
        let state = self.offered(id)?;
        Pointer::of(self.screen).tap(middle(&state, id)?)?;
        Ok(state)
    }

    /// Holds the corner of the screen that staff know of.
    ///
    /// # Errors
    /// The X server is gone.
    pub fn corner(&self) -> Outcome {
        Pointer::of(self.screen).hold((40, 40), Duration::from_millis(2000))
    }

    /// Presses it and waits until the touch was taken. Two touches are never under way at once: what comes within one
    /// frame would be taken at the place of the last.
    ///
    /// # Errors
    /// As [`Hand::tap`]; or it is not taken.
    pub fn press(&mut self, id: &str) -> Outcome<State> {
        let before = self.tap(id)?;
        self.kiosk.wait(&format!("an answer to touching {id}"), ANSWER, |now| now.touches > before.touches)
    }

    /// Types on the on-screen keys.
    ///
    /// # Errors
    /// A key is not offered, or not answered.
    pub fn type_text(&mut self, text: &str) -> Outcome {
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            self.press(&format!("key-{c}"))?;
        }
        Ok(())
    }

    fn offered(&mut self, id: &str) -> Outcome<State> {
        self.kiosk.wait(&format!("the button {id}"), ANSWER, |now| now.targets.contains_key(id))
    }
}

fn middle(state: &State, id: &str) -> Outcome<(i16, i16)> {
    let [x, y, width, height] = *state.targets.get(id).or_trouble(|| format!("no button {id}"))?;
    #[expect(clippy::cast_possible_truncation, reason = "a position on a screen")]
    let at = ((x + width / 2.0) as i16, (y + height / 2.0) as i16);
    if width < 1.0 || height < 1.0 {
        return Err(Trouble(format!("the button {id} has no size")));
    }
    Ok(at)
}
