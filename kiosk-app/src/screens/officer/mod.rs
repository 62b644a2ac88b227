//! The officer's screens: sign-in, the visit as it stands, keying in, referring, opening a referral.

mod card;
mod key_in;
mod open_referral;
mod refer;
mod sign_in;
mod visit;
mod zone;

use crate::event::Intent;
use crate::i18n::{Line, Msg};
use crate::kiosk::Kiosk;
use crate::officer::{Desk, Intent as Ask, Notice, Page};
use crate::screens::content::{Action, Item, Place, Role, ScreenContent, Tone};
use crate::screens::words;
use crate::session::state::State;

pub(super) fn content(kiosk: &Kiosk, desk: &Desk) -> ScreenContent {
    let content = match &desk.page {
        Page::SignIn(sign_in) => sign_in::content(sign_in, kiosk.visit.is_none()),
        Page::Visit { reason, note, waiting } => {
            visit::content(kiosk, desk, &visit::Deciding { reason: *reason, note, waiting: *waiting })
        }
        Page::KeyIn(keyed) => key_in::content(keyed),
        Page::PullUp => pull_up(kiosk),
        Page::Refer { code } => refer::content(code.as_deref()),
        Page::OpenReferral { typed, waiting } => open_referral::content(typed, *waiting),
        Page::Card { keep_asked } => card::content(kiosk, *keep_asked),
    };
    let mut content = content.header(
        Msg::OfficerHeader.with("lane", kiosk.site.lane.clone()).with("number", words::kiosk_number(&kiosk.site)),
        clock(kiosk, desk),
    );
    if let Some(notice) = desk.notice {
        let (title, help) = said(notice);
        let notice = Item::Notice { tone: Tone::Care, title: title.into(), help: Some(help.into()) };
        content.items.insert(0, notice);
    }
    content
}

/// "Pull up the record": the traveler's own screens for the number and the code, under the officer's frame.
fn pull_up(kiosk: &Kiosk) -> ScreenContent {
    let mut content = match kiosk.visit.as_ref().map(|visit| (visit, &visit.state)) {
        Some((_, State::Identifier(entry))) => super::identifier::content(kiosk, entry),
        Some((_, State::BackupCode(entry))) => super::backup_code::content(entry),
        Some((visit, State::Verifying { since, .. })) => super::checking::verifying(kiosk, visit, *since),
        // On the way to one of them, or back from it.
        _ => page(Msg::PullUp),
    };
    // The way out leads back to the desk; nobody is referred for want of a code while an officer stands here.
    content.actions.retain(|action| !matches!(action.intent, Intent::StartOver));
    content.place = Place::Officer;
    content
        .action(Action::new(Role::Header, Msg::SignOut, ask(Ask::SignOut)).id("officer-sign-out"))
        .action(Action::new(Role::WayOut, Msg::OfficerVisitTitle, ask(Ask::Back)).id("officer-back"))
}

/// A page under the signed-in officer's frame.
fn page(title: impl Into<Line>) -> ScreenContent {
    ScreenContent::new(Place::Officer, title).action(Action::new(Role::Header, Msg::SignOut, ask(Ask::SignOut)))
}

const fn ask(intent: Ask) -> Intent {
    Intent::Officer(intent)
}

/// Time since sign-in, the visit, and the time to sign-out, which is always in sight.
fn clock(kiosk: &Kiosk, desk: &Desk) -> Line {
    let Some(officer) = &desk.officer else {
        return Msg::OfficerClockOut.into();
    };
    let since = words::minutes(kiosk.now.saturating_sub(officer.since));
    let idle = kiosk.now.saturating_sub(desk.last_input);
    let left = words::minutes(kiosk.policy.officer_idle.saturating_sub(idle));
    let reference = kiosk.visit.as_ref().and_then(|visit| visit.reference.as_ref());
    let visit = match (reference, &kiosk.visit) {
        (Some(reference), _) => reference.0.clone(),
        // Before a reference is drawn: the end of the id, enough to tell two visits apart.
        (None, Some(visit)) => {
            let id = visit.id.0.simple().to_string();
            format!("…{}", &id[id.len().saturating_sub(4)..])
        }
        (None, None) => return Msg::OfficerClockNone.with("since", since).with("left", left),
    };
    Msg::OfficerClock.with("since", since).with("visit", visit).with("left", left)
}

const fn said(notice: Notice) -> (Msg, Msg) {
    match notice {
        Notice::SignInRefused => (Msg::NoticeSignInRefused, Msg::NoticeSignInRefusedHelp),
        Notice::SignInUnavailable => (Msg::NoticeSignInUnavailable, Msg::NoticeSignInUnavailableHelp),
        Notice::ReferralNotFound => (Msg::NoticeReferralNotFound, Msg::NoticeReferralNotFoundHelp),
        Notice::ServiceUnavailable => (Msg::NoticeServiceUnavailable, Msg::NoticeServiceUnavailableHelp),
        Notice::JournalNotWritable => (Msg::NoticeJournal, Msg::NoticeJournalHelp),
        Notice::NoteRequired => (Msg::NoticeNoteRequired, Msg::NoticeNoteRequiredHelp),
        Notice::CardAsked => (Msg::NoticeCardAsked, Msg::NoticeCardAskedHelp),
        Notice::CardOffered => (Msg::NoticeCardOffered, Msg::NoticeCardOfferedHelp),
        Notice::CardKept => (Msg::NoticeCardKept, Msg::NoticeCardKeptHelp),
        Notice::OverrideNotOffered => (Msg::NoticeOverrideNotOffered, Msg::NoticeOverrideNotOfferedHelp),
    }
}

/// Digits and letters for badges and references.
const ALPHANUMERIC: [&str; 4] = ["1234567890", "QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM-"];
