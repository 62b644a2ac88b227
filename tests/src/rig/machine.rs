//! The virtual machine from outside: QEMU, its monitor, and the line to the guest.

use crate::harness::wait::{now, pause, until};
use crate::harness::{OrTrouble, Outcome, Trouble};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the machine is made of.
pub struct Parts {
    pub kernel: PathBuf,
    pub initramfs: PathBuf,
    /// Where the kernel's messages go.
    pub console: PathBuf,
    /// `tcg`, or `kvm`.
    pub accel: String,
}

/// A running machine. Dropping it pulls its plug.
pub struct Machine {
    child: Child,
    monitor: Monitor,
    guest: UnixStream,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// Of the lines heard, how many a check has been through.
    past: usize,
}

/// A line of the guest, and when it came.
#[derive(Clone)]
struct Heard {
    at: Instant,
    line: String,
}

/// Starting without hardware acceleration.
const START: Duration = Duration::from_secs(90);
/// A command of the guest; the longest runs a program.
const ANSWER: Duration = Duration::from_secs(60);

impl Machine {
    /// Starts it with a USB adapter for each of `lines` (name, terminal), in the ports 1, 2, …; waits for the guest.
    ///
    /// # Errors
    /// QEMU does not run, or the guest says nothing in time.
    pub fn start(parts: &Parts, folder: &Path, lines: &[(&str, PathBuf)]) -> Outcome<Self> {
        let (monitor, talk) = (folder.join("monitor"), folder.join("talk"));
        // Emulating a processor without AVX takes a sixth of the time.
        let mut qemu = Command::new("qemu-system-x86_64");
        qemu.args(["-machine", &format!("q35,accel={}", parts.accel), "-cpu", "Nehalem", "-smp", "2", "-m", "1500"])
            .args(["-nodefaults", "-display", "none", "-no-reboot", "-device", "qemu-xhci,id=usb"])
            .arg("-kernel")
            .arg(&parts.kernel)
            .arg("-initrd")
            .arg(&parts.initramfs)
            .args(["-append", "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off"])
            .args(["-serial", &format!("file:{}", parts.console.display())])
            .args(["-chardev", &format!("socket,id=talk,path={},server=on,wait=off", talk.display())])
            .args(["-serial", "chardev:talk"])
            .args(["-qmp", &format!("unix:{},server=on,wait=off", monitor.display())]);
        for (name, terminal) in lines {
            qemu.args(["-chardev", &format!("serial,id={name}-line,path={}", terminal.display())]);
        }
        let child = qemu
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .or_trouble(|| "qemu-system-x86_64 does not start; is qemu-system-x86 installed?")?;
        let connect =
            |socket: &Path| until("QEMU's socket", Duration::from_secs(20), || UnixStream::connect(socket).ok());
        let guest = connect(&talk)?;
        let monitor = Monitor::over(connect(&monitor)?)?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        listen(guest.try_clone().or_trouble(|| "the line to the guest")?, Arc::clone(&heard));
        let mut machine = Self { child, monitor, guest, heard, past: 0 };
        machine.hear("the guest", START, |line| line == "! hello")?;
        Ok(machine)
    }

    /// Plugs the adapter of a line into a USB port.
    ///
    /// # Errors
    /// QEMU refuses.
    pub fn plug(&mut self, name: &str, port: &str) -> Outcome {
        let line = format!("{name}-line");
        let command = json!({"execute": "device_add", "arguments": {
            "driver": "usb-serial", "chardev": line, "id": name, "bus": "usb.0", "port": port, "always-plugged": true}});
        // An adapter that was just pulled out lets go of its line a moment later.
        let mut last = None;
        until("the adapter is plugged in", Duration::from_secs(3), || match self.monitor.ask(&command) {
            Ok(()) => Some(()),
            Err(trouble) => {
                last = Some(trouble);
                None
            }
        })
        .map_err(|trouble| last.unwrap_or(trouble))
    }

    /// Pulls it out.
    ///
    /// # Errors
    /// QEMU refuses, or has not let go in time.
    pub fn unplug(&mut self, name: &str) -> Outcome {
        self.monitor.ask(&json!({"execute": "device_del", "arguments": {"id": name}}))
    }

