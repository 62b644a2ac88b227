//! The conversation against a fake clock, in both dialects.

use super::codec::tests::{DUMPS, packet};
use super::{Maker, Options, SynM, menu};
use crate::reader::{Fault, PresentationNo};
use crate::serial::scanner::{Scanner, Timing};
use crate::serial::testing::{Bench, Wakes, dump, pieces, through};
use crate::serial::{NotReady, SerialCommand, Verdict};
use proptest::prelude::*;
use proptest::sample::Index;
use std::time::Duration;

const ZONE: &[u8] = b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\rL898902C36UTO7408122F1204159ZE184226B<<<<<10";
const FIRST: &[u8] = b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
const SECOND: &[u8] = b"L898902C36UTO7408122F1204159ZE184226B<<<<<10";
const CAME: &[u8] = b"\x16\x0dTRIG:1\x16\x0a";
const WENT: &[u8] = b"\x16\x0dTRIG:0\x16\x0a";
const ON: &[u8] = b"\x16T\r";
const LOOK: &[u8] = b"\x16t\r";
const N: PresentationNo = PresentationNo(7);

fn up(options: Options) -> Bench<Scanner<SynM>> {
    Bench::up(|now| Scanner::new(SynM::new(options), Timing::DEFAULT, now))
}

/// Answers every menu command as the device does, until it is ready.
fn answer_all(bench: &mut Bench<Scanner<SynM>>, refuse: &[&str]) {
    for _ in 0..24 {
        let sent = bench.sent();
        let Some(body) = sent.strip_prefix(b"\x16M\r") else { return };
        let (storage, body) = body.split_last().expect("a storage character");
        let status = if refuse.iter().any(|key| body.starts_with(key.as_bytes())) { 0x05 } else { 0x06 };
        let text: &[u8] = match body {
            b"REVINF" => b"REVINF: Rev 3.1",
            b"P_INFO" => b"P_INFO: N4313-77",
            b"AISFWV?" => b"AISFWVSB 01.00.00",
            other => other,
        };
        bench.hear(&[text, &[status, *storage]].concat());
    }
}

fn ready(maker: Maker) -> Bench<Scanner<SynM>> {
    let mut bench = up(Options::new(maker));
    bench.wait(Duration::from_millis(100));
    assert_eq!(bench.sent(), b"!", "a half-typed command is ended");
    bench.hear(b"\x06stale.");
    bench.wait(Duration::from_millis(200));
    answer_all(&mut bench, &[]);
    let expected = if maker == Maker::Honeywell { "ready Rev 3.1 " } else { "ready SB 01.00.00 " };
    assert_eq!(bench.said(), [expected]);
    bench
}

fn armed(maker: Maker) -> Bench<Scanner<SynM>> {
    let mut bench = ready(maker);
    bench.tell(SerialCommand::Arm(N)).unwrap();
    if maker == Maker::Honeywell {
        assert_eq!(bench.sent(), dump(DUMPS, "host trigger mode"), "re-asserted");
        bench.hear(b"TRGMOD0\x06!");
        assert_eq!(bench.sent(), menu("DECHDR1", '!'));
        bench.hear(b"DECHDR1\x06!");
        assert_eq!(bench.sent(), dump(DUMPS, "host trigger on"));
    } else {
        bench.hear(b"AISOMD2\x06!");
        bench.sent();
    }
    assert_eq!(bench.said(), ["armed 7"]);
    bench
}

#[test]
fn commands_are_as_published() {
    assert_eq!(menu("cbrena?", '.'), dump(DUMPS, "host query"));
    assert_eq!(menu("AISXXR0", '!'), dump(DUMPS, "host verdict good"));
}

