//! The record and backup-code service behind the kiosks.
//!
//! [`listener`] takes connections, [`kiosk_api`] turns requests into calls of the domain ([`verify`], [`inspect`],
//! [`officers`], [`codes`], [`throttle`], [`audit`]), which works on [`store`]. [`cli`] is the command line.

pub mod app;
pub mod assistance;
pub mod audit;
pub mod batches;
pub mod cli;
pub mod clock;
pub mod codes;
pub mod config;
pub mod derivations;
pub mod enrol;
pub mod failpoint;
pub mod index_keys;
pub mod inspect;
pub mod kiosk_api;
pub mod listener;
pub mod log;
pub mod metrics;
pub mod monitor;
pub mod observe;
pub mod officers;
pub mod openapi;
pub mod pki;
pub mod portal;
pub mod purge;
pub mod put_once;
pub mod random;
pub mod refusal;
pub mod reindex;
pub mod roles;
pub mod rotate;
pub mod secrets;
pub mod serve;
pub mod store;
pub mod throttle;
pub mod turns;
pub mod verify;
