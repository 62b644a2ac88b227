//! The real binary, a fresh folder of `init`, real TLS: what an integrator sees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on must stop")]

mod assistance;
mod audit;
mod clients;
mod cluster;
mod command_line;
mod every_call;
mod guide;
mod hostile;
mod index_rotation;
mod inspections;
mod log;
mod methods;
mod migrations;
mod numbers;
mod officers;
mod openapi;
mod operations;
mod problems;
mod puts;
mod referrals;
mod retention;
mod rotation;
mod settings;
mod store;
#[allow(dead_code, reason = "shared with other suites, which use the rest")]
mod support;
#[path = "../../benches/service/table.rs"]
mod table;
mod tamper;
mod tls;
mod verdicts;
mod verifications;

/// Which engine the sites of this suite have.
const ON_POSTGRES: bool = false;
