//! The table: what was measured, what is aimed at, and whether it was reached.

/// What the moods of a machine may take: an aim that is missed by more fails the run.
pub const TOLERANCE: f64 = 0.10;

/// How a measured value stands to its aim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Ok,
    /// Missed by this share of the aim, which is tolerated.
    Near(f64),
    Missed(f64),
}

/// Prints rows as they come, and counts.
#[derive(Default)]
pub struct Table {
    ok: usize,
    near: usize,
    missed: Vec<String>,
}

impl Table {
    /// A value that others are made of.
    pub fn tell(&self, what: &str, value: f64, unit: &str) {
        println!("{what:<58} {value:>10.1} {unit}");
    }

    /// A ratio, or another value that should be large.
    pub fn at_least(&mut self, what: &str, value: f64, aim: f64) {
        self.judge(what, value, &format!("(at least {aim})"), verdict(value / aim - 1.0));
    }

    /// A time or a size.
    pub fn at_most(&mut self, what: &str, value: f64, aim: f64, unit: &str) {
        self.judge(what, value, &format!("{unit} (at most {aim})"), verdict(1.0 - value / aim));
    }

    fn judge(&mut self, what: &str, value: f64, aim: &str, verdict: Verdict) {
        let told = match verdict {
            Verdict::Ok => {
                self.ok += 1;
                "ok".to_owned()
            }
            Verdict::Near(by) => {
                self.near += 1;
                format!("BELOW by {:.0} %, within the tolerance", by * 100.0)
            }
            Verdict::Missed(by) => {
                self.missed.push(what.to_owned());
                format!("BELOW by {:.0} %", by * 100.0)
            }
        };
        println!("{what:<58} {value:>10.2} {aim} {told}");
    }

    /// The sum of it; whether the run is good.
    pub fn end(&self) -> bool {
        let (ok, near, missed) = (self.ok, self.near, self.missed.len());
        println!("{ok} aims reached, {near} missed by at most {:.0} %, {missed} by more", TOLERANCE * 100.0);
        for what in &self.missed {
            println!("BELOW: {what}");
        }
        self.missed.is_empty()
    }
}

/// `over` is by which share of the aim the value is better than it. What is no number has reached nothing.
pub fn verdict(over: f64) -> Verdict {
    if over >= 0.0 {
        Verdict::Ok
    } else if over >= -TOLERANCE {
        Verdict::Near(-over)
    } else {
        Verdict::Missed(-over)
    }
}
