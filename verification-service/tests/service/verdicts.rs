//! What the bench says of its aims (`benches/service/table.rs`).

use crate::table::{Table, Verdict, verdict};

#[test]
fn an_aim_is_reached_nearly_reached_or_missed() {
    assert_eq!(verdict(0.0), Verdict::Ok);
    assert!(matches!(verdict(-0.09), Verdict::Near(_)));
    assert!(matches!(verdict(-0.11), Verdict::Missed(_)));
    assert!(matches!(verdict(f64::NAN), Verdict::Missed(_)));
}

#[test]
fn a_run_fails_only_by_what_is_beyond_the_tolerance() {
    let mut table = Table::default();
    table.tell("a fact", 1.0, "/s");
    table.at_least("a ratio", 0.5, 0.5);
    table.at_least("a ratio that is near", 0.46, 0.5);
    table.at_most("a time", 25.0, 25.0, "ms");
    table.at_most("a time that is near", 109.0, 100.0, "ms");
    assert!(table.end());
    table.at_most("a size", 71.0, 64.0, "MiB");
    assert!(!table.end());
    let mut table = Table::default();
    table.at_least("a ratio", 0.4, 0.5);
    assert!(!table.end());
}
