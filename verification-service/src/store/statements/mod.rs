//! The statements: one method, one thing; one file for each subject. Every statement is written once, in SQL that both
//! engines understand alike.

mod accounts;
mod activity;
mod assistance;
mod audit;
mod codes;
mod columns;
pub mod decisions;
mod kiosks;
mod log;
mod logins;
mod places;
mod portal_codes;
mod portal_sessions;
pub mod purge;
mod puts;
mod referrals;
pub mod reindex;
mod representatives;
pub mod reseal;
mod staff;
mod throttles;
