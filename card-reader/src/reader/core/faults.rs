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
    standing_ones.iter().copied().min_by_key(|fault| fault.rank())
}
