//! `throttle list|show|clear`: who is locked out, and ending it.

use super::accounts::Which;
use super::{CommandError, Done};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::codes;
use crate::officers;
use crate::portal;
use crate::secrets::Blind;
use crate::store::{Answer, Locked, Tx};
use crate::throttle::{PinThrottle, Throttle};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::personal::PersonalText;
use verification_api::wire::Timestamp;

/// Badges and logins looked at in one go.
const PAGE: i64 = 1000;

#[derive(Subcommand)]
pub(super) enum ThrottleCommand {
    /// Every lock there is now, and every quarantine. Numbers, badges and user names appear as blind indexes, with what they
    /// belong to as far as it is known.
    List,
    /// Tries charged with a number, a badge, a user name or at a kiosk, and its lock.
    Show(Subject),
    /// Forget the tries, and end the lock.
    Clear(Subject),
}

#[derive(Args)]
pub(super) struct Subject {
    #[command(flatten)]
    whose: Whose,
    /// EOIR ID or bar number: with a client's number, tries of this representative's own code for it.
    #[arg(long, value_name = "ROLL-NUMBER", conflicts_with_all = ["badge", "kiosk", "user_name"])]
    representative: Option<String>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// A-Number (USCIS#): tries of its backup code.
    #[arg(long)]
    a_number: Option<String>,
    /// Receipt (case) number: tries of its backup code.
    #[arg(long)]
    receipt: Option<String>,
    /// An officer's badge: wrong PINs with it.
    #[arg(long)]
    badge: Option<String>,
    /// A kiosk: wrong PINs at it and, to be cleared, its rates.
    #[arg(long)]
    kiosk: Option<Uuid>,
    /// A user name of the portal: wrong passwords with it, and wrong second steps after the right one.
    #[arg(long)]
    user_name: Option<String>,
}

/// What a subject's tries are counted under.
enum Counted {
    Codes(Blind),
    Pins(Blind),
    /// Wrong PINs at a kiosk, which has rates besides.
    Kiosk(Uuid, Blind),
    /// Of a user name: each count, and what it is called in JSON and in text.
    Login(Vec<(Blind, &'static str, &'static str)>),
}

impl Subject {
    async fn counted(self, app: &App) -> Result<Counted, CommandError> {
        let Whose { a_number, receipt, badge, kiosk, user_name } = self.whose;
        if let Some(badge) = badge {
            return Ok(Counted::Pins(officers::badge_of(&app.keys, &badge)));
        }
        if let Some(kiosk) = kiosk {
            return Ok(Counted::Kiosk(kiosk, officers::pins_at(&app.keys, kiosk)));
        }
        if let Some(user_name) = user_name {
            return of_login(app, &PersonalText::new(user_name)).await;
        }
        let which = Which { a_number, receipt };
        match self.representative {
            None => Ok(Counted::Codes(which.blind(app)?)),
            Some(number) => {
                let place = codes::delegation_of(&app.keys, &number, &which.identifier()?);
                let place = place.ok_or_else(|| {
                    CommandError::refused("--representative: the number has 1 to 32 letters, digits and dashes")
                })?;
                Ok(Counted::Codes(place))
            }
        }
    }
}

/// The counts of a user name, whether somebody has it or not; of a second step only if somebody has.
async fn of_login(app: &App, user_name: &PersonalText) -> Result<Counted, CommandError> {
    let name = portal::name_of(&app.keys, user_name);
    let [strangers, known] = portal::tries_with(&app.keys, name);
    let mut counts =
        vec![(strangers, "passwords", "passwords"), (known, "known_browsers", "passwords in browsers that are known")];
    if let Some(login) = app.store.read().await?.login_named(name).await? {
        let [_, _, second] = portal::tries_of(&app.keys, name, login.id);
        counts.push((second, "second_step", "second steps"));
    }
    Ok(Counted::Login(counts))
}

