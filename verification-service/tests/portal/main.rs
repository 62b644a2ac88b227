//! The portal in a real Chromium, driven over WebDriver, against the real service with its real TLS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on must stop")]
#![allow(dead_code, reason = "the service's test support has more than the portal needs")]

#[path = "../service/cluster.rs"]
mod cluster;
#[path = "../service/support.rs"]
mod support;

mod accessibility;
mod caller;
mod guards;
mod holder;
mod lockout;
mod passkeys;
mod people;
mod representatives;
mod sessions;
mod webdriver;

/// The engine of the support's sites.
const ON_POSTGRES: bool = false;
