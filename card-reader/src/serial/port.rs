//! The actor that owns a serial port: opens it exclusively, drains it, feeds the protocol, writes what it wants
//! written, and opens it again after a loss. It reads no data itself and logs none: a zone is personal.

use super::backoff::{Backoff, Random};
use super::{Out, Protocol, SerialCommand, SerialEvent};
use crate::clock::now;
use crate::reader::Fault;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};
pub use tokio_serial::{DataBits, FlowControl, Parity};
use tokio_serial::{SerialPort, SerialPortBuilderExt, SerialStream};
use zeroize::Zeroize;

/// Where the device is and how often to look for it.
#[derive(Clone, Debug)]
pub struct PortConfig {
    /// A stable name (`/dev/serial/by-id/…`): a device that returns may do so under another number.
    pub path: PathBuf,
    pub line: Line,
    /// Input thrown away after opening: what was sent to nobody is delivered stale.
    pub drain: Duration,
}

/// Settings of the line; all of no matter on USB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub baud: u32,
    pub parity: Parity,
    pub data_bits: DataBits,
    pub flow: FlowControl,
}

impl Line {
    /// Eight bits, no parity, no flow control: what nearly all of these devices leave the factory with.
    #[must_use]
    pub const fn at(baud: u32) -> Self {
        Self { baud, parity: Parity::None, data_bits: DataBits::Eight, flow: FlowControl::None }
    }
}

/// One write is at most this long: the kernel honours a time-out only for short ones.
const CHUNK: usize = 64;
const WRITE_LIMIT: Duration = Duration::from_secs(1);

/// What the actor reports.
pub enum PortEvent {
    Said(SerialEvent),
    /// Closed already, and being opened again.
    Lost(Fault),
}

/// Where the events of one port go: shared by all, told apart by their number.
pub struct Events {
    pub port: usize,
    pub to: mpsc::Sender<(usize, PortEvent)>,
}

impl Events {
    /// Whether anybody listens.
    async fn send(&self, event: PortEvent) -> bool {
        self.to.send((self.port, event)).await.is_ok()
    }
}

/// Runs until the commands' sender is gone or the events' receiver is.
pub async fn run(
    config: PortConfig,
    mut protocol: Box<dyn Protocol>,
    mut commands: mpsc::UnboundedReceiver<SerialCommand>,
    events: Events,
    mut random: Random,
) {
    let mut retry = Backoff::new(now());
    let mut told_lost = false;
    loop {
        let fault = match open(&config) {
            Ok(port) => {
                told_lost = false;
                let end = converse(port, &config, protocol.as_mut(), &mut commands, &events).await;
                protocol.link_down(now());
                retry = Backoff::new(now());
                match end {
                    End::Closed => return,
                    End::Lost(fault) => fault,
                }
            }
            Err(error) => {
                if !told_lost {
                    tracing::warn!(port = %config.path.display(), %error, "the serial port cannot be opened; trying again");
                }
                Fault::NotReachable
            }
        };
        if !told_lost {
            told_lost = true;
            if !events.send(PortEvent::Lost(fault)).await {
                return;
            }
        }
        let again = retry.next(now(), &mut random);
        loop {
            tokio::select! {
                () = sleep_until(again.into()) => break,
                // There is nobody to tell: whoever commands knows from `Lost`.
                command = commands.recv() => if command.is_none() { return },
            }
        }
    }
}

fn open(config: &PortConfig) -> tokio_serial::Result<SerialStream> {
    // Opening is exclusive by default (TIOCEXCL and a lock), so that no second program takes bytes away.
    let mut port = tokio_serial::new(path_text(&config.path), config.line.baud)
        .parity(config.line.parity)
        .data_bits(config.line.data_bits)
        .flow_control(config.line.flow)
        .open_native_async()?;
    // Public hosts assert DTR; a pseudo-terminal has no such line, and some adapters neither.
    let _ = port.write_data_terminal_ready(true);
    Ok(port)
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

enum End {
    Lost(Fault),
    /// Nobody commands or listens any more.
    Closed,
}

/// One connection, from the drain to the loss. The port is closed when this returns.
async fn converse(
    mut port: SerialStream,
    config: &PortConfig,
    protocol: &mut dyn Protocol,
    commands: &mut mpsc::UnboundedReceiver<SerialCommand>,
    events: &Events,
) -> End {
    let mut buffer = [0_u8; 1024];
    let drained = now() + config.drain;
    loop {
        tokio::select! {
            () = sleep_until(drained.into()) => break,
            read = port.read(&mut buffer) => match read {
                Ok(1..) => buffer.zeroize(),
                Ok(0) | Err(_) => return End::Lost(Fault::NotReachable),
            },
        }
    }
    let mut out = Out::default();
    protocol.link_up(now(), &mut out);
    loop {
        if let Err(error) = write(&mut port, &mut out.tx).await {
            tracing::warn!(port = %config.path.display(), %error, "writing to the serial port failed");
            let fault =
                if error.kind() == io::ErrorKind::TimedOut { Fault::NotResponding } else { Fault::NotReachable };
            return End::Lost(fault);
        }
        for event in out.events.drain(..) {
            if !events.send(PortEvent::Said(event)).await {
                return End::Closed;
            }
        }
        if let Some(fault) = out.drop_link.take() {
            return End::Lost(fault);
        }
        let deadline = protocol.deadline().unwrap_or_else(|| now() + Duration::from_secs(1));
        tokio::select! {
            read = port.read(&mut buffer) => match read {
                // A hung-up line reads as no bytes, for ever.
                Ok(0) | Err(_) => return End::Lost(Fault::NotReachable),
                Ok(count) => {
                    protocol.bytes(now(), &buffer[..count], &mut out);
                    buffer[..count].zeroize();
                }
            },
            command = commands.recv() => match command {
                Some(command) => {
                    if protocol.command(now(), command, &mut out).is_err() {
                        tracing::debug!(port = %config.path.display(), ?command, "not ready for a command");
                    }
                }
                None => return End::Closed,
            },
            () = sleep_until(deadline.into()) => protocol.timeout(now(), &mut out),
        }
    }
}

async fn write(port: &mut SerialStream, tx: &mut Vec<u8>) -> io::Result<()> {
    for chunk in tx.chunks(CHUNK) {
        match timeout(WRITE_LIMIT, port.write_all(chunk)).await {
            Ok(written) => written?,
            Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, "the device takes no bytes")),
        }
    }
    tx.clear();
    Ok(())
}
