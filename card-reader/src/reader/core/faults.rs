//! Faults that a device goes on with: several may stand at once, and the gravest is the one shown.

use super::super::{DeviceStatus, Event, Fault};

/// Takes note that a fault has come (`standing`) or gone; what is to be told, if another one is shown now.
pub(super) fn noted(
    standing_ones: &mut Vec<Fault>,
    status: &mut DeviceStatus,
    fault: Fault,
    standing: bool,
) -> Option<Event> {
    standing_ones.retain(|known| *known != fault);
    if standing {
        standing_ones.push(fault);
        status.faults += 1;
    }
    let worst = gravest(standing_ones);
    let another = status.fault != worst;
    status.fault = worst;
    another.then(|| Event::Degraded { device: status.device.clone(), fault: worst })
}

pub(super) fn gravest(standing_ones: &[Fault]) -> Option<Fault> {
    standing_ones.iter().copied().min_by_key(|fault| rank(*fault))
}

/// The lower the graver.
const fn rank(fault: Fault) -> u8 {
    match fault {
        Fault::NotReachable => 0,
        Fault::NotResponding => 1,
        Fault::Jammed => 2,
        Fault::Mechanism => 3,
        Fault::CardLeft => 4,
        Fault::ConfigRejected => 5,
        Fault::ProtocolErrors => 6,
        Fault::SensorCovered => 7,
        Fault::BinFull => 8,
        Fault::Frozen | Fault::Black | Fault::Unsupported => 9,
        Fault::WrongSize => 10,
        Fault::Slow => 11,
    }
}