pub(super) async fn run(app: App, command: ThrottleCommand) -> Result<Done, CommandError> {
    let app = Arc::new(app);
    match command {
        ThrottleCommand::List => list(&app).await,
        ThrottleCommand::Show(subject) => show(&app, subject.counted(&app).await?).await,
        ThrottleCommand::Clear(subject) => clear(&app, subject.counted(&app).await?).await,
    }
}

async fn list(app: &App) -> Result<Done, CommandError> {
    let mut tx = app.store.read().await?;
    let locks = tx.locks(app.now().unix_millis()).await?;
    let pins = locks.iter().filter(|lock| lock.kind == "pin").map(|lock| lock.subject.clone()).collect();
    let owners = owners(app, &mut tx, pins).await?;
    let about = |subject: &str| owners.get(subject).unwrap_or(&Owner::Unknown);
    let quarantined: Vec<_> = tx.kiosks().await?.into_iter().filter(|kiosk| kiosk.quarantined_at.is_some()).collect();
    let mut text = format!("{} locks, {} quarantined kiosks", locks.len(), quarantined.len());
    for lock in &locks {
        let _ = write!(text, "\n{:5}  {}  {} tries, until {}", lock.kind, lock.subject, lock.n, time(lock.until));
        if lock.kind == "pin" {
            let _ = write!(text, "  {}", about(&lock.subject));
        }
    }
    for kiosk in &quarantined {
        let _ = write!(text, "\nkiosk  {}  {}: `kiosk release` once it is known why", kiosk.id, kiosk.number);
    }
    let locks: Vec<_> = locks
        .iter()
        .map(|lock| {
            let about = if lock.kind == "pin" { about(&lock.subject).json() } else { Value::Null };
            let (subject, until) = (&lock.subject, time(lock.until));
            json!({ "kind": lock.kind, "subject": subject, "n": lock.n, "until": until, "about": about })
        })
        .collect();
    let quarantined: Vec<_> =
        quarantined.iter().map(|kiosk| json!({ "kiosk": kiosk.id, "number": kiosk.number })).collect();
    Ok(Done::new(text, json!({ "locks": locks, "quarantined": quarantined })))
}

/// Whose wrong PINs or passwords a count is of. Only pseudonyms: badges and user names are not kept in clear.
enum Owner {
    Kiosk(String),
    Officer(Uuid),
    /// Passwords with a login's user name, and its second step.
    UserName(Uuid),
    SecondStep(Uuid),
    Unknown,
}

impl Owner {
    fn json(&self) -> Value {
        match self {
            Self::Kiosk(number) => json!({ "kind": "kiosk", "kiosk": number }),
            Self::Officer(officer) => json!({ "kind": "badge", "officer": officer }),
            Self::UserName(login) => json!({ "kind": "user_name", "login": login }),
            Self::SecondStep(login) => json!({ "kind": "second_step", "login": login }),
            Self::Unknown => json!({ "kind": "unknown" }),
        }
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Kiosk(number) => write!(f, "kiosk {number}"),
            Self::Officer(officer) => write!(f, "badge of officer {officer}"),
            Self::UserName(login) => write!(f, "user name of login {login}"),
            Self::SecondStep(login) => write!(f, "second step of login {login}"),
            Self::Unknown => f.write_str("a badge or user name that nobody is known to have"),
        }
    }
}

