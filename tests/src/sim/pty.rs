//! A pseudo-terminal that plays the cable: what is plugged in is a name in the file system.

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The device's end. No descriptor of the other end is held: it would keep the host's exclusive lock alive.
pub(super) struct Pty {
    master: OwnedFd,
    link: PathBuf,
    /// The other end's, as the kernel calls it.
    name: PathBuf,
}

impl Pty {
    /// Opens a terminal and publishes it under `link`, replacing what was there.
    pub(super) fn plug(link: &Path) -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        // Raw before anybody knows the name: else what the device says first is echoed back to it.
        let mut settings = tcgetattr(&master)?;
        settings.make_raw();
        tcsetattr(&master, OptionalActions::Now, &settings)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        let name = PathBuf::from(std::ffi::OsString::from_vec(ptsname(&master, Vec::new())?.into_bytes()));
        let fresh = link.with_extension("plugging");
        let _ = std::fs::remove_file(&fresh);
        std::os::unix::fs::symlink(&name, &fresh)?;
        std::fs::rename(&fresh, link)?;
        Ok(Self { master, link: link.to_owned(), name })
    }

    /// What the kernel calls it.
    pub(super) fn name(&self) -> &Path {
        &self.name
    }

    /// Waits until bytes arrive, `wake` is readable, or the time is over; appends the bytes to `rx`.
    pub(super) fn wait(&self, wake: BorrowedFd<'_>, time: Duration, rx: &mut Vec<u8>) -> io::Result<()> {
        let limit = Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: i64::from(time.subsec_nanos()) };
        let mut both = [PollFd::new(&self.master, PollFlags::IN), PollFd::from_borrowed_fd(wake, PollFlags::IN)];
        match poll(&mut both, Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let seen = both[0].revents();
        if seen.contains(PollFlags::IN) {
            let mut buffer = [0_u8; 256];
            loop {
                match rustix::io::read(&self.master, &mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(count) => rx.extend_from_slice(&buffer[..count]),
                }
            }
        } else if seen.contains(PollFlags::HUP) {
            // No host has the line open; a hung-up line is always "ready", so only the control may wake.
            let nap = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
            let _ = poll(&mut [PollFd::from_borrowed_fd(wake, PollFlags::IN)], Some(&nap));
        }
        Ok(())
    }

    /// Bytes that nobody takes are lost, as on a cable.
    pub(super) fn send(&self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            match rustix::io::write(&self.master, rest) {
                Ok(count) => rest = &rest[count..],
                Err(_) => return,
            }
        }
    }

    /// Pulls the plug: the name goes first, then the line hangs up.
    pub(super) fn unplug(self) {
        let _ = std::fs::remove_file(&self.link);
    }
}

/// Wakes a [`Pty::wait`].
pub(super) struct Wake(OwnedFd);

impl Wake {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    pub(super) fn ring(&self) {
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Until it is rung, at most so long.
    pub(super) fn wait(&self, time: Duration) {
        let limit = Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: i64::from(time.subsec_nanos()) };
        let _ = poll(&mut [PollFd::from_borrowed_fd(self.fd(), PollFlags::IN)], Some(&limit));
    }

    pub(super) fn clear(&self) {
        let _ = rustix::io::read(&self.0, &mut [0_u8; 8]);
    }
}
