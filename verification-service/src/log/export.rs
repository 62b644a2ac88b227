//! The newest checkpoint, taken off this host: a file on a share that the database's masters cannot write
//! (`[log] export`). It is also a witness: a tree that does not continue the exported one is an alarm, and the file
//! stays as it is.
//!
//! A share may hang, and nothing else may hang with it: its files are touched on threads that nobody waits for.

use super::LogFault;
use crate::app::App;
use crate::metrics::METRICS;
use crate::random::{self, NoRandom};
use crate::store::{Answer, Tx};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::oneshot;
use verification_api::log::witness::{Breach, Follows, follows, judge};
use verification_api::log::{Checkpoint, Tiles};

/// The file's name where `[log] export` is a folder.
pub const FILE: &str = "checkpoint";

/// Why the newest checkpoint was not exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportFault {
    #[error("{}: {cause}", path.display())]
    File { path: PathBuf, cause: io::Error },
    #[error("ALARM: {0}. The exported checkpoint stays as it is")]
    Breach(#[from] Breach),
    #[error("ALARM: {0}")]
    Log(#[from] LogFault),
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// Exports, if it is configured, and says so if it does not work.
pub async fn now(app: Arc<App>) {
    let Some(path) = &app.config.log.export else { return };
    match to(&app, path).await {
        Ok(()) => METRICS.log_exported(app.now()),
        Err(cause) => tracing::error!(%cause, "ALARM: the newest checkpoint did not leave this host"),
    }
}

/// Writes the newest checkpoint of the database to a file, as a whole, if it continues what is there.
///
/// # Errors
/// [`ExportFault`].
pub async fn to(app: &Arc<App>, path: &Path) -> Result<(), ExportFault> {
    let given = path.to_owned();
    let read = apart(move || {
        let path = file_of(&given);
        let exported = std::fs::read_to_string(&path);
        Ok((path, exported))
    });
    let (path, exported) = read.await.map_err(|cause| ExportFault::File { path: path.to_owned(), cause })?;
    let failed = |cause| ExportFault::File { path: path.clone(), cause };
    let exported = match exported {
        Ok(note) => Some(Checkpoint::open(&note, &app.log.trusted()).map_err(LogFault::from)?),
        Err(why) if why.kind() == io::ErrorKind::NotFound => None,
        Err(why) => return Err(failed(why)),
    };
    let trusted = app.log.trusted();
    let newest = app.store.snapshot("export the log", move |tx| {
        Box::pin(async move {
            let Some(head) = tx.log_head().await? else { return Ok(None) };
            let tree = match Checkpoint::open(&head.checkpoint, &trusted) {
                Ok(tree) => tree,
                Err(why) => return Ok(Some(Err(ExportFault::Log(why.into())))),
            };
            let held = match &exported {
                Some(exported) => continues(tx, exported, &tree).await?,
                None => Ok(()),
            };
            Ok(Some(held.map(|()| head.checkpoint).map_err(ExportFault::Breach)))
        })
    });
    match newest.await? {
        None => Ok(()),
        Some(newest) => {
            let (newest, suffix, to) = (newest?, u64::from_le_bytes(random::bytes(&*app.random)?), path.clone());
            apart(move || write_whole(&to, suffix, newest.as_bytes())).await.map_err(failed)
        }
    }
}

/// Whether a tree of the database continues an older one.
///
/// # Errors
/// Of the store; inside, the breach.
pub async fn continues(tx: &mut Tx, older: &Checkpoint, tree: &Checkpoint) -> Answer<Result<(), Breach>> {
    let wanted = match follows(older, tree) {
        Err(breach) => return Ok(Err(breach)),
        Ok(Follows::Same) => return Ok(Ok(())),
        Ok(Follows::Grown(wanted)) => wanted,
    };
    let mut tiles = Tiles::new(tree.size);
    for tile in wanted {
        let number = i64::try_from(tile.index).unwrap_or(i64::MAX);
        // A tile that is missing proves nothing: the judgement below fails.
        let bytes = tx.tile(tile.level, number).await?.unwrap_or_default();
        tiles.insert(tile, &bytes);
    }
    let changed = || Err(Breach::Changed { size: tree.size });
    Ok(judge(older, tree, &tiles).unwrap_or_else(changed))
}

/// The file of `[log] export`.
#[must_use]
pub fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(FILE) } else { path.to_owned() }
}

fn write_whole(path: &Path, suffix: u64, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Not the process's number: instances in containers all have the same.
    name.push(format!(".new-{suffix:016x}"));
    let fresh = path.with_file_name(name);
    let written = std::fs::File::create(&fresh).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    written
}

/// Runs what may never end on a thread of its own, which the end of the process does not wait for either.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    let (done, ended) = oneshot::channel();
    std::thread::Builder::new().name("export".to_owned()).spawn(move || drop(done.send(work())))?;
    ended.await.unwrap_or_else(|_| Err(io::Error::other("the thread that writes it ended")))
}
