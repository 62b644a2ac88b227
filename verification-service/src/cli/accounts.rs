//! `account`, `code`, `throttle`: the records, their backup codes, their lock-out.

use super::{CommandError, Done};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::clock::DAY;
use crate::codes;
use crate::inspect::{StoredParts, blind_document};
use crate::portal;
use crate::portal::activity::{About, Deed, line};
use crate::portal::invitations::InvitationCode;
use crate::portal::rows::{Invitation, LoginKind};
use crate::random::uuid_v7;
use crate::secrets::Blind;
use crate::store::Locked;
use crate::store::rows::{Account, Code, CodeState, NewDocument, NewIdentifier};
use crate::throttle::Throttle;
use crate::verify::blind_of;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::identifiers::{Identifier, IdentifierError, IdentifierType};
use verification_api::names::Name;
use verification_api::personal::PersonalText;
use verification_api::wire::{DocumentStatus, DocumentType, RecordStatus, Timestamp};

#[derive(Subcommand)]
pub(super) enum AccountCommand {
    /// Add a record with its holder, identifiers and documents.
    Add(AddAccount),
    /// Print the code of a letter with which a holder registers in the portal or, who has registered, sets a new password;
    /// an older letter ends.
    Invite(Invite),
}

#[derive(Args)]
pub(super) struct AddAccount {
    /// A-Number (USCIS#).
    #[arg(long, required_unless_present = "receipt")]
    a_number: Option<String>,
    /// Receipt (case) number.
    #[arg(long)]
    receipt: Option<String>,
    /// Primary identifier, <<, secondary identifier: 'SPECIMEN<<ANNA'.
    #[arg(long)]
    name: String,
    /// YYYY-MM-DD; unknown parts are --, as in 1974-05---.
    #[arg(long, allow_hyphen_values = true)]
    birth_date: String,
    /// TYPE:ISSUER:NUMBER:EXPIRY:STATUS, and optionally :CARD-NUMBER; STATUS is valid, expired or `reported_lost`; may be
    /// repeated.
    #[arg(long, value_name = "TYPE:ISSUER:NUMBER:EXPIRY:STATUS")]
    document: Vec<String>,
    /// Whether the holder may go on, or is referred to an officer.
    #[arg(long, value_enum, default_value_t = Status::Clear)]
    record_status: Status,
}

#[derive(Args)]
#[group(id = "whom", required = true, multiple = false)]
pub(super) struct Invite {
    /// A-Number (USCIS#) of the record.
    #[arg(long, group = "whom")]
    a_number: Option<String>,
    /// Receipt (case) number of the record.
    #[arg(long, group = "whom")]
    receipt: Option<String>,
    /// User name of someone who has registered, also of a representative: sets a new password.
    #[arg(long, group = "whom")]
    user_name: Option<String>,
    /// Days that the letter is good for.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=365))]
    days: u16,
}

#[derive(Clone, Copy, ValueEnum)]
enum Status {
    Clear,
    Refer,
}

/// One of the two numbers.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// A-Number (USCIS#).
    #[arg(long)]
    pub(super) a_number: Option<String>,
    /// Receipt (case) number.
    #[arg(long)]
    pub(super) receipt: Option<String>,
}

#[derive(Subcommand)]
pub(super) enum CodeCommand {
    /// Make a new backup code and print it, once; an older one of the same number ends.
    New(Which),
    /// End the backup code of a number.
    Revoke(Which),
}

pub(super) async fn account(app: App, command: AccountCommand) -> Result<Done, CommandError> {
    match command {
        AccountCommand::Add(add) => add_account(app, add).await,
        AccountCommand::Invite(invite) => self::invite(app, invite).await,
    }
}