    /// Gives the guest a command and waits for its answer; what it printed (lines with `>`) is returned.
    ///
    /// # Errors
    /// It answers with an error, or not in time.
    pub fn ask(&mut self, command: &str) -> Outcome<Vec<String>> {
        let before = self.heard().len();
        let during = |trouble: Trouble| trouble.during(command);
        self.guest.write_all(format!("{command}\n").as_bytes()).or_trouble(|| "the guest is gone").map_err(during)?;
        let (answer, lines) = until("the guest's answer", ANSWER, || {
            let heard = self.heard();
            let answer = heard[before..].iter().position(|heard| heard.line.starts_with("= "))?;
            Some((heard[before + answer].line.clone(), heard[before..before + answer].to_vec()))
        })
        .map_err(during)?;
        match answer.strip_prefix("= error: ") {
            Some(error) => Err(Trouble(error.to_owned()).during(command)),
            None => {
                let printed = lines.iter().filter_map(|heard| heard.line.strip_prefix("> "));
                Ok(printed.map(ToOwned::to_owned).collect())
            }
        }
    }

    /// Waits for a line that has not been waited for yet; those before it are let pass.
    ///
    /// # Errors
    /// It does not come in time; what came instead is in the sentence.
    pub fn hear(
        &mut self,
        what: &str,
        deadline: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Outcome<(String, Instant)> {
        let past = self.past;
        let found = until(what, deadline, || {
            self.heard()
                .iter()
                .enumerate()
                .skip(past)
                .find(|(_, heard)| wanted(&heard.line))
                .map(|(at, heard)| (at, heard.clone()))
        });
        match found {
            Ok((at, heard)) => {
                self.past = at + 1;
                Ok((heard.line, heard.at))
            }
            Err(trouble) => {
                let told: Vec<String> = self.heard().iter().skip(past).map(|heard| heard.line.clone()).collect();
                Err(Trouble(format!("{trouble}; heard {told:?}")))
            }
        }
    }

    /// Lets `time` pass; the lines that came and were not waited for.
    pub fn quiet_for(&mut self, time: Duration) -> Vec<String> {
        let start = now();
        while now().duration_since(start) < time {
            pause(Duration::from_millis(20));
        }
        self.forget()
    }

    /// What has been heard so far is no longer waited for.
    pub fn forget(&mut self) -> Vec<String> {
        let heard = self.heard();
        let rest = heard[self.past..].iter().map(|heard| heard.line.clone()).collect();
        self.past = heard.len();
        rest
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.guest.write_all(b"quit\n");
        let ended = until("the machine's end", Duration::from_secs(10), || self.child.try_wait().ok().flatten());
        if ended.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn listen(guest: UnixStream, heard: Arc<Mutex<Vec<Heard>>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(guest).lines() {
            let Ok(line) = line else { return };
            let line = line.trim_end().to_owned();
            if std::env::var_os("RIG_TRACE").is_some() {
                eprintln!("      {line}");
            }
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(Heard { at: now(), line });
        }
    });
}

/// QEMU's machine protocol.
struct Monitor {
    answers: BufReader<UnixStream>,
    commands: UnixStream,
}

impl Monitor {
    fn over(socket: UnixStream) -> Outcome<Self> {
        let answers = BufReader::new(socket.try_clone().or_trouble(|| "QEMU's monitor")?);
        let mut monitor = Self { answers, commands: socket };
        monitor.next()?;
        monitor.ask(&json!({"execute": "qmp_capabilities"}))?;
        Ok(monitor)
    }

    fn ask(&mut self, command: &Value) -> Outcome {
        writeln!(self.commands, "{command}").or_trouble(|| "QEMU's monitor is gone")?;
        loop {
            let answer = self.next()?;
            if answer.get("return").is_some() {
                return Ok(());
            }
            if let Some(error) = answer.pointer("/error/desc").and_then(Value::as_str) {
                return Err(Trouble(format!("QEMU refuses {command}: {error}")));
            }
        }
    }

    fn next(&mut self) -> Outcome<Value> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line).or_trouble(|| "QEMU's monitor is gone")?;
        if read == 0 {
            return Err(Trouble("QEMU has ended; its console is in target/rig/console.log".to_owned()));
        }
        serde_json::from_str(&line).or_trouble(|| "QEMU's monitor talks no JSON")
    }
}
