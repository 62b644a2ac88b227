//! `kiosk add|list|revoke|release`.

use super::{CommandError, Done};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::pki;
use crate::random::uuid_v7;
use crate::store::rows::{Kiosk, KioskKey};
use clap::Subcommand;
use serde_json::json;
use std::fmt::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;
use verification_api::wire::Timestamp;
use x509_parser::prelude::{GeneralName, Pem};

#[derive(Subcommand)]
pub(super) enum KioskCommand {
    /// Make a kiosk's key, certificate and `kiosk.toml`; prints its UUID.
    Add {
        /// Its number, as painted on it.
        #[arg(long)]
        number: String,
        #[arg(long)]
        lane: String,
        /// Days that its certificate is valid.
        #[arg(long, default_value_t = pki::KIOSK_DAYS, value_parser = clap::value_parser!(u32).range(1..=398))]
        days: u32,
        /// Address of the service for `kiosk.toml`, if it is not https://SERVER-NAME:PORT of this configuration.
        #[arg(long)]
        url: Option<String>,
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
        KioskCommand::Add { number, lane, days, url } => add(&app, config, (number, lane), days, url).await,
        KioskCommand::List => list(&app).await,
        KioskCommand::Revoke { kiosk } => revoke(&app, kiosk).await,
        KioskCommand::Release { kiosk } => release(&app, kiosk).await,
    }
}

async fn add(
    app: &Arc<App>,
    config: &Path,
    (number, lane): (String, String),
    days: u32,
    url: Option<String>,
) -> Result<Done, CommandError> {
    let capital = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    if number.is_empty() || number.len() > 8 || !number.bytes().all(capital) {
        return Err(CommandError::refused("a kiosk's number has 1 to 8 capital letters and digits, like K07"));
    }
    if lane.is_empty() || lane.len() > 32 || lane.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Err(CommandError::refused("a lane has 1 to 32 characters, without quotes and backslashes"));
    }
    let now = app.now();
    let id = uuid_v7(&*app.random, now)?;
    let tls = &app.config.tls.dir;
    let certificate = pki::issue_kiosk(tls, (id, &number), days, &*app.random, now)?;
    let url = match url {
        Some(url) => url,
        None => format!("https://{}:{}", server_name(tls)?, app.config.listen.kiosk.port()),
    };

    let folder = folder_of(config)?.join("kiosks").join(id.to_string());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let copy = |name: &str, from: &Path, mode: u32| -> Result<(), CommandError> {
        Ok(pki::write_new(&folder.join(name), &std::fs::read(from)?, mode)?)
    };
    pki::write_new(&folder.join("chain.pem"), certificate.chain_pem.as_bytes(), 0o644)?;
    pki::write_new(&folder.join("key.pem"), certificate.key_pem.as_bytes(), 0o600)?;
    copy("root.pem", &tls.join("root.pem"), 0o644)?;
    copy("technician.pub", &tls.join("technician.pub"), 0o644)?;
    copy("log.pub", &tls.join("log.pub"), 0o644)?;
    copy("technician_pepper", &app.config.secrets.technician_pepper, 0o600)?;
    let toml = folder.join("kiosk.toml");
    pki::write_new(&toml, kiosk_toml(&url, &number, &lane).as_bytes(), 0o644)?;

    let kiosk = Kiosk {
        id,
        number: number.clone(),
        lane,
        added_at: now.unix_millis(),
        revoked_at: None,
        quarantined_at: None,
        last_seen: None,
    };
    let key = KioskKey {
        spki: certificate.spki,
        public_key: certificate.public_key,
        serial: certificate.serial,
        not_before: certificate.not_before.unix_millis(),
        not_after: certificate.not_after.unix_millis(),
        ended_at: None,
    };
    let added = app.store.write("add a kiosk", move |tx| {
        Box::pin(async move {
            let added = tx.add_kiosk(&kiosk, &key).await?;
            if added {
                let detail = json!({ "number": kiosk.number, "lane": kiosk.lane, "spki": hex::encode(key.spki) });
                let (event, subject) = (Event::KioskAdded, id.to_string());
                audit::append(tx, now, Actor::Operator, event, &subject, &detail).await?;
            }
            Ok(added)
        })
    });
    let added = added.await;
    if !matches!(added, Ok(true)) {
        // Files of a kiosk that does not exist would only mislead.
        std::fs::remove_dir_all(&folder)?;
    }
    if !added? {
        return Err(CommandError::refused(format!("there is a kiosk {number} already: see `kiosk list`")));
    }
    let expires = certificate.not_after;
    Ok(Done::new(id.to_string(), json!({ "kiosk": id, "dir": folder, "config": toml, "expires": expires })))
}

