//! `cargo bench -p card-reader --bench ocr`: milliseconds of each stage of reading a zone, and of whole pictures.

mod pictures;

use card_reader::ocr::{bench, read};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

#[divan::bench]
fn stage_1_frame(bencher: Bencher<'_, '_>) {
    let picture = pictures::zone();
    bencher.bench_local(|| bench::frame(black_box(&picture)));
}

#[divan::bench]
fn stage_2_locate(bencher: Bencher<'_, '_>) {
    let picture = pictures::zone();
    let prepared = bench::Prepared::new(&picture);
    bencher.bench_local(|| black_box(&prepared).locate());
}

#[divan::bench]
fn stage_3_rectify_and_segment(bencher: Bencher<'_, '_>) {
    let picture = pictures::zone();
    let prepared = bench::Prepared::new(&picture);
    let located = prepared.locate();
    bencher.bench_local(|| prepared.segment(black_box(&located)));
}

#[divan::bench]
fn stage_4_recognise_88_cells(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(bench::patches).bench_local_refs(|patches| bench::recognise(patches));
}

#[divan::bench]
fn stage_5_decode(bencher: Bencher<'_, '_>) {
    let cells =
        bench::cells(&["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]);
    bencher.bench_local(|| bench::decoded(black_box(&cells)));
}

#[divan::bench]
fn whole_passport(bencher: Bencher<'_, '_>) {
    let picture = pictures::zone();
    assert!(read(&picture).is_ok(), "the bench's passport is read");
    bencher.bench_local(|| read(black_box(&picture)).is_ok());
}

#[divan::bench(sample_count = 20)]
fn whole_passport_12_megapixels(bencher: Bencher<'_, '_>) {
    let picture = pictures::large();
    bencher.bench_local(|| read(black_box(&picture)).is_ok());
}

#[divan::bench]
fn whole_empty_desk(bencher: Bencher<'_, '_>) {
    let picture = pictures::desk();
    bencher.bench_local(|| read(black_box(&picture)).is_ok());
}

#[divan::bench(sample_count = 20)]
fn whole_page_of_text(bencher: Bencher<'_, '_>) {
    let picture = pictures::text();
    bencher.bench_local(|| read(black_box(&picture)).is_ok());
}
