//! What is plugged in, and whether it can be used: for `kiosk-app devices` and the self-test. Looks once, and opens
//! nothing that the kiosk has open.

use crate::camera::direct;
use crate::camera::format::{Format, best};
use nokhwa::utils::ApiBackend;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A serial port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub path: PathBuf,
    /// The name to put into `kiosk.toml`: it stays the same when the device returns under another number.
    pub stable: Option<PathBuf>,
    /// What a USB device says of itself: `2b78:0005 Elyctis IDBOX One`.
    pub usb: Option<String>,
    /// The protocol that goes with its USB numbers, where a vendor published them.
    pub protocol: Option<&'static str>,
    /// Why it cannot be used, as a sentence that says what to do; `None` if it can.
    pub problem: Option<String>,
}

/// A camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub path: PathBuf,
    /// As [`Port::stable`].
    pub stable: Option<PathBuf>,
    pub name: String,
    /// Every format that it offers and we understand: `1280x960 YUYV, 15 frames a second`.
    pub offers: Vec<String>,
    /// The one that would be used.
    pub best: Option<String>,
    /// What is unusual about it and can be served all the same.
    pub note: Option<&'static str>,
    /// As [`Port::problem`].
    pub problem: Option<String>,
}

const BY_ID: &str = "/dev/serial/by-id";
/// By what a camera says of itself; where two say the same, by the socket that it is plugged into.
const CAMERAS_BY: [&str; 2] = ["/dev/v4l/by-id", "/dev/v4l/by-path"];

/// Every serial port of the machine. Pseudo-terminals are not listed: their names come from the configuration.
#[must_use]
pub fn serial_ports() -> Vec<Port> {
    let mut paths: Vec<PathBuf> = serialport::available_ports()
        .unwrap_or_default()
        .into_iter()
        .map(|port| PathBuf::from(port.port_name))
        .chain(tty_nodes())
        .collect();
    paths.sort();
    paths.dedup();
    let stable = links(Path::new(BY_ID));
    paths
        .into_iter()
        .map(|path| {
            let stable = stable.iter().find(|(_, real)| *real == path).map(|(link, _)| link.clone());
            let usb = usb(Path::new("/sys/class/tty"), &path);
            let protocol = usb.as_deref().and_then(protocol);
            Port { problem: try_port(&path).err(), path, stable, usb, protocol }
        })
        .collect()
}

/// USB ports, which the library lists only with libudev.
fn tty_nodes() -> Vec<PathBuf> {
    entries(Path::new("/dev")).into_iter().filter(|path| is_usb_tty(path)).collect()
}

/// The USB numbers and names above a port in the system's tree of devices.
fn usb(ttys: &Path, port: &Path) -> Option<String> {
    let device = ttys.join(port.file_name()?).join("device").canonicalize().ok()?;
    let device = device.ancestors().take(4).find(|folder| folder.join("idVendor").is_file())?;
    let said = |file: &str| fs::read_to_string(device.join(file)).map(|text| text.trim().to_owned()).ok();
    let names = [said("manufacturer"), said("product")].into_iter().flatten();
    Some(names.fold(format!("{}:{}", said("idVendor")?, said("idProduct")?), |all, name| format!("{all} {name}")))
}

fn protocol(usb: &str) -> Option<&'static str> {
    usb.starts_with("2b78:0005").then_some("elyctis")
}

fn is_usb_tty(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("ttyACM") || name.starts_with("ttyUSB")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// (link, what it points to).
fn links(folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    entries(folder).into_iter().filter_map(|link| Some((link.clone(), link.canonicalize().ok()?))).collect()
}

/// Whether a port opens.
///
/// # Errors
/// A sentence that says what to do.
pub fn try_port(path: &Path) -> Result<(), String> {
    let shown = path.display();
    match serialport::new(path.to_string_lossy(), 9600).timeout(Duration::from_millis(100)).open() {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = error.to_string();
            Err(match error.kind() {
                serialport::ErrorKind::Io(std::io::ErrorKind::PermissionDenied) => {
                    format!("no permission for {shown}: add this user to the group dialout")
                }
                serialport::ErrorKind::Io(std::io::ErrorKind::NotFound) => {
                    format!("{shown} is not there: connect the device, or correct the path")
                }
                _ if text.contains("exclusive") => format!("{shown} is in use by another program, perhaps the kiosk"),
                _ => format!("{shown} cannot be opened ({text}): probably nothing is connected to it"),
            })
        }
    }
}

