//! `init` and `pki`.

use super::{CommandError, Done};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, DatabaseAt};
use crate::pki::{self, PkiError};
use crate::random::{self, SystemRandomness};
use crate::secrets::{SECRET_LEN, new_pepper_file};
use clap::{Args, Subcommand};
use serde_json::json;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

#[derive(Args)]
pub(super) struct Init {
    /// The folder; made if need be, else it must be empty.
    #[arg(long)]
    dir: PathBuf,
    /// Host name or IP address by which kiosks reach the service; may be repeated.
    #[arg(long, required = true, value_name = "NAME")]
    server_name: Vec<String>,
    /// Address of the kiosks' port; port 0 takes any that is free.
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "ADDR")]
    kiosk_listen: SocketAddr,
    /// Address of the portal's port.
    #[arg(long, default_value = "127.0.0.1:8444", value_name = "ADDR")]
    portal_listen: SocketAddr,
    /// An empty PostgreSQL database, in place of SQLite in the folder.
    #[arg(long, value_name = "postgres://USER@HOST/DATABASE")]
    database: Option<String>,
}

#[derive(Subcommand)]
pub(super) enum Pki {
    /// Root, kiosk CA, server certificate, CRL, technicians' key.
    Init {
        #[arg(long)]
        dir: PathBuf,
        /// Host name or IP address of the server; may be repeated.
        #[arg(long, required = true, value_name = "NAME")]
        server_name: Vec<String>,
    },
    /// The key that signs the audit log, for a folder that was made before there was one.
    Log {
        #[arg(long)]
        dir: PathBuf,
        /// Name of the log: the server's.
        #[arg(long)]
        name: String,
    },
    /// A new key and certificate for the server, in place of the old ones; `serve` takes them within 30 s.
    Server {
        #[arg(long)]
        dir: PathBuf,
        /// Host name or IP address of the server; may be repeated.
        #[arg(long, required = true, value_name = "NAME")]
        server_name: Vec<String>,
    },
}

pub(super) async fn init(arguments: &Init) -> Result<Done, CommandError> {
    let dir = &arguments.dir;
    folder(dir)?;
    if std::fs::read_dir(dir)?.next().is_some() {
        let message = format!("{} is not empty: nothing is overwritten, choose another folder", dir.display());
        return Err(CommandError::refused(message));
    }
    let random = SystemRandomness::new();
    let mut made = pki::init(dir, &arguments.server_name, &random, SystemClock.now())?;

    let secrets = dir.join("secrets");
    std::fs::DirBuilder::new().mode(0o700).create(&secrets)?;
    let pepper = secrets.join("pepper");
    pki::write_new(&pepper, new_pepper_file(&random)?.as_bytes(), 0o600)?;
    made.push(pepper);
    for name in ["index_key", "technician_pepper"] {
        let path = secrets.join(name);
        pki::write_new(&path, &*Zeroizing::new(random::bytes::<SECRET_LEN>(&random)?), 0o600)?;
        made.push(path);
    }
    let (toml, database) = (dir.join("service.toml"), dir.join("service.db"));
    let text = config::template(arguments.kiosk_listen, arguments.portal_listen, arguments.database.as_deref());
    pki::write_new(&toml, text.as_bytes(), 0o644)?;
    made.push(toml.clone());
    match &arguments.database {
        Some(url) => drop(crate::store::migrate(&DatabaseAt::Postgres(url.clone())).await?),
        None => {
            crate::store::migrate(&DatabaseAt::Sqlite(database.clone())).await?;
            std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o600))?;
            made.push(database);
        }
    }
    // The empty tree: the log has a head from the first moment on.
    super::upkeep::seal(super::open(&toml).await?).await?;
    let text = format!(
        "made {} files in {}\nnext: verification-service --config {} kiosk add --number K01 --lane 1",
        made.len(),
        dir.display(),
        toml.display()
    );
    Ok(Done::new(text, json!({ "config": toml, "files": made })))
}

pub(super) fn pki(command: &Pki) -> Result<Done, CommandError> {
    let random = SystemRandomness::new();
    let now = SystemClock.now();
    let made = match command {
        Pki::Init { dir, server_name } => {
            folder(dir)?;
            pki::init(dir, server_name, &random, now)?
        }
        Pki::Log { dir, name } => pki::make_log_key(dir, name)?.to_vec(),
        Pki::Server { dir, server_name } => pki::renew_server(dir, server_name, &random, now)?,
    };
    let text = made.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("\n");
    Ok(Done::new(text, json!({ "files": made })))
}

fn folder(dir: &Path) -> Result<(), CommandError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|cause| PkiError::NotWritten { path: dir.into(), cause }.into())
}
