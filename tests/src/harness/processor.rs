//! Processor time of processes and threads, as the kernel counts it (proc(5)).

use super::{OrTrouble, Outcome};
use std::path::Path;
use std::time::Duration;

/// What the process or thread of a `stat` file has used, in user and in kernel mode.
///
/// # Errors
/// It has ended.
pub fn of_stat(stat: &Path) -> Outcome<Duration> {
    let text = std::fs::read_to_string(stat).or_trouble(|| format!("{}: it has ended", stat.display()))?;
    // Fields 14 and 15, counted after the name in brackets.
    let ticks: u64 = text
        .rsplit_once(") ")
        .map(|(_, rest)| rest.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum())
        .or_trouble(|| "no processor time")?;
    Ok(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
}

/// What those threads of this process have used together that have one of `names`.
///
/// # Errors
/// There is none.
pub fn of_threads(names: &[&str]) -> Outcome<Duration> {
    let threads = std::fs::read_dir("/proc/self/task").or_trouble(|| "threads")?;
    let named = threads.filter_map(|thread| {
        let folder = thread.ok()?.path();
        let name = std::fs::read_to_string(folder.join("comm")).ok()?;
        names.contains(&name.trim_end()).then_some(folder)
    });
    // One that ends meanwhile counts for nothing.
    let used: Vec<Duration> = named.filter_map(|folder| of_stat(&folder.join("stat")).ok()).collect();
    if used.is_empty() {
        Err(super::Trouble(format!("no thread is called {names:?}")))
    } else {
        Ok(used.into_iter().sum())
    }
}