/// The owners of these counts. There is no way back from a blind index: those of everybody are made, until all are found.
async fn owners(app: &App, tx: &mut Tx, wanted: BTreeSet<String>) -> Result<BTreeMap<String, Owner>, CommandError> {
    let mut found = BTreeMap::new();
    let claim = |place: &Blind, owner: Owner, found: &mut BTreeMap<String, Owner>| {
        let mut places = place.in_order().into_iter().flatten().map(hex::encode);
        if let Some(subject) = places.find(|subject| wanted.contains(subject)) {
            found.insert(subject, owner);
        }
    };
    for kiosk in tx.kiosks().await? {
        claim(&officers::pins_at(&app.keys, kiosk.id), Owner::Kiosk(kiosk.number), &mut found);
    }
    let mut after = vec![];
    while found.len() < wanted.len() {
        let page = tx.badges_after(&after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.at.to_vec();
        for row in page {
            let badge = app.keys.open_text(&[row.owner.as_bytes(), b"badge"], &row.sealed)?;
            claim(&officers::badge_of(&app.keys, &badge), Owner::Officer(row.owner), &mut found);
        }
    }
    after.clear();
    while found.len() < wanted.len() {
        let page = tx.logins_after(&after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.at.to_vec();
        for row in page {
            let name = app.keys.open_text(&[row.owner.as_bytes(), b"user name"], &row.sealed)?;
            let name = portal::name_of(&app.keys, &PersonalText::from(name.as_str()));
            let [strangers, known, second] = portal::tries_of(&app.keys, name, row.owner);
            claim(&strangers, Owner::UserName(row.owner), &mut found);
            claim(&known, Owner::UserName(row.owner), &mut found);
            claim(&second, Owner::SecondStep(row.owner), &mut found);
        }
    }
    Ok(found)
}

async fn show(app: &App, counted: Counted) -> Result<Done, CommandError> {
    let mut tx = app.store.read().await?;
    let now = app.now().unix_millis();
    let told = |n: u32, locked_until: i64| {
        let until = (locked_until > now).then(|| time(locked_until));
        let text = match &until {
            Some(until) => format!("{n} tries charged; locked until {until}"),
            None => format!("{n} tries charged; not locked"),
        };
        (text, json!({ "n": n, "locked_until": until }))
    };
    let (text, json) = match counted {
        Counted::Codes(blind) => tx.throttle(blind).await.map(|state| told(state.n, state.locked_until))?,
        Counted::Pins(blind) | Counted::Kiosk(_, blind) => {
            tx.pin_throttle(blind).await.map(|state| told(state.n, state.locked_until))?
        }
        Counted::Login(counts) => {
            let (mut lines, mut members) = (vec![], serde_json::Map::new());
            for (blind, member, what) in counts {
                let state = tx.pin_throttle(blind).await?;
                let (text, json) = told(state.n, state.locked_until);
                lines.push(format!("{what}: {text}"));
                members.insert(member.to_owned(), json);
            }
            (lines.join("\n"), Value::Object(members))
        }
    };
    Ok(Done::new(text, json))
}

async fn clear(app: &Arc<App>, counted: Counted) -> Result<Done, CommandError> {
    let shared = Arc::clone(app);
    let cleared = app.store.write("clear a throttle", move |tx| {
        Box::pin(async move {
            let last_at = shared.now().unix_millis();
            let pins = match counted {
                Counted::Codes(blind) => {
                    tx.lock_place(Locked::Identifier, &blind).await?;
                    tx.set_throttle(blind, Throttle { last_at, ..Throttle::default() }).await?;
                    told(tx, &shared, &blind).await?;
                    vec![]
                }
                Counted::Pins(blind) => vec![blind],
                Counted::Kiosk(kiosk, blind) => {
                    tx.lock(Locked::Kiosk, kiosk.as_bytes()).await?;
                    tx.clear_rates(kiosk).await?;
                    vec![blind]
                }
                Counted::Login(counts) => counts.into_iter().map(|(blind, ..)| blind).collect(),
            };
            for blind in pins {
                tx.lock_place(Locked::Pin, &blind).await?;
                tx.set_pin_throttle(blind, PinThrottle { last_at, ..PinThrottle::default() }).await?;
                told(tx, &shared, &blind).await?;
            }
            Ok(())
        })
    });
    cleared.await?;
    Ok(Done::new("cleared", json!({ "n": 0, "locked_until": null })))
}

async fn told(tx: &mut Tx, app: &App, subject: &Blind) -> Answer<()> {
    let event = Event::ThrottleCleared;
    audit::append(tx, app.now(), Actor::Operator, event, &subject.hex(), &json!({})).await.map(drop)
}

fn time(millis: i64) -> String {
    Timestamp::from_unix_millis(millis).map_or_else(|_| millis.to_string(), |time| time.to_string())
}
