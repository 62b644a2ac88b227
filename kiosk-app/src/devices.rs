//! The configured devices: their settings for the card reader, and their state in the words of heartbeat and technician.

use crate::config::{Camera, Config, Protocol};
use crate::diagnostics::Row;
use crate::effect::MustAct;
use card_reader::reader::{
    CameraConfig, CameraSource, DeviceId, DeviceStatus, Fault, ReaderConfig, SelfTestReport, SerialConfig,
};
use std::time::Duration;
use verification_api::wire;

/// The name of the one camera.
pub const CAMERA: &str = "camera";

/// What the card reader is started with.
#[must_use]
pub fn reader_config(config: &Config) -> ReaderConfig {
    let serial = config.readers.iter().map(|(name, reader)| {
        let mut serial = match reader.protocol {
            Protocol::Elyctis => SerialConfig::elyctis(name, &reader.path),
        };
        serial.baud = reader.baud;
        match reader.settle_ms {
            Some(ms) => serial.settling(Duration::from_millis(ms)),
            None => serial,
        }
    });
    let cameras = config.camera.iter().filter_map(camera_source);
    ReaderConfig {
        serial: serial.collect(),
        cameras: cameras.map(|source| CameraConfig { id: DeviceId(CAMERA.to_owned()), source }).collect(),
        try_limit: config.policy().try_for,
        ..ReaderConfig::default()
    }
}

fn camera_source(camera: &Camera) -> Option<CameraSource> {
    #[cfg(feature = "simulated")]
    if let Some(path) = &camera.replay {
        return Some(CameraSource::Replay { path: path.clone(), frames_per_second: 10 });
    }
    camera.node.clone().map(CameraSource::Node)
}

/// Who must act on a fault.
#[must_use]
pub const fn must_act(fault: Fault) -> MustAct {
    match fault {
        Fault::NotReachable | Fault::NotResponding | Fault::ProtocolErrors | Fault::Black => MustAct::Technician,
        Fault::Frozen | Fault::Unsupported => MustAct::Vendor,
    }
}

/// What is wrong, and what to do about it.
#[must_use]
pub const fn sentence(fault: Fault) -> &'static str {
    match fault {
        Fault::NotReachable => "not there; plug it in, or correct its path in kiosk.toml",
        Fault::NotResponding => "open but silent; unplug it and plug it in again",
        Fault::ProtocolErrors => "sends what is not its protocol; check protocol, speed and cable",
        Fault::Frozen => "gives the same picture again and again; replace it if that stays after a restart",
        Fault::Black => "gives a black picture; take off its cover, check the light",
        Fault::Unsupported => "offers nothing that this program can use; replace it by a supported model",
    }
}

/// The state of a device as one line.
#[must_use]
pub fn row(status: &DeviceStatus) -> Row {
    let mut facts = vec![status.kind.to_owned()];
    facts.extend([status.identity.clone(), status.facts.clone()].into_iter().filter(|text| !text.is_empty()));
    if let Some(fault) = status.fault {
        facts.push(sentence(fault).to_owned());
    } else if !status.ready {
        facts.push("starting".to_owned());
    }
    facts.push(format!("{} read, {} not, {} reconnects", status.good_reads, status.failed_reads, status.reconnects));
    let must_act = status.fault.map_or(MustAct::Nobody, must_act);
    Row { name: status.device.0.clone(), facts: facts.join(", "), ok: status.ready && status.fault.is_none(), must_act }
}

/// The outcome of a device's self-test as one line.
#[must_use]
pub fn tested(device: &DeviceId, report: &SelfTestReport) -> Row {
    Row {
        name: device.0.clone(),
        facts: format!("{}, {} ms", report.detail, report.millis),
        ok: report.passed,
        must_act: if report.passed { MustAct::Nobody } else { MustAct::Technician },
    }
}

/// The state of a device in a heartbeat.
#[must_use]
pub fn health(status: &DeviceStatus) -> wire::DeviceHealth {
    let state = match (status.fault, status.ready) {
        (None, true) => wire::DeviceState::Ready,
        (None, false) => wire::DeviceState::Busy,
        (Some(_), true) => wire::DeviceState::Degraded,
        (Some(Fault::NotReachable), false) => wire::DeviceState::Absent,
        (Some(_), false) => wire::DeviceState::Failed,
    };
    let who = match status.fault.map_or(MustAct::Nobody, must_act) {
        MustAct::Nobody => wire::WhoMustAct::Nobody,
        MustAct::Traveler => wire::WhoMustAct::Traveler,
        MustAct::Officer => wire::WhoMustAct::Officer,
        MustAct::Technician => wire::WhoMustAct::Technician,
        MustAct::Vendor => wire::WhoMustAct::Vendor,
    };
    wire::DeviceHealth { device: status.device.0.clone(), state, who }
}
