//! `serve`: opens everything, says `ready`, and runs until it is told to stop.

use crate::app::App;
use crate::cli::{CommandError, say};
use crate::clock::DAY;
use crate::enrol;
use crate::kiosk_api;
use crate::listener::{Listener, kiosk_tls, portal_tls};
use crate::log;
use crate::monitor;
use crate::observe::observe;
use crate::pki;
use crate::portal::{self, Portal};
use crate::purge;
use crate::reindex;
use axum::middleware::from_fn;
use rustls::ServerConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use zeroize::Zeroizing;

/// Files besides connections: the database, the metrics' port, what is read.
const OTHER_FILES: usize = 256;

/// Serves until a signal comes.
///
/// # Errors
/// [`CommandError`], before the first connection only.
pub async fn serve(app: App, json: bool) -> Result<(), CommandError> {
    let app = Arc::new(app);
    renew_crl_if_due(&app).await?;
    // Never ready without a checkpoint.
    log::seal::seal(&app).await?.map_err(|fault| CommandError::refused(fault.to_string()))?;
    let (kiosks, people) =
        (bind(app.config.listen.kiosk, "kiosk").await?, bind(app.config.listen.portal, "portal").await?);
    let dir = &app.config.tls.dir;
    let (kiosk_config, kiosk_tls_now) = watch::channel(Arc::new(kiosk_tls(dir, app.now())?));
    let (portal_config, portal_tls_now) = watch::channel(Arc::new(portal_tls(&app.config, app.now())?));
    let address = |socket: &TcpListener| socket.local_addr().map_err(|why| CommandError::refused(why.to_string()));
    let (kiosk_at, portal_at) = (address(&kiosks)?, address(&people)?);
    let watchers = match app.config.listen.metrics {
        Some(at) => Some(bind(at, "metrics").await?),
        None => None,
    };

    let origin = match &app.config.portal.origin {
        Some(origin) => origin.clone(),
        None => format!("https://{}:{}", pki::server_name(dir)?, portal_at.port()),
    };
    let people_portal = Portal::new(Arc::clone(&app), origin)?;
    let limits = app.config.limits;
    let age = Duration::from_secs(u64::from(limits.connection_seconds));
    let (stop, stopping) = watch::channel(false);
    let kiosk_port = Listener {
        socket: kiosks,
        tls: kiosk_tls_now,
        router: kiosk_api::router(Arc::clone(&app)),
        kiosks: true,
        connections: limits.connections,
        age,
    };
    let portal_port = Listener {
        socket: people,
        tls: portal_tls_now,
        router: portal::router(Arc::new(people_portal))
            .merge(enrol::router(Arc::clone(&app)))
            .layer(from_fn(|request, next| observe("portal", request, next))),
        kiosks: false,
        connections: limits.connections,
        age,
    };
    let (close, closed) = watch::channel(false);
    let keeper = tokio::spawn(log::keeper::run(Arc::clone(&app), closed));
    let mut ports =
        vec![tokio::spawn(kiosk_port.run(stopping.clone())), tokio::spawn(portal_port.run(stopping.clone()))];
    ports.extend(watchers.map(|socket| tokio::spawn(monitor::serve(socket, Arc::clone(&app), stopping))));
    tokio::spawn(reload(Arc::clone(&app), kiosk_config, portal_config));
    tokio::spawn(purge::now_and_then(Arc::clone(&app)));

    if app.config.log.export.is_none() {
        tracing::warn!("{}", monitor::NO_EXPORT);
    }
    let needed = 2 * limits.connections + OTHER_FILES;
    if let Some(allowed) = open_files().filter(|allowed| *allowed < needed) {
        tracing::warn!(
            "this process may open {allowed} files, and its connections may need {needed}: raise LimitNOFILE in its unit \
             (ulimit -n), or lower [limits] connections"
        );
    }
    say(&if json {
        serde_json::json!({ "ready": { "kiosk": kiosk_at.to_string(), "portal": portal_at.to_string() } }).to_string()
    } else {
        format!("ready kiosk={kiosk_at} portal={portal_at}")
    });
    told_to_stop().await;
    let _ = stop.send(true);
    for port in ports {
        let _ = port.await;
    }
    // Last, when nothing is written any more.
    let _ = close.send(true);
    let _ = keeper.await;
    Ok(())
}

