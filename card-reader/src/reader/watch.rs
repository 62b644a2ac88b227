//! One camera as the reader sees it: what lies under it, the try that runs, when to read the next picture. Pure; the
//! time is an argument.

use crate::camera::gate::Seen;
use crate::ocr::{Advice, Evidence, NotRead, Point, Quad, Tracker};
use std::time::{Duration, Instant};

/// Between two readings of a picture: lying still, moving, and with nothing sensed at all (the gate may be wrong).
const STILL: Duration = Duration::from_millis(120);
const MOVING: Duration = Duration::from_millis(500);
/// What could not be read within `SETTLED` of lying still is looked at less often until it moves: its next picture is
/// much like the last, and a kiosk that searches shall not need a whole core.
const LYING: Duration = Duration::from_millis(240);
const SETTLED: Duration = Duration::from_secs(1);
const UNSENSED: Duration = Duration::from_millis(1000);
/// For codes, which are held into the camera on a phone or a slip.
const CODE: Duration = Duration::from_millis(150);
/// For what else a document says that was taken.
const WITNESS: Duration = Duration::from_millis(300);
/// After a failed try nothing new is sensed for this long, unless something moves.
const REST: Duration = Duration::from_secs(3);
/// A corner that moved less is drawn where it was.
const CORNER: f32 = 8.0;

/// State of one camera.
#[derive(Default)]
pub(super) struct Watch {
    pub ready: bool,
    pub seen: Option<(Instant, Seen)>,
    /// A document has been told as sensed and not as removed.
    sensed: bool,
    /// What was taken still lies there.
    pub witnesses: bool,
    rest_until: Option<Instant>,
    pub attempt: Option<Attempt>,
    last_read: Option<Instant>,
    /// Since when the document of this try lies still.
    still_since: Option<Instant>,
    reads: u32,
    told: (Option<Advice>, Option<Point>, Option<Quad>),
    /// What the pictures of this presentation said so far; a new one for each document put down.
    pub tracker: Tracker,
}

/// One try: from the sensing to a read, the removal or the limit.
pub(super) struct Attempt {
    pub since: Instant,
    pub best: Option<NotRead>,
}

/// What the pictures are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looking {
    Document,
    Code,
    /// The other codes of a document that was taken.
    Witness,
}

/// What a look at the gate changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Nothing,
    /// Something has come (or was there when it was asked).
    Came,
    Went,
}

impl Watch {
    /// Takes what the gate saw.
    pub(super) fn look(&mut self, now: Instant, seen: Seen) -> Change {
        let was_seen = self.seen.replace((now, seen)).is_some();
        self.still_since = if seen.still { self.still_since.or(Some(now)) } else { None };
        if !seen.still && was_seen {
            self.rest_until = None;
        }
        if seen.present {
            let resting = self.rest_until.is_some_and(|until| now < until);
            if !self.sensed && !resting {
                self.sensed = true;
                return Change::Came;
            }
        } else {
            self.rest_until = None;
            if std::mem::take(&mut self.sensed) {
                self.attempt = None;
                self.witnesses = false;
                self.tracker = Tracker::default();
                return Change::Went;
            }
        }
        Change::Nothing
    }

    /// Armed anew: what lies there is sensed anew, after a rest if it has just failed.
    pub(super) fn arm(&mut self) {
        self.sensed = false;
        self.witnesses = false;
        self.attempt = None;
        self.last_read = None;
        self.still_since = None;
        self.told = (None, None, None);
        self.tracker = Tracker::default();
    }

    pub(super) fn begin_try(&mut self, now: Instant) {
        self.sensed = true;
        self.attempt = Some(Attempt { since: now, best: None });
        self.last_read = None;
        self.still_since = None;
        self.tracker = Tracker::default();
    }

    /// The try has failed: what lies there is left alone for a while.
    pub(super) fn fail_try(&mut self, now: Instant) -> Option<NotRead> {
        self.sensed = false;
        self.rest_until = Some(now + REST);
        self.tracker = Tracker::default();
        self.attempt.take().and_then(|attempt| attempt.best)
    }

    /// A read was taken: only the removal is looked for, and (`goes_on`) what else the same document says.
    pub(super) fn taken(&mut self, goes_on: bool) {
        self.attempt = None;
        self.witnesses = goes_on && self.sensed;
        self.tracker = Tracker::default();
    }

