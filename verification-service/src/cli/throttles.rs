//! `throttle list|show|clear`: who is locked out, and ending it.

use super::accounts::Which;
use super::{CommandError, Done};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::officers;
use crate::secrets::Blind;
use crate::store::Locked;
use crate::throttle::{PinThrottle, Throttle};
use clap::{Args, Subcommand};
use serde_json::json;
use std::fmt::Write;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::wire::Timestamp;

#[derive(Subcommand)]
pub(super) enum ThrottleCommand {
    /// Every lock there is now, and every quarantine. Numbers and badges appear as blind indexes.
    List,
    /// Tries charged with a number, a badge or at a kiosk, and its lock.
    Show(Subject),
    /// Forget the tries, and end the lock.
    Clear(Subject),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Subject {
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
}

/// What a kiosk has a rate of.
const RATES: [&str; 3] = ["verifications", "inspections", "certificates"];

/// What a subject's tries are counted under.
#[derive(Clone, Copy)]
enum Counted {
    Codes(Blind),
    Pins(Blind),
    /// Wrong PINs at a kiosk, which has rates besides.
    Kiosk(Uuid, Blind),
}

impl Subject {
    fn counted(self, app: &App) -> Result<Counted, CommandError> {
        Ok(match (self.badge, self.kiosk) {
            (Some(badge), _) => Counted::Pins(officers::badge_of(&app.keys, &badge)),
            (None, Some(kiosk)) => Counted::Kiosk(kiosk, officers::pins_at(&app.keys, kiosk)),
            (None, None) => Counted::Codes(Which { a_number: self.a_number, receipt: self.receipt }.blind(app)?),
        })
    }
}

pub(super) async fn run(app: App, command: ThrottleCommand) -> Result<Done, CommandError> {
    let app = Arc::new(app);
    match command {
        ThrottleCommand::List => list(&app).await,
        ThrottleCommand::Show(subject) => show(&app, subject.counted(&app)?).await,
        ThrottleCommand::Clear(subject) => clear(&app, subject.counted(&app)?).await,
    }
}

async fn list(app: &App) -> Result<Done, CommandError> {
    let mut tx = app.store.read().await?;
    let locks = tx.locks(app.now().unix_millis()).await?;
    let quarantined: Vec<_> = tx.kiosks().await?.into_iter().filter(|kiosk| kiosk.quarantined_at.is_some()).collect();
    let mut text = format!("{} locks, {} quarantined kiosks", locks.len(), quarantined.len());
    for lock in &locks {
        let _ = write!(text, "\n{:5}  {}  {} tries, until {}", lock.kind, lock.subject, lock.n, time(lock.until));
    }
    for kiosk in &quarantined {
        let _ = write!(text, "\nkiosk  {}  {}: `kiosk release` once it is known why", kiosk.id, kiosk.number);
    }
    let locks: Vec<_> = locks
        .iter()
        .map(|lock| json!({ "kind": lock.kind, "subject": lock.subject, "n": lock.n, "until": time(lock.until) }))
        .collect();
    let quarantined: Vec<_> =
        quarantined.iter().map(|kiosk| json!({ "kiosk": kiosk.id, "number": kiosk.number })).collect();
    Ok(Done::new(text, json!({ "locks": locks, "quarantined": quarantined })))
}

async fn show(app: &App, counted: Counted) -> Result<Done, CommandError> {
    let mut tx = app.store.read().await?;
    let (n, locked_until) = match counted {
        Counted::Codes(blind) => tx.throttle(blind).await.map(|state| (state.n, state.locked_until))?,
        Counted::Pins(blind) | Counted::Kiosk(_, blind) => {
            tx.pin_throttle(blind).await.map(|state| (state.n, state.locked_until))?
        }
    };
    let until = (locked_until > app.now().unix_millis()).then(|| time(locked_until));
    let text = match &until {
        Some(until) => format!("{n} tries charged; locked until {until}"),
        None => format!("{n} tries charged; not locked"),
    };
    Ok(Done::new(text, json!({ "n": n, "locked_until": until })))
}

async fn clear(app: &Arc<App>, counted: Counted) -> Result<Done, CommandError> {
    let shared = Arc::clone(app);
    let cleared = app.store.write("clear a throttle", move |tx| {
        Box::pin(async move {
            let last_at = shared.now().unix_millis();
            let subject = match counted {
                Counted::Codes(blind) => {
                    tx.lock_place(Locked::Identifier, &blind).await?;
                    tx.set_throttle(blind, Throttle { last_at, ..Throttle::default() }).await?;
                    blind
                }
                Counted::Pins(blind) | Counted::Kiosk(_, blind) => {
                    if let Counted::Kiosk(kiosk, _) = counted {
                        tx.lock(Locked::Kiosk, kiosk.as_bytes()).await?;
                        tx.clear_rates(&RATES.map(|class| format!("{class}/{kiosk}"))).await?;
                    }
                    tx.lock_place(Locked::Pin, &blind).await?;
                    tx.set_pin_throttle(blind, PinThrottle { last_at, ..PinThrottle::default() }).await?;
                    blind
                }
            };
            let (now, event) = (shared.now(), Event::ThrottleCleared);
            audit::append(tx, now, Actor::Operator, event, &subject.hex(), &json!({})).await
        })
    });
    cleared.await?;
    Ok(Done::new("cleared", json!({ "n": 0, "locked_until": null })))
}

fn time(millis: i64) -> String {
    Timestamp::from_unix_millis(millis).map_or_else(|_| millis.to_string(), |time| time.to_string())
}
