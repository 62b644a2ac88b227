//! The technician's screens: sign-in, devices and services, the camera and its stages, the mock visit.

mod camera;
mod mock;
mod overview;
mod sign_in;

use crate::diagnostics::{Diagnostics, Intent as Ask, Notice, Page};
use crate::event::Intent;
use crate::i18n::{Line, Msg};
use crate::kiosk::Kiosk;
use crate::screens::content::{Action, Item, Place, Role, ScreenContent, Tone};
use crate::screens::{Look, words};

pub(super) fn content(kiosk: &Kiosk, look: &Look, diagnostics: &Diagnostics) -> ScreenContent {
    let report = &diagnostics.report;
    let content = match &diagnostics.page {
        Page::SignIn { credential, pin, waiting } => sign_in::content(credential.is_some(), pin, *waiting),
        Page::Overview { technician } => overview::content(diagnostics, technician),
        Page::Camera { .. } => camera::content(look, report, diagnostics.running.as_ref()),
        Page::Mock { stage, .. } => mock::content(stage),
    };
    let facts = Msg::TechFacts
        .with("version", report.version.clone())
        .with("commit", report.commit.clone())
        .with("uptime", words::days(report.uptime))
        .with("boot", report.last_boot.clone());
    let header: Line = Msg::TechHeader.with("number", words::kiosk_number(&kiosk.site));
    let mut content = content.header(header, facts).action(Action::new(Role::Header, Msg::TechLeave, ask(Ask::Leave)));
    if let Some(notice) = diagnostics.notice {
        let (title, help) = match notice {
            Notice::CredentialRefused => (Msg::NoticeCredentialRefused, Msg::NoticeCredentialHelp),
            Notice::CredentialExpired => (Msg::NoticeCredentialExpired, Msg::NoticeCredentialExpiredHelp),
            Notice::Locked => (Msg::NoticeLocked, Msg::NoticeCredentialHelp),
        };
        content.items.insert(0, Item::Notice { tone: Tone::Care, title: title.into(), help: Some(help.into()) });
    }
    content
}

fn page(title: impl Into<Line>) -> ScreenContent {
    ScreenContent::new(Place::Technician, title)
}

const fn ask(intent: Ask) -> Intent {
    Intent::Diagnostics(intent)
}
