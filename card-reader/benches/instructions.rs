//! `cargo bench -p card-reader --bench instructions [-- --record]`: instructions of reading, counted by valgrind's
//! callgrind, against `instructions.tsv`: the same on a busy machine as on an idle one. Ends with status 1 where a
//! picture costs more than 5 % more than recorded; `--record` writes the table anew (after a change that is worth its
//! price, or of the compiler).

mod pictures;

use card_reader::ocr::{LumaImage, bench, read};
use std::fmt::Write as _;
use std::hint::black_box;
use std::process::{Command, ExitCode};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.tsv");
const TOLERATED: f64 = 0.05;

/// What is counted. The pictures are made before counting starts.
const CASES: [(&str, fn()); 6] = [
    ("frame", || {
        let picture = pictures::zone();
        counted_stage(|| bench::frame(&picture));
    }),
    ("locate", || {
        let picture = pictures::zone();
        let prepared = bench::Prepared::new(&picture);
        counted_stage(|| usize::from(prepared.segment(&prepared.locate()) > 0));
    }),
    ("recognise_88_cells", || {
        let mut patches = bench::patches();
        std::hint::black_box(bench::recognise(&mut bench::patches()));
        counted_stage(|| bench::recognise(&mut patches));
    }),
    ("passport", || whole(&pictures::zone())),
    ("passport_12_megapixels", || whole(&pictures::large())),
    ("empty_desk", || whole(&pictures::desk())),
];

fn whole(picture: &LumaImage) {
    // The network is unpacked once in a program's life.
    std::hint::black_box(bench::recognise(&mut bench::patches()));
    counted_stage(|| usize::from(read(picture).is_ok()));
}

/// Callgrind counts inside of this function only: it is named on the command line.
#[inline(never)]
fn counted_stage(mut work: impl FnMut() -> usize) {
    black_box(work());
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((_, case)) = CASES.iter().find(|(name, _)| arguments.iter().any(|a| a == name)) {
        case();
        return ExitCode::SUCCESS;
    }
    match run(arguments.iter().any(|a| a == "--record")) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run(record: bool) -> Result<bool, String> {
    let recorded = std::fs::read_to_string(TABLE).unwrap_or_default();
    let before = |name: &str| -> Option<u64> {
        let line = recorded.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t'))?;
        line.trim().parse().ok()
    };
    let mut table = String::from("# Instructions by callgrind, release build. `make bench-record` writes this file.\n");
    let mut kept = true;
    for (name, _) in CASES {
        let now = count(name)?;
        let _ = writeln!(table, "{name}\t{now}");
        let Some(was) = before(name) else {
            println!("{name:<24} {now:>14}  not recorded");
            kept &= record;
            continue;
        };
        let grown = now as f64 / was.max(1) as f64 - 1.0;
        let verdict = if grown > TOLERATED { "MORE THAN 5 % WORSE" } else { "" };
        println!("{name:<24} {now:>14}  {:>+6.1} % against {was}  {verdict}", grown * 100.0);
        kept &= record || grown <= TOLERATED;
    }
    if record {
        std::fs::write(TABLE, table).map_err(|e| format!("{TABLE} cannot be written: {e}"))?;
    } else if !kept {
        println!("Make it cheaper again; or, if it is worth its price, record it: make bench-record");
    }
    Ok(kept)
}

fn count(name: &str) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|e| format!("this program does not find itself: {e}"))?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted_stage*"])
        .arg(program)
        .arg(name)
        .output()
        .map_err(|e| format!("valgrind cannot be started ({e}); install it with: apt-get install valgrind"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let counted = text.lines().find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok());
    match counted {
        Some(instructions) if instructions > 0 && output.status.success() => Ok(instructions),
        _ => Err(format!("valgrind counted nothing for {name}; it said:\n{text}")),
    }
}
