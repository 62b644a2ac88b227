//! The number and the backup code: typing, checking group by group, sending, answers.

use super::answers::{CallFailure, CodeAnswer};
use super::state::{
    CodeEntry, CompletedBy, IdentifierEntry, IdentifierKind, ReferralReason, RequestId, Session, State,
};
use super::{Context, JournalEvent, MustAct};
use crate::effect::{Effect, Verification};
use crate::event::Intent;
use card_reader::reader::Accept;
use verification_api::backup_code::{self, BackupCode};
use verification_api::identifiers::{Identifier, IdentifierError, IdentifierType};
use verification_api::personal::PersonalText;

/// The longest number that can be typed: a receipt number is thirteen characters.
const LONGEST_IDENTIFIER: usize = 13;
const GROUP: usize = 5;

impl Session {
    /// Keys, and the ways forward and back of the two typing screens.
    pub(super) fn typed(&mut self, intent: Intent, context: &mut Context<'_, '_>) -> Vec<Effect> {
        match (&mut self.state, intent) {
            (State::Identifier(entry), Intent::ChooseIdentifier(kind)) => {
                *entry = IdentifierEntry { kind, typed: PersonalText::default(), confirming: None, refused: false };
            }
            (State::Identifier(entry), Intent::Key(c)) if entry.confirming.is_none() => {
                if entry.typed.chars() < LONGEST_IDENTIFIER && c.is_ascii_alphanumeric() {
                    entry.typed.push(c.to_ascii_uppercase());
                }
                entry.refused = false;
            }
            (State::Identifier(entry), Intent::Delete) => {
                if entry.confirming.take().is_none() {
                    entry.typed.pop();
                }
                entry.refused = false;
            }
            (State::Identifier(entry), Intent::ClearGroup) => {
                *entry = IdentifierEntry {
                    kind: entry.kind,
                    typed: PersonalText::default(),
                    confirming: None,
                    refused: false,
                };
            }
            (State::Identifier(_), Intent::Forward) => return self.identifier_forward(context),
            (State::Identifier(entry), Intent::Back) if entry.confirming.is_some() => entry.confirming = None,
            (State::Identifier(_), Intent::Back) if context.can_read => return self.present(context),
            (State::BackupCode(entry), Intent::Key(c)) => key(entry, c),
            (State::BackupCode(entry), Intent::Delete) => delete(entry),
            (State::BackupCode(entry), Intent::ClearGroup) => {
                entry.open = PersonalText::default();
                entry.wrong = false;
            }
            (State::BackupCode(entry), Intent::OtherGroups) => {
                let groups = if entry.groups == 4 { 6 } else { 4 };
                if entry.closed.len() <= usize::from(groups) {
                    entry.groups = groups;
                }
                if entry.complete() {
                    entry.open = PersonalText::default();
                    entry.wrong = false;
                }
            }
            (State::BackupCode(entry), Intent::Forward) if entry.complete() => return self.verify(context),
            (State::BackupCode(_), Intent::Back) => return self.identify(context),
            _ => {}
        }
        Vec::new()
    }

    fn identifier_forward(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        let State::Identifier(entry) = &mut self.state else { return Vec::new() };
        if let Some(number) = entry.confirming.take() {
            self.identifier = Some((entry.kind, number));
            self.state = State::BackupCode(CodeEntry::new(context.policy.code_groups));
            return vec![self.arm(Accept::BackupCode, context)];
        }
        match entry.typed.expose(|typed| Identifier::parse(wire_kind(entry.kind), typed)) {
            // No number carries a check digit: it is echoed in groups and confirmed.
            Ok(identifier) | Err(IdentifierError::UnknownPrefix { identifier }) => {
                entry.confirming = Some(identifier.canonical().clone());
            }
            Err(IdentifierError::LooksLike { correction }) => {
                // Never swapped silently: the corrected number is what the traveler is asked to confirm.
                entry.confirming = Some(correction.canonical().clone());
            }
            Err(_) => entry.refused = true,
        }
        Vec::new()
    }

