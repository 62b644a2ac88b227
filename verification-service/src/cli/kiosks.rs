//! `kiosk add|invite|list|revoke|release` and `client add`.

use super::{CommandError, Done, read};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::enrol::{self, Newcomer};
use crate::pki;
use crate::roles::Role;
use crate::store::rows::Kiosk;
use clap::Subcommand;
use serde_json::json;
use std::fmt::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;
use verification_api::provisioning::kiosk_toml;
use verification_api::wire::Timestamp;

#[derive(Subcommand)]
pub(super) enum KioskCommand {
    /// Make a kiosk's key, certificate and `kiosk.toml`; prints its UUID.
    Add {
        /// Its number, as painted on it.
        #[arg(long)]
        number: String,
        #[arg(long)]
        lane: String,
        /// Days that its certificate is valid; by default as `[kiosks] certificate_days` says.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=398))]
        days: Option<u32>,
        /// Address of the service for `kiosk.toml`, if it is not https://SERVER-NAME:PORT of this configuration.
        #[arg(long)]
        url: Option<String>,
    },
    /// Invite a kiosk to enrol itself: prints a one-time code, good for 10 minutes.
    Invite {
        #[arg(long)]
        number: String,
        #[arg(long)]
        lane: String,
    },
    /// All kiosks.
    List,
    /// Accept a kiosk's certificate no more: at once for every request, in the CRL for new connections.
    Revoke { kiosk: Uuid },
    /// End a quarantine, after finding out why it came.
    Release { kiosk: Uuid },
}

pub(super) async fn run(app: App, config: &Path, command: KioskCommand) -> Result<Done, CommandError> {
    let app = Arc::new(app);
    match command {
        KioskCommand::Add { number, lane, days, url } => {
            let newcomer = Newcomer::kiosk(number, lane)?;
            add(&app, config, newcomer, days, url).await
        }
        KioskCommand::Invite { number, lane } => invite(&app, number, lane).await,
        KioskCommand::List => list(&app).await,
        KioskCommand::Revoke { kiosk } => revoke(&app, kiosk).await,
        KioskCommand::Release { kiosk } => release(&app, kiosk).await,
    }
}

