//! The whole kiosk, as pure as a visit: what mode it is in, and what happens outside a visit.
//!
//! [`Kiosk::step`] makes the [`Session`], hands it what concerns the visit, and drops it when it is over. The officer's
//! desk and the technician's mode have their own steps in `officer` and `diagnostics`.

use crate::diagnostics::Diagnostics;
use crate::effect::{Effect, Entry, JournalEvent, MustAct};
use crate::event::{Event, Intent, StaffAnswer};
use crate::officer::{self, Desk};
use crate::session::Context;
use crate::session::policy::Policy;
use crate::session::state::{ReferralReason, Session, Settings, VisitId};
use card_reader::reader::{self, CardMove, DecoderFailure, DeviceId, Fault};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use verification_api::personal::PersonalText;

/// Whose turn it is.
pub enum Mode {
    /// Attract, or a visit.
    Traveler,
    Officer(Box<Desk>),
    Diagnostics(Box<Diagnostics>),
    OutOfService(Why),
}

/// Why the kiosk takes no visits; it heals by itself once the cause is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    NoReader,
    JournalNotWritable,
    /// Quarantined or revoked by the service: the agency acts.
    Barred,
}

impl Why {
    /// The word in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoReader => "no_reader",
            Self::JournalNotWritable => "journal_not_writable",
            Self::Barred => "barred",
        }
    }

    #[must_use]
    pub const fn must_act(self) -> MustAct {
        match self {
            Self::NoReader | Self::JournalNotWritable => MustAct::Technician,
            Self::Barred => MustAct::Officer,
        }
    }
}

/// What the site's operator configured: shown to travelers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Site {
    /// `K07`.
    pub number: String,
    pub lane: String,
    pub gate: String,
    /// The counter to use instead.
    pub counter: String,
    /// Directions for each language tag.
    pub directions: BTreeMap<String, String>,
}

/// State of a configured device as the kiosk sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    Starting,
    Ready { identity: String },
    Lost { fault: Fault },
}

/// A configured device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted {
    pub device: DeviceId,
    /// It reads documents by itself. A motorised reader does not: it holds a card while others read.
    pub reads: bool,
}

/// The state of the machine: whose turn it is, the visit if there is one, and what is known of devices, journal and service.
pub struct Kiosk {
    pub mode: Mode,
    pub visit: Option<Session>,
    pub site: Site,
    pub policy: Policy,
    /// The policy before the agency said anything.
    configured: Policy,
    pub devices: BTreeMap<DeviceId, Device>,
    /// Those of them that move cards and read nothing.
    pub movers: BTreeSet<DeviceId>,
    /// Those that hold a card which nobody took or nobody put there.
    pub cards_left: BTreeSet<DeviceId>,
    pub journal_writable: bool,
    pub barred: bool,
    /// Monotonic time of the newest step.
    pub now: Duration,
    /// The newest presentation number of this run.
    pub(crate) presentations: u64,
    /// The newest staff sign-in of this run.
    pub(crate) staff: u64,
    /// Decoders left behind in this run: each may go on burning a core.
    overruns: u32,
    restarting: bool,
}

/// What a step may ask of the world: time and randomness are arguments.
pub struct Moment<'a> {
    /// Monotonic time of this run of the program.
    pub now: Duration,
    /// Wall clock, milliseconds since 1970: for UUIDv7 and for the century of printed dates, nothing else.
    pub unix_millis: u64,
    pub entropy: &'a mut dyn FnMut(&mut [u8]),
}

impl Kiosk {
    #[must_use]
    pub fn new(site: Site, policy: Policy, devices: impl IntoIterator<Item = Fitted>) -> Self {
        let fitted: Vec<Fitted> = devices.into_iter().collect();
        Self {
            mode: Mode::Traveler,
            visit: None,
            site,
            configured: policy.clone(),
            policy,
            movers: fitted.iter().filter(|fitted| !fitted.reads).map(|fitted| fitted.device.clone()).collect(),
            cards_left: BTreeSet::new(),
            devices: fitted.into_iter().map(|fitted| (fitted.device, Device::Starting)).collect(),
            journal_writable: true,
            barred: false,
            now: Duration::ZERO,
            presentations: 0,
            staff: 0,
            overruns: 0,
            restarting: false,
        }
    }

    /// The whole behaviour of the kiosk.
    pub fn step(&mut self, event: Event, moment: &mut Moment<'_>) -> Vec<Effect> {
        self.now = moment.now;
        let mut effects = self.note_world(&event, moment);
        effects.extend(match (&self.mode, event) {
            // Whoever asked for it has left, whatever the kiosk does now.
            (_, Event::Staff { staff, answer: StaffAnswer::SignedIn { session, pseudonym, .. } })
                if !self.awaits_sign_in(staff) =>
            {
                officer::came_too_late(session, pseudonym)
            }
            (Mode::Officer(_), event) => self.officer_step(event, moment),
            (Mode::Diagnostics(_), event) => self.diagnostics_step(event, moment),
            (Mode::Traveler | Mode::OutOfService(_), event) => self.traveler_step(event, moment),
        });
        if self.visit.as_ref().is_some_and(|visit| visit.over) {
            effects.extend(self.with_visit(moment, Session::left_to_take_back).flatten());
            self.visit = None;
            // Signed out at once when the visit ends.
            effects.extend(self.close_desk());
        }
        effects.extend(self.reconsider(moment));
        effects
    }