    /// The code as a QR: it fills the groups; sending it is still the traveler's touch.
    pub(super) fn code_scanned(&mut self, scanned: &PersonalText, context: &mut Context<'_, '_>) -> Vec<Effect> {
        let parsed = scanned.expose(|text| {
            BackupCode::parse(text.strip_prefix(backup_code::QR_PREFIX).unwrap_or(text)).map(|code| code.text())
        });
        if let (Ok(text), State::BackupCode(entry)) = (parsed, &mut self.state) {
            let closed: Vec<PersonalText> = text.expose(|t| t.split('-').map(PersonalText::from).collect());
            *entry = CodeEntry {
                groups: u8::try_from(closed.len()).unwrap_or(4),
                closed,
                open: PersonalText::default(),
                wrong: false,
            };
            return Vec::new();
        }
        vec![self.arm(Accept::BackupCode, context)]
    }

    fn verify(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        let State::BackupCode(entry) = &self.state else { return Vec::new() };
        let Some((kind, identifier)) = self.identifier.clone() else { return self.identify(context) };
        let mut code = PersonalText::default();
        for (at, group) in entry.closed.iter().enumerate() {
            if at > 0 {
                code.push('-');
            }
            group.expose(|symbols| symbols.chars().for_each(|c| code.push(c)));
        }
        let request = context.moment.request();
        self.verifications.push(request);
        self.codes_sent += 1;
        self.code_answer = None;
        self.state = State::Verifying { request, since: context.moment.now };
        vec![
            Effect::Disarm,
            Effect::Verify(Box::new(Verification {
                visit: self.id,
                request,
                kind,
                identifier,
                code,
                officer_session: context.officer_session.clone(),
            })),
        ]
    }

    /// An answer counts only while it is waited for: after the outcome was called unknown it changes no screen.
    pub(super) fn code_answered(
        &mut self,
        request: RequestId,
        answer: Result<CodeAnswer, CallFailure>,
        context: &mut Context<'_, '_>,
    ) -> Vec<Effect> {
        if !matches!(self.state, State::Verifying { request: asked, .. } if asked == request) {
            return Vec::new();
        }
        let answer = match answer {
            Ok(answer) => answer,
            Err(CallFailure::Unknown) => return self.outcome_unknown("no_answer", context),
            Err(CallFailure::Refused | CallFailure::NotSent) => {
                return self.refer(ReferralReason::Technical, context);
            }
        };
        self.code_answer = Some(answer.clone());
        match answer {
            CodeAnswer::Verified { clear, .. } => {
                let cause = if clear { "clear" } else { "refer" };
                let mut effects = vec![self.journal(JournalEvent::CodeVerified, Some(cause), MustAct::Nobody)];
                effects.extend(if clear {
                    self.complete(CompletedBy::Code, context)
                } else {
                    self.refer(ReferralReason::CheckDocument, context)
                });
                effects
            }
            CodeAnswer::NotVerified => {
                let mut effects = vec![self.journal(JournalEvent::CodeNotVerified, None, MustAct::Traveler)];
                if self.codes_sent >= context.policy.max_codes || self.with_officer {
                    effects.extend(self.refer(ReferralReason::CodeNotVerified, context));
                } else {
                    self.state = State::NotVerified;
                }
                effects
            }
        }
    }

    /// Unknown is not verified: an officer takes over, and the shell settles the same request in the background.
    pub(super) fn outcome_unknown(&mut self, cause: &str, context: &mut Context<'_, '_>) -> Vec<Effect> {
        let mut effects = vec![self.journal(JournalEvent::CodeOutcomeUnknown, Some(cause), MustAct::Officer)];
        effects.extend(self.refer(ReferralReason::Technical, context));
        effects
    }
}

#[must_use]
pub const fn wire_kind(kind: IdentifierKind) -> IdentifierType {
    match kind {
        IdentifierKind::ANumber => IdentifierType::ANumber,
        IdentifierKind::Receipt => IdentifierType::Receipt,
    }
}

fn key(entry: &mut CodeEntry, c: char) {
    if entry.complete() || entry.wrong || entry.open.chars() >= GROUP {
        return;
    }
    // A character that is no symbol (U) is not taken; I and L become 1, O becomes 0.
    let Some(symbol) = backup_code::typed_symbol(c) else { return };
    entry.open.push(symbol);
    if entry.open.chars() == GROUP {
        let number = entry.closed.len() + 1;
        if entry.open.expose(|symbols| backup_code::group_agrees(number, symbols)) {
            entry.closed.push(std::mem::take(&mut entry.open));
        } else {
            entry.wrong = true;
        }
    }
}

fn delete(entry: &mut CodeEntry) {
    entry.wrong = false;
    if entry.open.is_empty()
        && let Some(last) = entry.closed.pop()
    {
        entry.open = last;
    }
    entry.open.pop();
}
