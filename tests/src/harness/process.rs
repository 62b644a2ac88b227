//! A started program: what it prints is kept, and it ends with its owner.

use super::{OrTrouble, Outcome, Trouble, wait};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a program that ran to its end said.
pub struct Said {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// # Errors
    /// The program's own words, if it did not end with status 0.
    pub fn success(self) -> Outcome<Self> {
        if self.status == Some(0) {
            return Ok(self);
        }
        let words = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        Err(Trouble(format!("ended with status {:?}: {}", self.status, words.trim())))
    }

    /// What it printed with `--json`.
    ///
    /// # Errors
    /// It did not print one JSON value.
    pub fn json(&self) -> Outcome<serde_json::Value> {
        serde_json::from_str(self.stdout.trim()).or_trouble(|| format!("not JSON: {}", self.stdout.trim()))
    }
}

/// Runs a program to its end with `input` on its standard input.
///
/// # Errors
/// It cannot be started, or does not end within a minute (it is then killed).
pub fn run(command: &mut Command, input: &str) -> Outcome<Said> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .or_trouble(|| format!("{name} could not be started"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that refuses its arguments ends without reading: that is its right.
        let _ = stdin.write_all(input.as_bytes());
    }
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let ended = wait::until(&format!("the end of {name}"), Duration::from_secs(60), || child.try_wait().transpose());
    if ended.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let status = ended?.or_trouble(|| format!("{name} could not be waited for"))?;
    Ok(Said {
        status: status.code(),
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
    })
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A program that runs until it is told to end.
pub struct Running {
    name: String,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Running {
    /// Starts it; standard output and error are kept line by line.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(command: &mut Command) -> Outcome<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .or_trouble(|| format!("{name} could not be started"))?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        keep_lines(child.stdout.take(), &lines);
        keep_lines(child.stderr.take(), &lines);
        Ok(Self { name, child, lines })
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has printed so far.
    #[must_use]
    pub fn printed(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a printed line that `find` understands.
    ///
    /// # Errors
    /// It ended, or printed no such line in time; its last words are in the sentence.
    pub fn line<T>(&mut self, what: &str, deadline: Duration, find: impl Fn(&str) -> Option<T>) -> Outcome<T> {
        let found = wait::until(what, deadline, || {
            match self.printed().iter().find_map(|line| find(line)) {
                Some(found) => Some(Some(found)),
                // Its end is an answer too, but only after its last words were looked at.
                None if self.ended().is_some() => Some(self.printed().iter().find_map(|line| find(line))),
                None => None,
            }
        });
        match found {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(self.last_words(&format!("{} ended before {what}", self.name))),
            Err(trouble) => Err(self.last_words(&trouble.0)),
        }
    }

    /// Its status, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// SIGKILL: it gets no chance to tidy up.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and waits for its end.
    ///
    /// # Errors
    /// It does not end within ten seconds.
    pub fn stop(&mut self) -> Outcome<ExitStatus> {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let name = self.name.clone();
        wait::until(&format!("the end of {name}"), Duration::from_secs(10), || self.ended())
    }

    /// The sentence, with the last lines that the program printed.
    #[must_use]
    pub fn last_words(&self, sentence: &str) -> Trouble {
        let printed = self.printed();
        let last = &printed[printed.len().saturating_sub(12)..];
        Trouble(format!("{sentence}. Its last words:\n{}", last.join("\n")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn keep_lines(pipe: Option<impl Read + Send + 'static>, lines: &Arc<Mutex<Vec<String>>>) {
    let (Some(pipe), lines) = (pipe, Arc::clone(lines)) else { return };
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
}