#[test]
fn a_zone_in_a_packet_is_read_once_and_then_it_rests() {
    let mut bench = armed(Maker::Honeywell);
    bench.hear(&packet(b'O', ZONE));
    assert_eq!(bench.said(), ["present 7", "zone 7 of 89 bytes"]);
    bench.hear(&packet(b'O', ZONE));
    assert!(bench.said().is_empty(), "the same again, before the verdict");
    bench.tell(SerialCommand::Verdict(Verdict::Good)).unwrap();
    assert_eq!(bench.sent(), dump(DUMPS, "host trigger off"));
    bench.wait(Duration::from_millis(1000));
    assert_eq!(bench.said(), ["removed 7"]);
    bench.hear(&packet(b'O', ZONE));
    assert!(bench.said().is_empty(), "not armed any more");
}

#[test]
fn rows_that_come_one_by_one_are_one_read() {
    let mut bench = armed(Maker::Honeywell);
    bench.hear(&packet(b'O', FIRST));
    assert!(bench.said().is_empty());
    bench.wait(Duration::from_millis(100));
    bench.hear(&packet(b'O', SECOND));
    assert_eq!(bench.said(), ["present 7", "zone 7 of 90 bytes"]);
}

#[test]
fn half_a_zone_is_told_as_it_is() {
    let mut bench = armed(Maker::Honeywell);
    bench.hear(&packet(b'O', FIRST));
    bench.wait(Duration::from_millis(300));
    assert_eq!(bench.said(), ["present 7", "zone 7 of 45 bytes"]);
}

#[test]
fn after_a_failed_try_it_looks_again_and_the_same_is_no_second_try() {
    let mut bench = armed(Maker::Honeywell);
    bench.hear(&packet(b'r', b"rubbish"));
    assert_eq!(bench.said(), ["present 7", "PDF417 7 of 7 bytes"]);
    bench.tell(SerialCommand::Verdict(Verdict::Bad)).unwrap();
    bench.wait(Duration::from_millis(300));
    assert_eq!(bench.sent(), ON);
    bench.hear(&packet(b'r', b"rubbish"));
    assert_eq!(bench.said(), ["PDF417 7 of 7 bytes again"]);
    bench.tell(SerialCommand::Verdict(Verdict::Ignore)).unwrap();
    bench.hear(&packet(b'O', ZONE));
    assert_eq!(bench.said(), ["present 7", "zone 7 of 89 bytes"], "another document is a new try");
    bench.tell(SerialCommand::Verdict(Verdict::Bad)).unwrap();
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.said(), ["removed 7"]);
}

#[test]
fn a_code_with_more_than_four_kibibytes_is_a_failed_try_and_never_handed_on() {
    let mut bench = armed(Maker::Honeywell);
    bench.hear(&packet(b's', &[b'7'; 4096]));
    assert_eq!(bench.said(), ["present 7", "QR 7 of 4096 bytes"]);
    let mut bench = armed(Maker::Honeywell);
    bench.hear(&packet(b's', &[b'7'; 4097]));
    assert_eq!(bench.said(), ["present 7", "not read 7"]);
    bench.wait(Duration::from_millis(300));
    assert_eq!(bench.sent(), ON, "it goes on looking");
    bench.hear(&packet(b's', &[b'7'; 4097]));
    assert!(bench.said().is_empty(), "the same try");
    bench.hear(&packet(b'O', ZONE));
    assert_eq!(bench.said(), ["present 7", "zone 7 of 89 bytes"]);

    let mut bench = armed(Maker::AccessIs);
    bench.hear(CAME);
    bench.hear(&[b'7'; 4097]);
    bench.wait(Duration::from_millis(50));
    assert_eq!(bench.said(), ["present 7", "not read 7"]);
    bench.hear(&[b'7'; 4096]);
    bench.wait(Duration::from_millis(50));
    assert_eq!(bench.said(), ["barcode 7 of 4096 bytes again"]);
}

