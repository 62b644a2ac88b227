//! The suite of `main.rs` on PostgreSQL; what is about SQLite's file is not in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on must stop")]

mod assistance;
mod clients;
mod cluster;
mod every_call;
mod hostile;
mod index_rotation;
mod inspections;
mod instances;
mod log;
mod migrations;
mod numbers;
mod officers;
mod operations;
mod problems;
mod puts;
mod referrals;
mod retention;
mod rotation;
mod store;
#[allow(dead_code, reason = "shared with other suites, which use the rest")]
mod support;
mod tls;
mod verifications;

/// Which engine the sites of this suite have.
const ON_POSTGRES: bool = true;
