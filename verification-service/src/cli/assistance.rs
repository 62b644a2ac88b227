//! `assistance list|close`: travelers who called an officer.

use super::{CommandError, Done};
use crate::app::App;
use crate::assistance;
use clap::{Args, Subcommand};
use serde_json::json;
use std::fmt::Write;
use std::sync::Arc;
use verification_api::wire::Timestamp;

#[derive(Subcommand)]
pub(super) enum AssistanceCommand {
    /// The calls that are kept: kiosk, lane, when, whether out of a visit, and when it was over.
    List(Which),
    /// Say that a call is over. An officer who signs in at the kiosk, or opens the visit's referral, ends it by that.
    Close {
        /// Its number, as listed.
        id: i64,
    },
}

#[derive(Args)]
#[group(multiple = false)]
pub(super) struct Which {
    /// Only those that nobody has answered.
    #[arg(long)]
    open: bool,
    /// Only those since a time like 2026-11-25T20:04:05.006Z.
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    since: Option<Timestamp>,
}

pub(super) async fn run(app: App, command: AssistanceCommand) -> Result<Done, CommandError> {
    match command {
        AssistanceCommand::List(which) => list(&app, &which).await,
        AssistanceCommand::Close { id } => {
            if assistance::close(&Arc::new(app), id).await? {
                Ok(Done::new("closed", json!({ "call": id, "state": "closed" })))
            } else {
                Err(CommandError::refused(format!("no call {id} is open: see `assistance list --open`")))
            }
        }
    }
}

async fn list(app: &App, which: &Which) -> Result<Done, CommandError> {
    let mut tx = app.store.read().await?;
    let since = which.since.map_or(i64::MIN, Timestamp::unix_millis);
    let calls = if which.open { tx.open_calls().await? } else { tx.calls_since(since).await? };
    let time = |millis: i64| Timestamp::from_unix_millis(millis).ok();
    let shown = |millis: i64| time(millis).map_or_else(|| millis.to_string(), |time| time.to_string());
    let mut text = format!("{:>6}  {:8}  {:6}  {:24}  {:5}  over", "call", "kiosk", "lane", "when", "visit");
    for call in &calls {
        let (visit, over) = (if call.in_visit { "yes" } else { "no" }, call.closed_at.map_or("-".to_owned(), shown));
        let (id, number, lane, when) = (call.id, &call.number, &call.lane, shown(call.at));
        let _ = write!(text, "\n{id:>6}  {number:8}  {lane:6}  {when:24}  {visit:5}  {over}");
    }
    let calls: Vec<_> = calls
        .iter()
        .map(|call| {
            json!({
                "call": call.id, "kiosk": call.kiosk, "number": call.number, "lane": call.lane, "at": time(call.at),
                "visit": call.in_visit, "closed_at": call.closed_at.and_then(time),
            })
        })
        .collect();
    Ok(Done::new(text, json!({ "calls": calls })))
}
