//! The kiosk: a pure core (`kiosk`, `session`, `officer`, `diagnostics`) in a thin shell that runs its effects.

pub mod app;
pub mod clock;
pub mod commands;
pub mod config;
pub mod credential;
pub mod devices;
pub mod diagnostics;
pub mod documents;
pub mod effect;
pub mod event;
pub mod i18n;
pub mod journal;
pub mod kiosk;
pub mod lockout;
pub mod message;
pub mod officer;
pub mod outbox;
pub mod screens;
pub mod selftest;
pub mod service_loop;
pub mod session;
#[cfg(feature = "simulated")]
pub mod targets;
#[cfg(test)]
mod test_bench;
pub mod theme;
pub mod unfinished;
pub mod verifier;
pub mod widgets;