#[test]
fn the_trigger_is_renewed_and_silence_is_asked_after() {
    let mut bench = armed(Maker::Honeywell);
    bench.wait(Duration::from_secs(10));
    assert_eq!(bench.sent(), [b"\x16U\r".as_slice(), &menu("REVINF", '.')].concat());
    bench.hear(b"REVINF: Rev 3.1\x06.");
    assert_eq!(bench.sent(), ON);
    bench.wait(Duration::from_secs(10));
    bench.sent();
    bench.wait(Duration::from_secs(2));
    assert_eq!(bench.out.drop_link, Some(Fault::NotResponding));
}

#[test]
fn a_hang_is_named_within_two_seconds_of_a_command() {
    let mut bench = ready(Maker::Honeywell);
    bench.tell(SerialCommand::Arm(N)).unwrap();
    bench.wait(Duration::from_millis(1900));
    assert_eq!(bench.out.drop_link, Some(Fault::NotResponding));
}

#[test]
fn a_hang_of_a_reader_with_a_sensor_is_named_two_tries_after_the_command_and_never_later_than_two_seconds() {
    let mut bench = ready(Maker::AccessIs);
    bench.tell(SerialCommand::Arm(N)).unwrap();
    assert_eq!(bench.sent(), menu("AISOMD2", '!'));
    bench.wait(Duration::from_millis(949));
    assert!(bench.sent().is_empty());
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.sent(), menu("AISOMD2", '!'), "once more");
    bench.wait(Duration::from_millis(949));
    assert_eq!(bench.out.drop_link, None);
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.out.drop_link, Some(Fault::NotResponding), "1.9 s after the command");

    // Silent while a document lies there: it is asked after ten seconds, and named before fifteen.
    let mut bench = armed(Maker::AccessIs);
    bench.hear(CAME);
    bench.wait(Duration::from_millis(11_899));
    assert_eq!(bench.out.drop_link, None);
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.out.drop_link, Some(Fault::NotResponding));
}

#[test]
fn a_refused_setting_is_a_named_fault_and_an_unknown_one_that_may_be_is_not() {
    let mut bench = up(Options::new(Maker::Honeywell));
    bench.wait(Duration::from_millis(300));
    bench.sent.drain(..1);
    answer_all(&mut bench, &["DECHDR", "DLYRRD"]);
    assert_eq!(bench.said(), ["config rejected true (DECHDR)", "ready Rev 3.1 "]);
}

#[test]
fn a_unit_without_ocr_is_named_unless_nobody_wants_zones_of_it() {
    for (ocr, refuse, expected) in [
        (true, "OCRENA", &["config rejected true (OCRENA)", "ready Rev 3.1 "][..]),
        (true, "OCRATS", &["config rejected true (OCRATS)", "ready Rev 3.1 "]),
        (false, "OCR", &["ready Rev 3.1 "]),
        (true, "AZTENA", &["ready Rev 3.1 "]),
        (false, "PDFENA", &["config rejected true (PDFENA)", "ready Rev 3.1 "]),
    ] {
        let mut bench = up(Options { ocr, ..Options::new(Maker::Honeywell) });
        bench.wait(Duration::from_millis(300));
        bench.sent.drain(..1);
        answer_all(&mut bench, &[refuse]);
        assert_eq!(bench.said(), expected, "{refuse}");
    }
}

#[test]
fn every_symbology_of_documents_is_enabled_at_each_connection_and_nothing_is_stored() {
    let mut bench = up(Options::new(Maker::Honeywell));
    for _ in 0..2 {
        bench.wait(Duration::from_millis(300));
        let mut asked = Vec::new();
        bench.sent.drain(..1);
        while let Some(body) = bench.sent().strip_prefix(b"\x16M\r") {
            asked.push(String::from_utf8(body.to_vec()).unwrap());
            let (storage, body) = body.split_last().unwrap();
            bench.hear(&[body, &[0x06, *storage]].concat());
        }
        for body in ["PDFENA1!", "QRCENA1!", "IDMENA1!", "AZTENA1!", "128ENA1!", "C39ENA1!", "OCRENA1!", "OCRATS2!"] {
            assert_eq!(asked.iter().filter(|asked| *asked == body).count(), 1, "{body}: {asked:?}");
        }
        assert!(asked.iter().all(|body| body.ends_with('!') || body == "REVINF." || body == "P_INFO."));
        bench.said();
        bench.reconnect();
    }
}

