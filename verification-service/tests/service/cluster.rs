//! A PostgreSQL cluster of our own: Debian's server, a temporary folder, a unix socket, run as the user `postgres`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Makes the cluster, says `ready`, and takes it away again when its standard input ends, as it does with this process,
/// however that ends.
const SCRIPT: &str = r#"
set -eu
folder=$(mktemp -d "$3/verification-service-pg-XXXXXX")
server=; programs=$1; fsync=$2
stop() { [ -z "$server" ] || { kill -QUIT "$(head -1 "$folder/data/postmaster.pid")" || true; wait "$server" || true; }; rm -rf "$folder"; }
trap stop EXIT
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
[ "$(id -u)" != 0 ] || chown postgres "$folder"
cd /
as "$1/initdb" -D "$folder/data" -A trust -U service -E UTF8 --no-locale -N >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
if [ "$(id -u)" = 0 ]; then set -- runuser -u postgres -- "$1/postgres"; else set -- "$1/postgres"; fi
"$@" -D "$folder/data" -k "$folder" -c listen_addresses= -c "fsync=$fsync" -c max_connections=300 >>"$folder/log" 2>&1 &
server=$!
tries=0
until "$programs/pg_isready" -q -h "$folder"; do
  tries=$((tries + 1)); kill -0 "$server" && [ $tries -lt 3000 ] || { cat "$folder/log" >&2; exit 1; }
  sleep 0.01
done
echo "ready $folder"
read _ || true
"#;

pub struct Cluster {
    folder: PathBuf,
    /// Held open as long as the cluster is wanted.
    _life: Mutex<ChildStdin>,
    databases: AtomicU32,
}

/// The cluster of this test process.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    let _one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    CLUSTER.get_or_init(Cluster::start)
}

impl Cluster {
    /// Another one, for a test that stops it. Nothing is flushed: tests end programs, never the machine.
    pub fn start() -> Self {
        Self::flushing("off", Path::new("/tmp"))
    }

    /// Another one, with its data below a folder that everybody may enter.
    #[allow(dead_code, reason = "for a test that fills its disk")]
    pub fn below(folder: &Path) -> Self {
        Self::flushing("off", folder)
    }

    /// One that flushes as one in service does, to be measured.
    #[allow(dead_code, reason = "for benches")]
    pub fn durable() -> Self {
        Self::flushing("on", Path::new("/tmp"))
    }

    fn flushing(fsync: &str, parent: &Path) -> Self {
        let programs = programs();
        #[expect(clippy::zombie_processes, reason = "it ends with this process, whose end it waits for")]
        let mut child = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(&programs)
            .arg(fsync)
            .arg(parent)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let life = child.stdin.take().unwrap();
        let mut line = String::new();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        loop {
            line.clear();
            assert_ne!(told.read_line(&mut line).unwrap(), 0, "PostgreSQL did not start: see above");
            if let Some(folder) = line.trim().strip_prefix("ready ") {
                let folder = PathBuf::from(folder);
                return Cluster { folder, _life: Mutex::new(life), databases: AtomicU32::new(0) };
            }
        }
    }
    /// Ends the server at once, as a crash of its machine would.
    #[allow(dead_code, reason = "for a test that stops it")]
    pub fn stop(&self) {
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        assert!(Command::new("kill").args(["-QUIT", &pid]).status().unwrap().success());
        while Command::new("kill").args(["-0", &pid]).stderr(Stdio::null()).status().unwrap().success() {
            std::thread::yield_now();
        }
    }

    /// Starts the server again, on its old data.
    #[allow(dead_code, reason = "for a test that stops it")]
    pub fn resume(&self) {
        let (data, log) = (self.folder.join("data"), self.folder.join("data/log"));
        let options = format!("-k {} -c listen_addresses= -c fsync=off -c max_connections=300", self.folder.display());
        let script = "cd /; if [ \"$(id -u)\" = 0 ]; then set -- runuser -u postgres -- \"$@\"; fi; \"$@\" >&2";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(programs().join("pg_ctl")).args(["start", "-w", "-D"]).arg(data);
        assert!(command.arg("-l").arg(log).arg("-o").arg(options).stdin(Stdio::null()).status().unwrap().success());
    }

    /// A new, empty database; its URL.
    pub fn database(&self) -> String {
        let name = format!("site_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(programs().join("createdb"));
        let made =
            command.args(["-T", "template0", "-U", "service", "-h"]).arg(&self.folder).arg(&name).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://service@{}/{database}", encoded(&self.folder))
    }
}

/// A socket's folder as the host of a URL.
fn encoded(folder: &Path) -> String {
    folder.display().to_string().replace('/', "%2F")
}

/// Where Debian keeps the server's programs.
fn programs() -> PathBuf {
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|v| v.path().join("bin"));
    let newest = versions.filter(|bin| bin.join("initdb").exists()).max();
    newest.expect("PostgreSQL is missing: `make test` installs it (Debian's package `postgresql`)")
}
