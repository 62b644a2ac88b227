//! The times and limits of a visit, all in one place.

use std::time::Duration;
use verification_api::wire::Timers;

/// Settings of a visit; some come from `kiosk.toml`, some from the service's `/policy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Without input for this long: "Do you need more time?"
    pub warn_after: Duration,
    /// Time to answer that.
    pub answer_within: Duration,
    pub complete_for: Duration,
    pub referred_for: Duration,
    pub held_for: Duration,
    /// A try of reading ends after this.
    pub try_for: Duration,
    pub max_tries: u8,
    pub max_codes: u8,
    /// The reference is shown only if it is stored within this; else Held.
    pub reference_within: Duration,
    /// No answer of the service within this: the fallback.
    pub answer_deadline: Duration,
    /// Groups of a code that the keypad opens with: 4 or 6.
    pub code_groups: u8,
    /// Utopia and specimens are taken (never in production; said on the screen).
    pub test_mode: bool,
    /// Nobody vouches for the table of documents; said on the screen.
    pub unsigned_profiles: bool,
    /// An officer without input is signed out after this.
    pub officer_idle: Duration,
}

impl Policy {
    /// Takes the agency's times for those of this kiosk.
    pub fn take(&mut self, timers: &Timers) {
        let seconds = |s: u32| Duration::from_secs(u64::from(s));
        self.warn_after = seconds(timers.warn_s);
        self.answer_within = seconds(timers.answer_s);
        self.complete_for = seconds(timers.complete_s);
        self.referred_for = seconds(timers.referred_s);
        self.held_for = seconds(timers.held_s);
    }

    /// Goes back to the times of this kiosk.
    pub fn take_own(&mut self, own: &Self) {
        self.warn_after = own.warn_after;
        self.answer_within = own.answer_within;
        self.complete_for = own.complete_for;
        self.referred_for = own.referred_for;
        self.held_for = own.held_for;
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            warn_after: Duration::from_secs(60),
            answer_within: Duration::from_secs(30),
            complete_for: Duration::from_secs(20),
            referred_for: Duration::from_secs(30),
            held_for: Duration::from_secs(120),
            try_for: Duration::from_secs(8),
            max_tries: 3,
            max_codes: 3,
            reference_within: Duration::from_secs(5),
            answer_deadline: Duration::from_secs(12),
            code_groups: 4,
            test_mode: false,
            unsigned_profiles: false,
            officer_idle: Duration::from_secs(120),
        }
    }
}