async fn invite(app: App, invite: Invite) -> Result<Done, CommandError> {
    let Invite { a_number, receipt, user_name, days } = invite;
    let mut tx = app.store.read().await?;
    let (kind, account, representation, login) = if let Some(user_name) = user_name {
        let name = portal::name_of(&app.keys, &PersonalText::new(user_name));
        let login = tx.login_named(name).await?;
        let login = login.ok_or_else(|| CommandError::refused("nobody has registered with this user name"))?;
        match (login.account, tx.clients_of(login.id).await?.first()) {
            (Some(account), _) => (login.kind, account, None, Some(login.id)),
            (None, Some(client)) => (login.kind, client.account, Some(client.id), Some(login.id)),
            (None, None) => return Err(CommandError::refused("this representative has no client any more")),
        }
    } else {
        let identifier = Which { a_number, receipt }.blind(&app)?;
        let account = tx.account_of(identifier).await?;
        let account =
            account.ok_or_else(|| CommandError::refused("no account has this number: `account add` first"))?;
        (LoginKind::Holder, account.id, None, None)
    };
    drop(tx);
    let now = app.now();
    let code = InvitationCode::generate(&*app.random)?;
    let at = now.unix_millis();
    let expires_at = at + i64::from(days) * DAY;
    let (hash, ended_at, tries) = (code.hash(), None, 0);
    let row = Invitation { hash, kind, account, representation, made_at: at, expires_at, ended_at, tries };
    // A representative's letter is no client's business.
    let about = About { account: (kind == LoginKind::Holder).then_some(account), representation: None };
    let app = Arc::new(app);
    let shared = Arc::clone(&app);
    let invited = app.store.write("invite", move |tx| {
        Box::pin(async move {
            tx.add_letter(&row).await?;
            line(tx, &shared, now, login, Deed::LetterIssued, about).await?;
            let detail = json!({ "kind": kind.name(), "days": days });
            let (event, subject) = (Event::AccountInvited, account.to_string());
            audit::append(tx, now, Actor::Operator, event, &subject, &detail).await
        })
    });
    invited.await?;
    let expires = Timestamp::from_unix_millis(expires_at).map(|t| t.to_string()).unwrap_or_default();
    // The one place where it is shown: for the letter.
    Ok(code.text().expose(|text| Done::new(text, json!({ "invitation": text, "expires": expires }))))
}

async fn add_account(app: App, add: AddAccount) -> Result<Done, CommandError> {
    let now = app.now();
    let id = uuid_v7(&*app.random, now)?;
    let seal = |what: &[u8], text: &str| app.keys.seal(&*app.random, &[id.as_bytes(), what], text.as_bytes());
    Name::of_record(&add.name).map_err(|why| CommandError::refused(format!("--name: {why}")))?;
    check_date("--birth-date", &add.birth_date)?;

    let mut identifiers = vec![];
    let typed = [(IdentifierType::ANumber, &add.a_number), (IdentifierType::Receipt, &add.receipt)];
    for (kind, text) in typed.into_iter().filter_map(|(kind, text)| text.as_ref().map(|text| (kind, text))) {
        let identifier = identifier(kind, text)?;
        let sealed = identifier.canonical().expose(|text| seal(b"identifier", text))?;
        identifiers.push(NewIdentifier { blind: blind_of(&app.keys, &identifier), kind: kind.name(), sealed });
    }
    let documents = add.document.iter().map(|text| document(&app, id, text)).collect::<Result<Vec<_>, _>>()?;
    let account = Account {
        id,
        name: seal(b"name", &add.name)?,
        birth_date: seal(b"birth_date", &add.birth_date)?,
        record_status: match add.record_status {
            Status::Clear => RecordStatus::Clear,
            Status::Refer => RecordStatus::Refer,
        },
        made_at: now.unix_millis(),
    };
    let app = Arc::new(app);
    let added = app.store.write("add an account", move |tx| {
        Box::pin(async move {
            if !tx.add_account(&account, &identifiers, &documents).await? {
                // Undone as a whole: an identifier or a document belongs to another account.
                return Err(crate::store::StoreError::NotWritten("taken".to_owned()));
            }
            let detail = json!({ "identifiers": identifiers.len(), "documents": documents.len() });
            let event = Event::AccountAdded;
            audit::append(tx, now, Actor::Operator, event, &id.to_string(), &detail).await
        })
    });
    match added.await {
        Ok(_) => Ok(Done::new(id.to_string(), json!({ "account": id }))),
        Err(crate::store::StoreError::NotWritten(why)) if why == "taken" => {
            Err(CommandError::refused("another account has this number or document already"))
        }
        Err(why) => Err(why.into()),
    }
}

