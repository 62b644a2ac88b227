//! The sheets: help, privacy, language and display.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::kiosk::Kiosk;
use crate::screens::content::{Action, ChoiceStyle, Item, Place, Role, ScreenContent, Tone};
use crate::screens::language;
use crate::session::state::{Overlay, Session, State, StateKind};

pub(super) fn content(_kiosk: &Kiosk, visit: &Session, overlay: Overlay) -> ScreenContent {
    match overlay {
        Overlay::Help => help(visit),
        Overlay::Privacy => privacy(),
        Overlay::Settings => settings(visit),
    }
    .action(Action::new(Role::Forward, Msg::Close, Intent::CloseOverlay))
}

fn help(visit: &Session) -> ScreenContent {
    let content = ScreenContent::new(Place::Sheet, Msg::HelpTitle).help(explained(&visit.state)).choices(
        ChoiceStyle::Button,
        1,
        vec![
            Action::new(Role::Choice, Msg::SettingsOpen, Intent::OpenSettings).id("sheet-settings"),
            Action::new(Role::Choice, Msg::PrivacyOpen, Intent::OpenPrivacy).id("sheet-privacy"),
        ],
    );
    if visit.officer_called {
        content.item(Item::Status { tone: Tone::Good, line: Msg::OfficerCalled.into() })
    } else {
        content
            .choices(
                ChoiceStyle::Button,
                1,
                vec![Action::new(Role::Choice, Msg::CallOfficer, Intent::CallOfficer).id("sheet-officer")],
            )
            .item(Item::Status { tone: Tone::Plain, line: Msg::HelpOfficer.into() })
    }
}

/// The step explained once more.
fn explained(state: &State) -> Msg {
    match state.kind() {
        StateKind::Language => Msg::HelpNowLanguage,
        StateKind::PresentDocument | StateKind::Reading | StateKind::ConfirmDocument => Msg::HelpNowDocument,
        StateKind::LookingUp | StateKind::Verifying => Msg::HelpNowCheck,
        StateKind::Identifier => Msg::HelpNowNumber,
        StateKind::BackupCode | StateKind::NotVerified => Msg::HelpNowCode,
        StateKind::Complete | StateKind::Referred | StateKind::Held | StateKind::StillThere => Msg::HelpNowDone,
    }
}

fn privacy() -> ScreenContent {
    ScreenContent::new(Place::Sheet, Msg::PrivacyTitle)
        .item(Item::Text(Msg::PrivacyUse.into()))
        .item(Item::Text(Msg::PrivacyWipe.into()))
        .item(Item::Text(Msg::PrivacyOfficer.into()))
        .item(Item::Text(Msg::PrivacyDecision.into()))
}

fn settings(visit: &Session) -> ScreenContent {
    let content = ScreenContent::new(Place::Sheet, Msg::SettingsTitle).choices(
        ChoiceStyle::Large,
        1,
        language::languages(Some(visit.settings.language)),
    );
    language::display(content, &visit.settings)
}