    /// At least one reader answers or may still come up. Without any configured, none.
    #[must_use]
    pub fn can_read(&self) -> bool {
        self.devices
            .iter()
            .any(|(device, state)| !self.movers.contains(device) && !matches!(state, Device::Lost { .. }))
    }

    /// The motorised readers that answer.
    pub fn ready_movers(&self) -> impl Iterator<Item = &DeviceId> {
        self.movers.iter().filter(|mover| matches!(self.devices.get(mover), Some(Device::Ready { .. })))
    }

    /// A step of the visit, if there is one.
    pub(crate) fn visit_step(&mut self, event: Event, moment: &mut Moment<'_>) -> Vec<Effect> {
        self.with_visit(moment, |visit, context| visit.step(event, context)).unwrap_or_default()
    }

    /// Lends the visit, with everything it may look at, to `f`.
    pub(crate) fn with_visit<R>(
        &mut self,
        moment: &mut Moment<'_>,
        f: impl FnOnce(&mut Session, &mut Context<'_, '_>) -> R,
    ) -> Option<R> {
        let can_read = self.can_read();
        let officer_session = self.officer_session();
        let visit = self.visit.as_mut()?;
        let mut context = Context {
            moment,
            policy: &self.policy,
            site: &self.site,
            can_read,
            presentations: &mut self.presentations,
            officer_session,
        };
        Some(f(visit, &mut context))
    }

    fn officer_session(&self) -> Option<PersonalText> {
        match &self.mode {
            Mode::Officer(desk) => desk.officer.as_ref().map(|officer| officer.session.clone()),
            _ => None,
        }
    }

    /// Opens a new presentation and arms for it, outside a visit.
    pub(crate) fn arm(&mut self, accept: reader::Accept) -> Effect {
        self.presentations += 1;
        Effect::Arm { presentation: reader::PresentationNo(self.presentations), accept }
    }

    fn traveler_step(&mut self, event: Event, moment: &mut Moment<'_>) -> Vec<Effect> {
        match event {
            Event::Intent(Intent::Officer(intent)) => self.enter_staff(&intent, None, moment),
            // A badge in Held is the officer's way in.
            Event::Reader(reader::Event::Read { reading: reader::Reading::Staff(badge), .. })
                if self.visit.is_some() =>
            {
                self.enter_staff(&crate::officer::Intent::Enter, Some(badge), moment)
            }
            event if self.visit.is_some() => self.visit_step(event, moment),
            Event::Intent(Intent::Begin) | Event::Reader(reader::Event::Sensed { .. })
                if matches!(self.mode, Mode::Traveler) =>
            {
                self.begin(moment)
            }
            _ => Vec::new(),
        }
    }

    fn begin(&mut self, moment: &mut Moment<'_>) -> Vec<Effect> {
        let visit = Session::new(VisitId(moment.uuid()), Settings::default(), moment.now);
        let id = visit.id;
        self.visit = Some(visit);
        vec![entry(JournalEvent::VisitStarted, Some(id), "traveler", None, MustAct::Nobody)]
    }