#[derive(Subcommand)]
pub(super) enum ClientCommand {
    /// Make a client's key and certificate; prints its UUID.
    Add {
        /// Its name, like filing-1.
        #[arg(long)]
        name: String,
        /// What it may use codes for.
        #[arg(long, value_enum)]
        role: ClientRole,
        /// Days that its certificate is valid; by default as `[kiosks] certificate_days` says.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=398))]
        days: Option<u32>,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum ClientRole {
    /// A filing system, which confirms who files.
    OnlineFiling,
    /// A case system, which lets representatives open their clients' cases.
    RepresentativeAccess,
}

pub(super) async fn client(app: App, config: &Path, command: ClientCommand) -> Result<Done, CommandError> {
    let ClientCommand::Add { name, role, days } = command;
    let role = match role {
        ClientRole::OnlineFiling => Role::OnlineFiling,
        ClientRole::RepresentativeAccess => Role::RepresentativeAccess,
    };
    add(&Arc::new(app), config, Newcomer::client(role, name)?, days, None).await
}

/// Makes the key, the rows and a folder with everything that the client needs.
async fn add(
    app: &Arc<App>,
    config: &Path,
    newcomer: Newcomer,
    days: Option<u32>,
    url: Option<String>,
) -> Result<Done, CommandError> {
    let days = days.unwrap_or(app.config.kiosks.certificate_days);
    let url = match url {
        Some(url) => url,
        None => enrol::kiosk_url(app)?,
    };
    let (key, key_pem) = pki::new_key()?;
    let candidate = enrol::certify(app, newcomer.clone(), &key, days).await?;
    let (id, certificate) = (candidate.id, &candidate.certificate);

    // What can go wrong with files goes wrong before there is a client.
    let parent = folder_of(config)?.join(if newcomer.role == Role::Kiosk { "kiosks" } else { "clients" });
    let (folder, new) = (parent.join(id.to_string()), parent.join(format!("{id}.new")));
    let made = files(app, &newcomer, &new, (&certificate.chain_pem, &key_pem), &url);
    let admitted = match made {
        Ok(()) => enrol::admit(app, &candidate, None).await.map_err(CommandError::from),
        Err(why) => Err(why),
    };
    if !matches!(admitted, Ok(true)) {
        // Nothing of it is good for anything.
        let _ = std::fs::remove_dir_all(&new);
        admitted?;
        return Err(CommandError::refused(format!("{} was enrolled by somebody else meanwhile", newcomer.number)));
    }
    let moved = remove_if_there(&folder).and_then(|()| std::fs::rename(&new, &folder));
    moved.map_err(|why| {
        CommandError::refused(format!(
            "{id} is enrolled; its files are in {}, which cannot be renamed: {why}",
            new.display()
        ))
    })?;
    let mut made = json!({ "kiosk": id, "client": id, "dir": folder, "expires": certificate.not_after });
    if newcomer.role == Role::Kiosk {
        made["config"] = json!(folder.join("kiosk.toml"));
    }
    Ok(Done::new(id.to_string(), made))
}

/// Everything that the client needs, in a folder of its own. What an interrupted command left there is replaced.
fn files(
    app: &App,
    newcomer: &Newcomer,
    folder: &Path,
    (chain, key): (&str, &str),
    url: &str,
) -> Result<(), CommandError> {
    let tls = &app.config.tls.dir;
    let troubled = |why: std::io::Error| {
        CommandError::refused(format!("{} cannot be made: {why}; nothing was changed", folder.display()))
    };
    remove_if_there(folder).map_err(troubled)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(troubled)?;
    let copy = |name: &str, from: &Path, mode: u32| -> Result<(), CommandError> {
        Ok(pki::write_new(&folder.join(name), &read(from)?, mode)?)
    };
    pki::write_new(&folder.join("chain.pem"), chain.as_bytes(), 0o644)?;
    pki::write_new(&folder.join("key.pem"), key.as_bytes(), 0o600)?;
    copy("root.pem", &tls.join("root.pem"), 0o644)?;
    if newcomer.role == Role::Kiosk {
        copy("log.pub", &tls.join("log.pub"), 0o644)?;
        copy("technician.pub", &tls.join("technician.pub"), 0o644)?;
        copy("technician_pepper", &app.config.secrets.technician_pepper, 0o600)?;
        let toml = kiosk_toml(url, &newcomer.number, &newcomer.lane);
        pki::write_new(&folder.join("kiosk.toml"), toml.as_bytes(), 0o644)?;
    }
    Ok(())
}

fn remove_if_there(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    }
}

async fn invite(app: &Arc<App>, number: String, lane: String) -> Result<Done, CommandError> {
    let (code, expires) = enrol::invite(app, Newcomer::kiosk(number, lane)?).await?;
    let root = pki::root_sha256(&app.config.tls.dir)?;
    let url = enrol::enrol_url(app)?;
    let command = format!("kiosk-app enroll {url} --root-sha256 {root}");
    Ok(code.expose(|code| {
        let text = format!("{code}\ngood until {expires}; at the kiosk, with the code on standard input:\n{command}");
        Done::new(text, json!({ "code": code, "expires": expires, "root_sha256": root, "command": command }))
    }))
}

async fn list(app: &App) -> Result<Done, CommandError> {
    let kiosks = app.store.read().await?.kiosks().await?;
    let time = |millis: Option<i64>| millis.and_then(|m| Timestamp::from_unix_millis(m).ok());
    let state = |kiosk: &Kiosk| match (kiosk.revoked_at, kiosk.quarantined_at) {
        (Some(_), _) => "revoked",
        (None, Some(_)) => "quarantined",
        (None, None) => "active",
    };
    let mut text = format!("{:36}  {:8}  {:6}  {:11}  last heartbeat", "kiosk or client", "number", "lane", "state");
    for kiosk in &kiosks {
        let seen = time(kiosk.last_seen).map_or_else(|| "-".to_owned(), |t| t.to_string());
        let _ = write!(text, "\n{}  {:8}  {:6}  {:11}  {seen}", kiosk.id, kiosk.number, kiosk.lane, state(kiosk));
    }
    let list: Vec<_> = kiosks
        .iter()
        .map(|kiosk| {
            json!({
                "kiosk": kiosk.id, "role": kiosk.role.name(), "number": kiosk.number, "lane": kiosk.lane, "state": state(kiosk),
                "added_at": time(Some(kiosk.added_at)), "last_seen": time(kiosk.last_seen),
            })
        })
        .collect();
    Ok(Done::new(text, json!({ "kiosks": list })))
}

async fn revoke(app: &Arc<App>, kiosk: Uuid) -> Result<Done, CommandError> {
    let shared = Arc::clone(app);
    let revoked = app.store.write("revoke a kiosk", move |tx| {
        Box::pin(async move {
            let now = shared.now();
            let found = tx.revoke_kiosk(kiosk, now.unix_millis()).await?;
            if found {
                let (event, subject) = (Event::KioskRevoked, kiosk.to_string());
                audit::append(tx, now, Actor::Operator, event, &subject, &json!({})).await?;
            }
            Ok(found)
        })
    });
    if !revoked.await? {
        return Err(no_such(kiosk));
    }
    let serials = app.store.read().await?.revoked_keys(app.now().unix_millis()).await?;
    pki::renew_crl(&app.config.tls.dir, &serials, app.now())?;
    Ok(Done::new("revoked", json!({ "kiosk": kiosk, "state": "revoked" })))
}

async fn release(app: &Arc<App>, kiosk: Uuid) -> Result<Done, CommandError> {
    let shared = Arc::clone(app);
    let released = app.store.write("release a kiosk", move |tx| {
        Box::pin(async move {
            let found = tx.set_quarantine(kiosk, None).await?;
            if found {
                let (now, event, subject) = (shared.now(), Event::KioskReleased, kiosk.to_string());
                audit::append(tx, now, Actor::Operator, event, &subject, &json!({})).await?;
            }
            Ok(found)
        })
    });
    if released.await? {
        Ok(Done::new("released", json!({ "kiosk": kiosk, "state": "active" })))
    } else {
        Err(no_such(kiosk))
    }
}

fn no_such(kiosk: Uuid) -> CommandError {
    CommandError::refused(format!("there is no kiosk {kiosk}: see `kiosk list`"))
}

fn folder_of(config: &Path) -> Result<PathBuf, CommandError> {
    let path = std::path::absolute(config)?;
    Ok(path.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf))
}