#[test]
fn replies_and_packets_may_interleave_and_a_stale_reply_means_nothing() {
    let mut bench = ready(Maker::Honeywell);
    bench.tell(SerialCommand::Arm(N)).unwrap();
    bench.hear(b"REVINF: late\x06.");
    bench.hear(&packet(b'O', ZONE));
    bench.hear(b"TRGMOD0\x06!");
    bench.hear(b"DECHDR1\x06!");
    assert_eq!(bench.said(), ["armed 7"], "what came before it was armed is dropped");
}

#[test]
fn the_sensor_tells_of_a_document_and_the_verdict_lights_follow() {
    let mut bench = armed(Maker::AccessIs);
    bench.hear(CAME);
    assert_eq!(bench.said(), ["present 7"]);
    assert_eq!(bench.sent(), LOOK);
    bench.hear(&ZONE[..50]);
    bench.wait(Duration::from_millis(10));
    bench.hear(&ZONE[50..]);
    assert!(bench.said().is_empty());
    bench.wait(Duration::from_millis(50));
    assert_eq!(bench.said(), ["zone 7 of 89 bytes"]);
    bench.tell(SerialCommand::Verdict(Verdict::Good)).unwrap();
    assert_eq!(bench.sent(), [dump(DUMPS, "host verdict good"), b"\x16u\r".to_vec()].concat());
    bench.hear(b"AISXXR0\x06!");
    bench.wait(Duration::from_secs(3));
    assert!(bench.said().is_empty(), "it still lies there");
    bench.hear(WENT);
    assert_eq!(bench.said(), ["removed 7"]);
}

#[test]
fn what_is_sensed_and_not_read_is_one_failed_try() {
    let mut bench = armed(Maker::AccessIs);
    bench.hear(CAME);
    bench.sent();
    bench.wait(Duration::from_millis(7900));
    assert_eq!(bench.said(), ["present 7"], "a try takes eight seconds");
    assert_eq!(bench.sent(), LOOK.repeat(3), "the device looks for two seconds at a time");
    bench.wait(Duration::from_millis(100));
    assert_eq!(bench.said(), ["not read 7"]);
    bench.wait(Duration::from_millis(1900));
    assert_eq!(bench.sent(), LOOK, "it goes on");
    assert!(bench.said().is_empty());
    bench.hear(ZONE);
    bench.wait(Duration::from_millis(50));
    assert_eq!(bench.said(), ["zone 7 of 89 bytes again"]);
    bench.tell(SerialCommand::Verdict(Verdict::Ignore)).unwrap();
    bench.hear(WENT);
    assert_eq!(bench.said(), ["removed 7"]);
}

#[test]
fn a_document_sensed_while_idle_is_told_and_read_once_armed() {
    let mut bench = ready(Maker::AccessIs);
    bench.hear(CAME);
    assert_eq!(bench.said(), ["sensed"]);
    bench.hear(CAME);
    assert!(bench.said().is_empty(), "a message sent twice");
    bench.tell(SerialCommand::Arm(N)).unwrap();
    bench.sent();
    bench.hear(b"AISOMD2\x06!");
    assert_eq!(bench.said(), ["armed 7", "present 7"]);
    assert_eq!(bench.sent(), LOOK);
}

#[test]
fn a_sensor_covered_for_a_minute_is_named_until_it_is_free() {
    let mut bench = ready(Maker::AccessIs);
    bench.hear(CAME);
    bench.said();
    for _ in 0..6 {
        bench.wait(Duration::from_millis(10_100));
        bench.hear(b"AISFWVSB 01.00.00\x06.");
    }
    assert_eq!(bench.said(), ["sensor covered true"]);
    bench.hear(WENT);
    assert_eq!(bench.said(), ["sensor covered false"]);
}