async fn list(app: &App) -> Result<Done, CommandError> {
    let kiosks = app.store.read().await?.kiosks().await?;
    let time = |millis: Option<i64>| millis.and_then(|m| Timestamp::from_unix_millis(m).ok());
    let state = |kiosk: &Kiosk| match (kiosk.revoked_at, kiosk.quarantined_at) {
        (Some(_), _) => "revoked",
        (None, Some(_)) => "quarantined",
        (None, None) => "active",
    };
    let mut text = format!("{:36}  {:8}  {:6}  {:11}  last heartbeat", "kiosk", "number", "lane", "state");
    for kiosk in &kiosks {
        let seen = time(kiosk.last_seen).map_or_else(|| "-".to_owned(), |t| t.to_string());
        let _ = write!(text, "\n{}  {:8}  {:6}  {:11}  {seen}", kiosk.id, kiosk.number, kiosk.lane, state(kiosk));
    }
    let list: Vec<_> = kiosks
        .iter()
        .map(|kiosk| {
            json!({
                "kiosk": kiosk.id, "number": kiosk.number, "lane": kiosk.lane, "state": state(kiosk),
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
    let serials = app.store.read().await?.revoked_keys().await?;
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

/// The first name in the server's certificate.
fn server_name(tls: &Path) -> Result<String, CommandError> {
    let path = tls.join("server.pem");
    let nameless = || CommandError::refused(format!("{} names no server; give --url", path.display()));
    let bytes = std::fs::read(&path)?;
    let pem = Pem::iter_from_buffer(&bytes).next().and_then(Result::ok).ok_or_else(nameless)?;
    let certificate = pem.parse_x509().map_err(|_| nameless())?;
    let names = certificate.subject_alternative_name().ok().flatten().ok_or_else(nameless)?;
    let name = names.value.general_names.iter().find_map(|name| match name {
        GeneralName::DNSName(dns) => Some((*dns).to_owned()),
        GeneralName::IPAddress([a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
        GeneralName::IPAddress(bytes) => {
            <[u8; 16]>::try_from(*bytes).ok().map(|bytes| format!("[{}]", std::net::Ipv6Addr::from(bytes)))
        }
        _ => None,
    });
    name.ok_or_else(nameless)
}

fn kiosk_toml(url: &str, number: &str, lane: &str) -> String {
    format!(
        "# A kiosk's configuration, as `verification-service kiosk add` made it. Relative paths are relative to this\n\
         # file. Add readers and camera, and the texts of [site].\n\
         \n\
         [service]\n\
         url = \"{url}\"\n\
         root = \"root.pem\"      # the only root that is trusted\n\
         chain = \"chain.pem\"\n\
         key = \"key.pem\"\n\
         log = \"log.pub\"        # who may sign the audit log, of which this kiosk is a witness\n\
         \n\
         [site]\n\
         number = \"{number}\"\n\
         lane = \"{lane}\"\n\
         \n\
         [technician]\n\
         public_key = \"technician.pub\"       # Ed25519, PEM: signs technicians' credentials\n\
         pepper = \"technician_pepper\"        # 32 bytes\n"
    )
}
