//! The configured devices: their settings for the card reader, and their state in the words of heartbeat and technician.

use crate::config::{self, Camera, Config, Protocol, Reader};
use crate::diagnostics::Row;
use crate::effect::MustAct;
use card_reader::camera::light::Switch;
use card_reader::reader::{
    CameraConfig, CameraSource, DeviceId, DeviceStatus, Fault, ReaderConfig, SelfTestReport, SerialConfig,
    SerialProtocol,
};
use card_reader::serial::{elyctis, newland, port, scanner, ssi, swipe, synm};
use std::time::Duration;
use verification_api::wire;

/// The name of the one camera.
pub const CAMERA: &str = "camera";

/// What the card reader is started with.
#[must_use]
pub fn reader_config(config: &Config) -> ReaderConfig {
    let serial = config.readers.iter().map(|(name, reader)| serial_config(name, reader));
    let cameras = config.camera.iter().filter_map(|camera| {
        let infrared = camera.infrared.as_ref().and_then(infrared);
        Some(CameraConfig { infrared, ..CameraConfig::new(CAMERA, camera_source(camera)?) })
    });
    let decode_limit = config.camera.as_ref().and_then(|camera| camera.decode_limit_ms).map(Duration::from_millis);
    ReaderConfig {
        serial: serial.collect(),
        cameras: cameras.collect(),
        try_limit: config.policy().try_for,
        decode_limit: decode_limit.unwrap_or(ReaderConfig::default().decode_limit),
    }
}

/// A reader's table, its protocol's own values where it says nothing.
fn serial_config(name: &str, reader: &Reader) -> SerialConfig {
    let suffix = reader.suffix.as_ref().map(|text| text.clone().into_bytes());
    let silence = Duration::from_millis(if reader.baud.is_some_and(|baud| baud < 57_600) { 100 } else { 50 });
    let synm = |maker| {
        let mut options = synm::Options { suffix: suffix.clone(), silence, ..synm::Options::new(maker) };
        options.packets = reader.packets.unwrap_or(options.packets);
        options.ocr = reader.ocr.unwrap_or(options.ocr);
        options.settings.clone_from(&reader.settings);
        SerialProtocol::SynM { options, timing: scanner::Timing::DEFAULT }
    };
    let protocol = match reader.protocol {
        Protocol::Elyctis => {
            SerialProtocol::Elyctis { timing: elyctis::Timing::CDC, presence_command: reader.presence_command.clone() }
        }
        Protocol::Honeywell => synm(synm::Maker::Honeywell),
        Protocol::AccessIs => synm(synm::Maker::AccessIs),
        Protocol::Newland => {
            let settings = reader.settings.clone();
            let options = newland::Options { suffix, settings, ..newland::Options::default() };
            SerialProtocol::Newland { options, timing: scanner::Timing::DEFAULT }
        }
        Protocol::Ssi => {
            let parameters = reader
                .parameters
                .iter()
                .map(|[number, value]| (*number, u8::try_from(*value).unwrap_or(u8::MAX)))
                .collect();
            let options = ssi::Options { parameters };
            SerialProtocol::Ssi { options, timing: scanner::Timing::DEFAULT }
        }
        Protocol::Swipe => SerialProtocol::swipe(reader.block.as_ref().map_or_else(swipe::Block::rte, block)),
        Protocol::Crt571 => SerialProtocol::crt571(),
    };
    let mut serial = SerialConfig::new(name, &reader.path, protocol);
    serial.line.baud = reader.baud.unwrap_or(serial.line.baud);
    serial.line.parity = match reader.parity {
        config::Parity::None => port::Parity::None,
        config::Parity::Even => port::Parity::Even,
        config::Parity::Odd => port::Parity::Odd,
    };
    serial.line.data_bits = if reader.data_bits == 7 { port::DataBits::Seven } else { port::DataBits::Eight };
    serial.line.flow = match reader.flow {
        config::Flow::None => port::FlowControl::None,
        config::Flow::Hardware => port::FlowControl::Hardware,
        config::Flow::Software => port::FlowControl::Software,
    };
    match reader.settle_ms {
        Some(ms) => serial.settling(Duration::from_millis(ms)),
        None => serial,
    }
}