    /// The camera is gone.
    pub(super) fn lost(&mut self) {
        *self = Self { reads: self.reads, ..Self::default() };
    }

    /// Whether it is time to read the newest picture; every fourth time with more effort for barcodes.
    pub(super) fn wants_reading(&mut self, now: Instant, looking: Looking) -> Option<bool> {
        let (_, seen) = self.seen?;
        if !self.ready {
            return None;
        }
        let pause = match (looking, self.sensed, seen.still) {
            (Looking::Witness, _, _) if !self.witnesses => return None,
            (Looking::Witness, _, _) => WITNESS,
            (Looking::Code, _, _) => CODE,
            (Looking::Document, true, true) if self.still_since.is_some_and(|since| now >= since + SETTLED) => LYING,
            (Looking::Document, true, true) => STILL,
            (Looking::Document, true, false) => MOVING,
            (Looking::Document, false, _) => UNSENSED,
        };
        if self.last_read.is_some_and(|last| now < last + pause) {
            return None;
        }
        self.last_read = Some(now);
        self.reads = self.reads.wrapping_add(1);
        Some(self.reads.is_multiple_of(4))
    }

    /// Keeps the better of two failures: one with a guess is worth more to an officer.
    pub(super) fn note_failure(&mut self, mut failure: NotRead) {
        if let Some(guess) = &mut failure.guess {
            // The tracker has it; an officer needs the text only.
            guess.evidence = Evidence::default();
        }
        if let Some(attempt) = &mut self.attempt
            && (failure.guess.is_some() || attempt.best.as_ref().is_none_or(|best| best.guess.is_none()))
        {
            attempt.best = Some(failure);
        }
    }

    /// Whether advice, its place or the outline differ from what was told last.
    pub(super) fn advises_anew(&mut self, advice: Option<Advice>, at: Option<Point>, quad: Option<Quad>) -> bool {
        let apart = |old: &Point, new: &Point| (old.x - new.x).abs() > CORNER || (old.y - new.y).abs() > CORNER;
        let shifted = match (self.told.1, at) {
            (Some(old), Some(new)) => apart(&old, &new),
            (old, new) => old.is_some() != new.is_some(),
        };
        let moved = match (self.told.2, quad) {
            (Some(old), Some(new)) => old.iter().zip(&new).any(|(old, new)| apart(old, new)),
            (old, new) => old.is_some() != new.is_some(),
        };
        let anew = moved || shifted || self.told.0 != advice;
        if anew {
            self.told = (advice, at, quad);
        }
        anew
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Looking, Watch};
    use crate::camera::gate::Seen;
    use crate::clock::now;
    use std::time::Duration;

    fn seen(present: bool, still: bool) -> Seen {
        Seen { present, still, frozen: false, black: false, brightness: 90 }
    }

    #[test]
    fn what_failed_is_left_alone_until_it_moves_or_three_seconds_have_passed() {
        let start = now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut watch = Watch { ready: true, ..Watch::default() };
        assert_eq!(watch.look(at(0), seen(true, false)), Change::Came);
        watch.begin_try(at(0));
        watch.fail_try(at(8000));
        watch.arm();
        assert_eq!(watch.look(at(8100), seen(true, true)), Change::Nothing);
        assert_eq!(watch.look(at(11_000), seen(true, true)), Change::Came);

        watch.fail_try(at(20_000));
        assert_eq!(watch.look(at(20_100), seen(true, true)), Change::Nothing);
        assert_eq!(watch.look(at(20_200), seen(true, false)), Change::Came);
        assert_eq!(watch.look(at(20_300), seen(false, false)), Change::Went);
        assert_eq!(watch.look(at(20_400), seen(false, true)), Change::Nothing);
    }

    #[test]
    fn pictures_are_read_often_when_still_and_seldom_when_nothing_is_sensed() {
        let start = now();
        let mut watch = Watch { ready: true, ..Watch::default() };
        let mut count = |present, still, looking| {
            watch.arm();
            watch.look(start, seen(present, still));
            (0..100).filter(|n| watch.wants_reading(start + Duration::from_millis(n * 60), looking).is_some()).count()
        };
        // One second of every second look (120 ms), then five seconds of every fourth (240 ms).
        assert_eq!(count(true, true, Looking::Document), 9 + 20);
        assert_eq!(count(true, false, Looking::Document), 12);
        assert_eq!(count(false, true, Looking::Document), 6);
        assert_eq!(count(false, true, Looking::Code), 34);
    }
}
