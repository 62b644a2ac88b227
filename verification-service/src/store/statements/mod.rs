//! The statements: one method, one thing; one file for each subject. Every statement is written once, in SQL that both
//! engines understand alike.

mod accounts;
mod audit;
mod codes;
mod columns;
mod decisions;
mod kiosks;
mod log;
mod puts;
mod referrals;
mod staff;
mod throttles;