/// Every camera of the machine.
#[must_use]
pub fn cameras() -> Vec<Node> {
    let found = nokhwa::query(ApiBackend::Video4Linux).unwrap_or_default();
    let stable: Vec<_> = CAMERAS_BY.iter().flat_map(|folder| links(Path::new(folder))).collect();
    let mut nodes: Vec<Node> = found
        .iter()
        .map(|camera| {
            let index = camera.index().as_index().unwrap_or_default();
            look_at(index, camera.human_name(), &stable)
        })
        .collect();
    nodes.sort_by(|a, b| a.path.cmp(&b.path));
    nodes
}

fn look_at(index: u32, name: String, links: &[(PathBuf, PathBuf)]) -> Node {
    let path = PathBuf::from(format!("/dev/video{index}"));
    let stable = links.iter().find(|(_, real)| *real == path).map(|(link, _)| link.clone());
    match direct::offers(&path) {
        Ok(offered) => {
            let best = best(&offered);
            let problem = best.is_none().then(|| direct::nothing_usable(&path));
            let offers = offered.iter().map(Format::to_string).collect();
            Node { path, stable, name, offers, note: note(&offered), best: best.map(|best| best.to_string()), problem }
        }
        Err(error) => {
            Node { path, stable, name, offers: Vec::new(), note: None, best: None, problem: Some(error.what) }
        }
    }
}

/// What a technician should know of a camera that only the fall-back serves.
fn note(offered: &[Format]) -> Option<&'static str> {
    let fractional = !offered.is_empty() && !offered.iter().any(|format| format.is_whole());
    fractional.then_some("no whole-number frame rate")
}

#[cfg(test)]
mod tests {
    use super::{note, protocol, try_port, usb};
    use crate::camera::format::{Encoding, Format};
    use std::fs;
    use std::path::Path;

    #[test]
    fn a_port_that_is_not_there_says_what_to_do() {
        let problem = try_port(Path::new("/dev/no-such-port")).unwrap_err();
        assert!(problem.contains("/dev/no-such-port") && problem.contains("connect the device"), "{problem}");
    }

    #[test]
    fn a_usb_port_is_named_by_what_its_device_says() {
        let folder = tempfile::tempdir().unwrap();
        let (device, interface) = (folder.path().join("usb1"), folder.path().join("usb1/1-1:1.0"));
        let tty = folder.path().join("tty/ttyACM0");
        fs::create_dir_all(&interface).unwrap();
        fs::create_dir_all(&tty).unwrap();
        for (file, text) in [("idVendor", "2b78\n"), ("idProduct", "0005\n"), ("product", "IDBOX One\n")] {
            fs::write(device.join(file), text).unwrap();
        }
        std::os::unix::fs::symlink(&interface, tty.join("device")).unwrap();
        let said = usb(&folder.path().join("tty"), Path::new("/dev/ttyACM0")).unwrap();
        assert_eq!(said, "2b78:0005 IDBOX One");
        assert_eq!(protocol(&said), Some("elyctis"));
        assert_eq!(usb(&folder.path().join("tty"), Path::new("/dev/ttyS9")), None);
    }

    #[test]
    fn a_camera_without_a_whole_number_of_frames_a_second_is_named() {
        let format = |interval| Format { width: 720, height: 480, encoding: Encoding::Yuyv, interval };
        let ntsc = format((1001, 30_000));
        assert_eq!(note(&[ntsc]), Some("no whole-number frame rate"));
        assert_eq!(note(&[ntsc, format((1, 15))]), None);
        assert_eq!(note(&[]), None);
    }

    #[test]
    fn looking_at_this_machine_ends() {
        for port in super::serial_ports() {
            assert!(port.path.starts_with("/dev"), "{port:?}");
        }
        for node in super::cameras() {
            assert!(node.problem.is_some() || node.best.is_some(), "{node:?}");
        }
    }
}