async fn bind(at: SocketAddr, key: &str) -> Result<TcpListener, CommandError> {
    TcpListener::bind(at).await.map_err(|why| {
        CommandError::refused(match why.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("the address {at} is taken by another program: stop it, or choose another in [listen] {key}")
            }
            std::io::ErrorKind::PermissionDenied => {
                format!("this user may not listen on {at}: choose a port above 1023 in [listen] {key}")
            }
            std::io::ErrorKind::AddrNotAvailable => {
                format!("this machine has no address {}: correct [listen] {key}", at.ip())
            }
            _ => format!("cannot listen on {at} ([listen] {key}): {why}"),
        })
    })
}

/// Signs the CRL anew from the rows, at half its life or when they revoke others than it names.
async fn renew_crl_if_due(app: &App) -> Result<(), CommandError> {
    let dir = &app.config.tls.dir;
    let revoked = app.store.read().await?.revoked_keys(app.now().unix_millis()).await?;
    if pki::crl_is_due(dir, &revoked, app.now())? {
        pki::renew_crl(dir, &revoked, app.now())?;
        tracing::info!("crl.pem was signed anew");
    }
    Ok(())
}

async fn reload(app: Arc<App>, kiosk: watch::Sender<Arc<ServerConfig>>, portal: watch::Sender<Arc<ServerConfig>>) {
    let mut tick = tokio::time::interval(Duration::from_secs(app.config.tls.reload_seconds.into()));
    let mut told = signal(SignalKind::hangup()).ok();
    let (mut seen, mut refused, mut reminded) = (files(&app), None, 0);
    loop {
        // SIGHUP: at once.
        let hangup = async {
            match told.as_mut() {
                Some(told) => drop(told.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tick.tick() => {}
            () = hangup => {}
        }
        match app.keys.reload(&app.config.secrets.pepper, app.now()) {
            Ok(true) => tracing::info!(pepper = app.keys.current(), "the peppers were read again"),
            Ok(false) => {}
            Err(why) => tracing::error!(cause = %why, "the peppers were not read again"),
        }
        match reindex::reload(&app).await {
            Ok(true) => tracing::info!(index_key = app.keys.index().used(), "the index keys were read again"),
            Ok(false) => {}
            Err(why) => tracing::error!(cause = %why, "the index keys were not read again"),
        }
        if let Err(why) = renew_crl_if_due(&app).await {
            tracing::error!(cause = %why, "crl.pem could not be signed anew");
        }
        remind(&app, &mut reminded);
        let now = files(&app);
        if now == seen {
            continue;
        }
        // What was not taken is tried again at the next turn, and said once.
        match taken(&app, &kiosk, &portal) {
            Ok(()) => {
                tracing::info!("certificates, CRL and the keys of the audit log were read again");
                (seen, refused) = (now, None);
            }
            Err(why) if refused.as_ref() != Some(&why) => {
                tracing::error!(
                    cause = why,
                    "the new certificates were not taken, nor CRL and keys of the audit log: what was read before serves on"
                );
                refused = Some(why);
            }
            Err(_) => {}
        }
    }
}

/// Reads all files of TLS and the log, and takes them if all can be used.
fn taken(
    app: &App,
    kiosk: &watch::Sender<Arc<ServerConfig>>,
    portal: &watch::Sender<Arc<ServerConfig>>,
) -> Result<(), String> {
    let (dir, now) = (&app.config.tls.dir, app.now());
    let for_kiosks = kiosk_tls(dir, now).map_err(|why| why.to_string())?;
    let for_people = portal_tls(&app.config, now).map_err(|why| why.to_string())?;
    app.log.reload(dir).map_err(|why| why.to_string())?;
    kiosk.send_replace(Arc::new(for_kiosks));
    portal.send_replace(Arc::new(for_people));
    Ok(())
}

/// Once a day, when the server's certificate must soon be made anew.
fn remind(app: &App, reminded: &mut i64) {
    let soon = monitor::certificate_left(app).is_some_and(|left| left < monitor::RENEW_SERVER_WITHIN);
    let today = app.now().unix_millis() / DAY;
    if soon && *reminded != today {
        tracing::warn!("ALARM: {}", monitor::RENEW_SERVER);
        *reminded = today;
    }
}

fn files(app: &App) -> Vec<Option<Zeroizing<Vec<u8>>>> {
    let names =
        ["server.pem", "server.key", "root.pem", "kiosk-ca.pem", "crl.pem", "log.key", pki::NEXT_LOG_KEY, "log.pub"];
    let public = [&app.config.portal.certificate, &app.config.portal.key].into_iter().flatten().cloned();
    let paths = names.map(|name| app.config.tls.dir.join(name)).into_iter().chain(public);
    paths.map(|path| std::fs::read(path).ok().map(Zeroizing::new)).collect()
}

/// How many files this process may open; nothing if it has no limit or the system does not say.
fn open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

async fn told_to_stop() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