pub(super) async fn code(app: App, command: CodeCommand) -> Result<Done, CommandError> {
    let app = Arc::new(app);
    match command {
        CodeCommand::New(which) => new_code(&app, which.blind(&app)?).await,
        CodeCommand::Revoke(which) => {
            let identifier = which.blind(&app)?;
            let shared = Arc::clone(&app);
            let revoked = app.store.write("revoke a code", move |tx| {
                Box::pin(async move {
                    let now = shared.now();
                    let found = tx.end_code(identifier, CodeState::Revoked, now.unix_millis()).await?;
                    if found {
                        let (event, subject) = (Event::CodeRevoked, identifier.hex());
                        audit::append(tx, now, Actor::Operator, event, &subject, &json!({})).await?;
                        let about =
                            About { account: tx.account_of(identifier).await?.map(|a| a.id), ..About::default() };
                        line(tx, &shared, now, None, Deed::CodeRevokedByOffice, about).await?;
                    }
                    Ok(found)
                })
            });
            if revoked.await? {
                Ok(Done::new("revoked", json!({ "state": "revoked" })))
            } else {
                Err(CommandError::refused("this number has no active backup code"))
            }
        }
    }
}

async fn new_code(app: &Arc<App>, identifier: Blind) -> Result<Done, CommandError> {
    let account = app.store.read().await?.account_of(identifier).await?;
    let account = account.ok_or_else(|| CommandError::refused("no account has this number: `account add` first"))?;
    let now = app.now();
    let expires_at = now.unix_millis() + i64::from(app.config.code.expires) * DAY;
    let groups = app.config.groups();
    let (code, row) = codes::make(&app.keys, &*app.random, groups, account.id, identifier, (now, expires_at))?;
    let hint = codes::seal_hint(&app.keys, &*app.random, row.id, &code)?;
    let shared = Arc::clone(app);
    let made = app.store.write("new code", move |tx| {
        Box::pin(async move {
            tx.lock_place(Locked::Identifier, &identifier).await?;
            let now = shared.now();
            let row = Code { made_at: now.unix_millis(), ..row };
            let replaced = tx.end_code(identifier, CodeState::Replaced, now.unix_millis()).await?;
            tx.add_code(&row).await?;
            tx.set_code_hint(row.id, hint).await?;
            tx.set_throttle(identifier, Throttle { last_at: now.unix_millis(), ..Throttle::default() }).await?;
            let detail = json!({ "identifier": identifier.hex(), "account": row.account, "replaced": replaced });
            let (event, subject) = (Event::CodeMade, row.id.to_string());
            audit::append(tx, now, Actor::Operator, event, &subject, &detail).await?;
            let about = About { account: Some(row.account), representation: None };
            line(tx, &shared, now, None, Deed::CodeMadeByOffice, about).await
        })
    });
    made.await?;
    let expires = Timestamp::from_unix_millis(expires_at).map(|t| t.to_string()).unwrap_or_default();
    // The one place where a code is shown.
    Ok(code.text().expose(|text| Done::new(text, json!({ "code": text, "expires": expires }))))
}

impl Which {
    pub(super) fn blind(&self, app: &App) -> Result<Blind, CommandError> {
        Ok(blind_of(&app.keys, &self.identifier()?))
    }

    pub(super) fn identifier(&self) -> Result<Identifier, CommandError> {
        match (&self.a_number, &self.receipt) {
            (Some(text), _) => identifier(IdentifierType::ANumber, text),
            (None, Some(text)) => identifier(IdentifierType::Receipt, text),
            (None, None) => Err(CommandError::usage("give --a-number or --receipt")),
        }
    }
}