    /// What happens to the kiosk whatever its mode: devices come and go, the journal fills, the service bars it.
    fn note_world(&mut self, event: &Event, moment: &mut Moment<'_>) -> Vec<Effect> {
        match event {
            Event::Reader(reader::Event::Ready { device, identity }) => {
                // If there is one, it is told again after this.
                self.cards_left.remove(device);
                let known = self.devices.insert(device.clone(), Device::Ready { identity: identity.clone() });
                // A device that comes back is not armed by itself. If something is still wanted it joins in, and the others go
                // on with what they have: a card that one of them holds is not given back because a plug was put in elsewhere.
                let presentation = reader::PresentationNo(self.presentations);
                let mut effects = vec![Effect::Join { presentation, device: device.clone() }];
                if !matches!(known, Some(Device::Ready { .. })) {
                    effects.push(entry(JournalEvent::DeviceReady, None, "system", Some(&device.0), MustAct::Nobody));
                }
                effects
            }
            // A unit was swapped under the same name: auditors will ask when.
            Event::Reader(reader::Event::AnotherUnit { device }) => {
                vec![entry(JournalEvent::DeviceReplaced, None, "system", Some(&device.0), MustAct::Nobody)]
            }
            Event::Reader(reader::Event::Degraded { device, fault: Some(fault) }) => {
                // Behind a graver fault a card may still lie; before a lesser one it would have been told.
                if *fault == Fault::CardLeft {
                    self.cards_left.insert(device.clone());
                } else if fault.rank() > Fault::CardLeft.rank() {
                    self.cards_left.remove(device);
                }
                vec![fault_entry(JournalEvent::DeviceDegraded, device, *fault)]
            }
            Event::Reader(reader::Event::Degraded { device, fault: None }) => {
                self.cards_left.remove(device);
                vec![entry(JournalEvent::DeviceWell, None, "system", Some(&device.0), MustAct::Nobody)]
            }
            Event::Reader(reader::Event::Card { device, what, .. }) => {
                let event = match what {
                    CardMove::Offered => return Vec::new(),
                    CardMove::NotTaken => JournalEvent::CardNotTaken,
                    CardMove::Captured => JournalEvent::CardCaptured,
                };
                vec![entry(event, None, "system", Some(&device.0), MustAct::Officer)]
            }
            Event::Reader(reader::Event::DecoderFailed { device, decoder, how }) => {
                self.overruns += u32::from(*how == DecoderFailure::Overran);
                let cause = format!("{}: {} {}", device.0, decoder.name(), how.name());
                vec![entry(JournalEvent::DecoderFailed, None, "system", Some(&cause), MustAct::Vendor)]
            }
            Event::Reader(reader::Event::Lost { device, fault }) => {
                let known = self.devices.insert(device.clone(), Device::Lost { fault: *fault });
                if matches!(known, Some(Device::Lost { .. })) {
                    return Vec::new();
                }
                vec![fault_entry(JournalEvent::DeviceLost, device, *fault)]
            }
            Event::Journal { writable } => {
                self.journal_writable = *writable;
                // Without a record there is no visit: wiped, whatever it was doing. That it ended the journal's reserve takes.
                if !writable && let Some(visit) = &mut self.visit {
                    visit.over = true;
                    let cause = Some(Why::JournalNotWritable.name());
                    return vec![
                        entry(JournalEvent::VisitAborted, Some(visit.id), "system", cause, MustAct::Technician),
                        Effect::Disarm,
                        Effect::Preview(false),
                        Effect::Wipe { visit: visit.id },
                    ];
                }
                Vec::new()
            }
            Event::Barred(barred) => {
                self.barred = *barred;
                if *barred && self.visit.as_ref().is_some_and(|visit| !visit.hands_over()) {
                    return self
                        .with_visit(moment, |visit, context| visit.refer(ReferralReason::Technical, context))
                        .unwrap_or_default();
                }
                Vec::new()
            }
            Event::Policy { code_groups, timers, disabled_officers } => {
                self.policy.code_groups = *code_groups;
                // What the agency takes back is as this kiosk's own settings have it.
                match timers {
                    Some(timers) => self.policy.take(timers),
                    None => self.policy.take_own(&self.configured),
                }
                self.dismiss(disabled_officers, moment)
            }
            _ => Vec::new(),
        }
    }

    /// In or out of service, between visits.
    fn reconsider(&mut self, _moment: &mut Moment<'_>) -> Vec<Effect> {
        let idle = self.visit.is_none() && matches!(self.mode, Mode::Traveler | Mode::OutOfService(_));
        if idle && self.overruns >= OVERRUNS && !self.restarting {
            self.restarting = true;
            let cause = Some("decoder_overran");
            let planned = entry(JournalEvent::RestartPlanned, None, "system", cause, MustAct::Nobody);
            return vec![planned, Effect::Restart];
        }
        let why = if !self.journal_writable {
            Some(Why::JournalNotWritable)
        } else if self.barred {
            Some(Why::Barred)
        } else if !self.devices.is_empty() && !self.can_read() {
            Some(Why::NoReader)
        } else {
            None
        };
        match (&self.mode, why) {
            (Mode::Traveler, Some(why)) if self.visit.is_none() => {
                self.mode = Mode::OutOfService(why);
                vec![entry(JournalEvent::OutOfService, None, "system", Some(why.name()), why.must_act())]
            }
            (Mode::OutOfService(was), Some(why)) if *was != why => {
                self.mode = Mode::OutOfService(why);
                vec![entry(JournalEvent::OutOfService, None, "system", Some(why.name()), why.must_act())]
            }
            (Mode::OutOfService(_), None) => {
                self.mode = Mode::Traveler;
                vec![entry(JournalEvent::BackInService, None, "system", None, MustAct::Nobody)]
            }
            _ => Vec::new(),
        }
    }
}

/// So many decoders left behind in one run of the program, and it starts anew between visits: the first may be chance, and
/// a thread that hangs cannot be ended otherwise (architecture, "Devices").
const OVERRUNS: u32 = 2;

/// What a motorised reader is told, as the journal's cause.
pub(crate) fn card_order(device: &DeviceId, keep: bool) -> String {
    format!("{}: {}", device.0, if keep { "keep" } else { "give_back" })
}

/// A device's fault: the cause is its name and the fault's.
fn fault_entry(event: JournalEvent, device: &DeviceId, fault: Fault) -> Effect {
    let cause = format!("{}: {}", device.0, fault.name());
    entry(event, None, "system", Some(&cause), crate::devices::must_act(fault))
}

/// A journal entry as an effect.
pub(crate) fn entry(
    event: JournalEvent,
    visit: Option<VisitId>,
    role: &'static str,
    cause: Option<&str>,
    must_act: MustAct,
) -> Effect {
    Effect::Journal(Entry { event, visit, role, actor: None, cause: cause.map(str::to_owned), must_act })
}