fn block(table: &config::Block) -> swipe::Block {
    swipe::Block {
        start: table.start.clone(),
        header: table.header,
        stx: table.stx,
        flags: table.flags,
        etx: table.etx,
        check: match table.check {
            config::BlockCheck::None => swipe::Check::None,
            config::BlockCheck::Unchecked => swipe::Check::Unchecked,
            config::BlockCheck::XorFromStart => swipe::Check::XorFromStart,
            config::BlockCheck::XorAfterStx => swipe::Check::XorAfterStx,
        },
    }
}

fn camera_source(camera: &Camera) -> Option<CameraSource> {
    #[cfg(feature = "simulated")]
    if let Some(path) = &camera.replay {
        let frames_per_second = camera.frames_per_second.unwrap_or(10);
        return Some(CameraSource::Replay { path: path.clone(), frames_per_second });
    }
    camera.node.clone().map(CameraSource::Node)
}

fn infrared(table: &config::Infrared) -> Option<Switch> {
    let control = table.control.clone().map(|name| Switch::Control { name, on: table.on, off: table.off });
    control.or_else(|| table.led.clone().map(Switch::Led))
}

/// Who must act on a fault.
#[must_use]
pub const fn must_act(fault: Fault) -> MustAct {
    match fault {
        Fault::CardLeft => MustAct::Officer,
        Fault::NotReachable
        | Fault::NotResponding
        | Fault::ProtocolErrors
        | Fault::Black
        | Fault::WrongSize
        | Fault::Slow
        | Fault::ConfigRejected
        | Fault::SensorCovered
        | Fault::Jammed
        | Fault::BinFull => MustAct::Technician,
        Fault::Frozen | Fault::Unsupported | Fault::Mechanism => MustAct::Vendor,
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
        Fault::WrongSize => "gives pictures of another size than was set; unplug it and plug it in again",
        Fault::Slow => "gives fewer than three pictures a second; give it light, and a USB port of its own",
        Fault::Unsupported => "offers nothing that this program can use; replace it by a supported model",
        Fault::ConfigRejected => "refuses a setting; check its model and the settings in kiosk.toml",
        Fault::SensorCovered => "its sensor is covered; take away what lies on it and clean the glass",
        Fault::Jammed => "a card is stuck; open it and take the card out",
        Fault::CardLeft => {
            "holds a card that nobody took; an officer gives it back or keeps it at the desk of this kiosk"
        }
        Fault::BinFull => "its bin is full; empty it",
        Fault::Mechanism => "reports a fault of its mechanics; restart it, and replace it if that stays",
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

#[cfg(test)]
mod tests {
    use super::{Config, SerialProtocol, reader_config};
    use std::path::Path;

    #[test]
    fn what_a_table_says_of_its_protocol_reaches_the_reader() {
        let text = "[service]\nurl = \"https://localhost:1\"\nroot = \"r\"\nchain = \"c\"\nkey = \"k\"\n\
            [readers.a]\nprotocol = \"elyctis\"\npath = \"/dev/a\"\npresence_command = [0x50, 0x00, 0x01, 0x01]\n\
            [readers.b]\nprotocol = \"honeywell\"\npath = \"/dev/b\"\nocr = false\n";
        let config = Config::parse(text, Path::new("kiosk.toml")).expect("a configuration");
        let [a, b] = &reader_config(&config).serial[..] else { panic!("two readers") };
        assert!(
            matches!(&a.protocol, SerialProtocol::Elyctis { presence_command, .. } if *presence_command == [0x50, 0, 1, 1])
        );
        assert!(matches!(&b.protocol, SerialProtocol::SynM { options, .. } if !options.ocr));
    }
}