fn identifier(kind: IdentifierType, text: &str) -> Result<Identifier, CommandError> {
    match Identifier::parse(kind, text) {
        Ok(identifier) | Err(IdentifierError::UnknownPrefix { identifier }) => Ok(identifier),
        Err(why) => Err(CommandError::refused(format!("--{}: {why}", kind.name().replace('_', "-")))),
    }
}

fn document(app: &App, account: Uuid, text: &str) -> Result<NewDocument, CommandError> {
    let refused = |what: &str| CommandError::refused(format!("--document: {what}"));
    let parts: Vec<&str> = text.split(':').collect();
    let (kind, issuer, number, expiry, status, card) = match *parts.as_slice() {
        [kind, issuer, number, expiry, status] => (kind, issuer, number, expiry, status, None),
        [kind, issuer, number, expiry, status, card] => (kind, issuer, number, expiry, status, Some(card)),
        _ => {
            let example = "passport:UTO:L898902C3:2031-04-15:valid";
            return Err(refused(&format!("give TYPE:ISSUER:NUMBER:EXPIRY:STATUS, for example {example}")));
        }
    };
    let kind = DocumentType::from_name(kind).ok_or_else(|| {
        let names = DocumentType::ALL.map(DocumentType::name).join(", ");
        refused(&format!("\"{kind}\" is no type of document; the types are {names}"))
    })?;
    let status = match status {
        "valid" => DocumentStatus::Valid,
        "expired" => DocumentStatus::Expired,
        "reported_lost" => DocumentStatus::ReportedLost,
        _ => return Err(refused("the status is valid, expired or reported_lost")),
    };
    if number.is_empty() {
        return Err(refused("the number is missing"));
    }
    if !expiry.is_empty() {
        check_date("--document", expiry)?;
    }
    let optional = |text: &str| (!text.is_empty()).then(|| PersonalText::from(text));
    let stored = StoredParts {
        number: PersonalText::from(number),
        issuer: Some(PersonalText::from(issuer)),
        expiry_date: optional(expiry),
        card_number: card.and_then(optional),
    };
    let plain = crate::put_once::json(&stored)?;
    let sealed = app.keys.seal(&*app.random, &[account.as_bytes(), b"document"], &plain)?;
    Ok(NewDocument { blind: blind_document(&app.keys, issuer, kind, number), kind, sealed, status })
}

/// `1974-05-02`, with `--` for unknown parts, `----------` if nothing is known.
fn check_date(option: &str, text: &str) -> Result<(), CommandError> {
    let refused = || CommandError::refused(format!("{option}: a date is YYYY-MM-DD, unknown parts are --"));
    let (Some(year), Some(month), Some(day)) = (text.get(..4), text.get(5..7), text.get(8..)) else {
        return Err(refused());
    };
    if text.len() != 10 || text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
        return Err(refused());
    }
    let part = |part: &str, range: std::ops::RangeInclusive<u32>| {
        part.bytes().all(|b| b == b'-') || part.parse().is_ok_and(|n| range.contains(&n))
    };
    if !(part(year, 1..=9999) && part(month, 1..=12) && part(day, 1..=31)) {
        return Err(refused());
    }
    if !text.contains("--") && Timestamp::parse(&format!("{text}T00:00:00.000Z")).is_err() {
        return Err(refused());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_date;

    #[test]
    fn dates_may_have_unknown_parts() {
        for good in ["1974-05-02", "1974-05---", "1974------", "----------", "2024-02-29"] {
            assert!(check_date("x", good).is_ok(), "{good}");
        }
        for bad in ["1974-5-2", "1974-13-01", "2023-02-29", "02.05.1974", "1974-05-2", "", "1974-05-0a"] {
            assert!(check_date("x", bad).is_err(), "{bad}");
        }
    }
}
