//! What people do in the portal, on PostgreSQL: the journeys of `main.rs` that write. How pages look and what guards them is
//! the same on either engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on must stop")]
#![allow(dead_code, reason = "the service's test support has more than the portal needs")]

#[path = "../service/cluster.rs"]
mod cluster;
#[path = "../service/support.rs"]
mod support;

mod caller;
mod holder;
mod lockout;
mod passkeys;
mod people;
mod removal;
mod representatives;
mod sessions;
mod webdriver;

/// The engine of the support's sites.
const ON_POSTGRES: bool = true;
