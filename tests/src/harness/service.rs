//! The running verification service.

use super::process::Running;
use super::records::Records;
use super::{OrTrouble, Outcome, Trouble};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

/// `verification-service serve`, until dropped.
pub struct Service {
    pub kiosk: SocketAddr,
    pub portal: SocketAddr,
    pub process: Running,
}

impl Service {
    /// Starts it and waits until it says that it answers.
    ///
    /// # Errors
    /// The program's last words.
    pub fn serve(records: &Records) -> Outcome<Self> {
        let mut process = Running::start(records.command(&["serve"]).arg("--json"))?;
        let ready: Value = process.line("that the service is ready", Duration::from_secs(30), |line| {
            serde_json::from_str::<Value>(line).ok()?.get("ready").cloned()
        })?;
        let address = |port: &str| -> Outcome<SocketAddr> {
            let text =
                ready.get(port).and_then(Value::as_str).ok_or_else(|| Trouble(format!("no address of {port}")))?;
            text.parse().or_trouble(|| format!("not an address: {text}"))
        };
        Ok(Self { kiosk: address("kiosk")?, portal: address("portal")?, process })
    }
}