#[test]
fn the_self_test_is_timed_and_nothing_is_asked_of_what_is_not_ready() {
    let mut bench = ready(Maker::Honeywell);
    bench.tell(SerialCommand::SelfTest).unwrap();
    bench.wait(Duration::from_millis(12));
    bench.hear(b"REVINF: Rev 3.1\x06.");
    assert_eq!(bench.said(), ["self-test 12 ms"]);
    assert_eq!(up(Options::new(Maker::Honeywell)).tell(SerialCommand::SelfTest), Err(NotReady));
}

#[test]
fn another_product_on_the_same_port_is_told() {
    let mut bench = ready(Maker::Honeywell);
    bench.reconnect();
    bench.wait(Duration::from_millis(300));
    bench.sent.drain(..1);
    bench.hear(b"REVINF: Rev 3.1\x06.");
    bench.sent();
    bench.hear(b"P_INFO: another\x06.");
    answer_all(&mut bench, &[]);
    assert_eq!(bench.said(), ["ready Rev 3.1  (another unit)"]);
}

#[test]
fn a_message_that_drips_for_ever_is_given_up() {
    let mut bench = armed(Maker::AccessIs);
    for _ in 0..300 {
        bench.hear(b"A");
        bench.wait(Duration::from_millis(40));
    }
    assert!(bench.said().is_empty());
    assert!(bench.machine.deadline_within(bench.now, Duration::from_secs(15)));
}

/// Packets of zones, their rows and codes, replies that nobody awaits, and what belongs to nothing.
fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(packet(b'O', ZONE)),
        Just(packet(b'O', FIRST)),
        Just(packet(b'O', SECOND)),
        (prop::sample::select(b"rszwjb".to_vec()), prop::collection::vec(any::<u8>(), 1..300))
            .prop_map(|(id, data)| packet(id, &data)),
        "[A-Z]{6}[0-9]{0,4}".prop_map(|body| [body.as_bytes(), b"\x06."].concat()),
        Just(b"\x16\x16".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_split_of_packets_and_replies_tells_the_same_through_the_whole_machine(
        messages in prop::collection::vec(message(), 0..6),
        cuts in prop::collection::vec(any::<Index>(), 0..14),
    ) {
        let stream = messages.concat();
        let whole = through(armed(Maker::Honeywell), &[&stream]);
        prop_assert_eq!(through(armed(Maker::Honeywell), &pieces(&stream, &cuts)), whole);
    }

    #[test]
    fn any_split_of_the_sensor_s_messages_replies_and_plain_data_tells_the_same(
        replies in prop::collection::vec("AIS[A-Z]{3}[0-9]{0,4}", 0..3),
        zone in any::<bool>(),
        text in "[A-Za-z0-9:]{1,200}",
        went in any::<bool>(),
        cuts in prop::collection::vec(any::<Index>(), 0..14),
    ) {
        let mut stream: Vec<u8> = replies.iter().flat_map(|body| [body.as_bytes(), b"\x06!"].concat()).collect();
        stream.extend_from_slice(CAME);
        stream.extend_from_slice(if zone { ZONE } else { text.as_bytes() });
        if went {
            stream.extend_from_slice(WENT);
        }
        let whole = through(armed(Maker::AccessIs), &[&stream]);
        prop_assert_eq!(whole.1.len(), 1);
        prop_assert_eq!(through(armed(Maker::AccessIs), &pieces(&stream, &cuts)), whole);
    }
}

crate::serial::testing::hostile!(
    Scanner::new(SynM::new(Options::new(Maker::Honeywell)), Timing::DEFAULT, crate::clock::now()),
    honeywell
);
crate::serial::testing::hostile!(
    Scanner::new(SynM::new(Options::new(Maker::AccessIs)), Timing::DEFAULT, crate::clock::now()),
    access_is
);
