//! Any bytes from any serial reader, at any pace: no panic, no read under another presentation than the armed one, nothing
//! that grows beyond a frame. The first byte chooses the reader; then a length and so many bytes, or a pause, in turn.
#![no_main]

use card_reader::reader::PresentationNo;
use card_reader::serial::{MAX_FRAME, Out, Protocol, SerialCommand, SerialEvent, Verdict};
use card_reader::serial::{crt571, elyctis, newland, scanner, ssi, swipe, synm};
use libfuzzer_sys::fuzz_target;
use std::time::{Duration, Instant};

fn machine(which: u8, now: Instant) -> Box<dyn Protocol> {
    let timing = scanner::Timing::DEFAULT;
    match which % 8 {
        0 => Box::new(elyctis::Machine::new(elyctis::Timing::CDC, Vec::new(), now)),
        1 => Box::new(elyctis::Machine::new(elyctis::Timing::CDC, vec![0x50, 0x01, 0x00, 0x01], now)),
        2 => Box::new(scanner::Scanner::new(synm::SynM::new(synm::Options::new(synm::Maker::Honeywell)), timing, now)),
        3 => Box::new(scanner::Scanner::new(synm::SynM::new(synm::Options::new(synm::Maker::AccessIs)), timing, now)),
        4 => Box::new(scanner::Scanner::new(newland::Newland::new(newland::Options::default()), timing, now)),
        5 => Box::new(scanner::Scanner::new(ssi::Ssi::new(ssi::Options::default()), timing, now)),
        6 => Box::new(scanner::Scanner::new(
            swipe::Swipe::new(if which & 8 == 0 { swipe::Block::desko() } else { swipe::Block::rte() }),
            timing,
            now,
        )),
        _ => Box::new(crt571::Machine::new(crt571::Timing::DEFAULT, now)),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((which, mut rest)) = bytes.split_first() else { return };
    let mut now = Instant::now();
    let mut machine = machine(*which, now);
    let (mut out, mut armed) = (Out::default(), 0u64);
    machine.link_up(now, &mut out);
    while let Some((how, more)) = rest.split_first() {
        rest = more;
        match how % 5 {
            0 => {
                armed += 1;
                let _ = machine.command(now, SerialCommand::Arm(PresentationNo(armed)), &mut out);
            }
            1 => {
                let verdict = [Verdict::Good, Verdict::Bad, Verdict::Ignore][usize::from(how >> 4) % 3];
                let _ = machine.command(now, SerialCommand::Verdict(verdict), &mut out);
            }
            2 => {
                now += Duration::from_millis(u64::from(how >> 3) * 40);
                // Several may be due at the same moment, but not one for ever.
                let mut turns = 0;
                while out.drop_link.is_none() && machine.deadline().is_some_and(|at| at <= now) {
                    machine.timeout(now, &mut out);
                    turns += 1;
                    assert!(turns < 16, "a time-out that is due again and again");
                }
            }
            _ => {
                let (said, more) = rest.split_at(usize::from(how >> 2).min(rest.len()));
                rest = more;
                machine.bytes(now, said, &mut out);
            }
        }
        for event in out.events.drain(..) {
            if let SerialEvent::Read { presentation, raw, .. } = event {
                assert!(presentation == PresentationNo(armed) && raw.len() <= MAX_FRAME);
            }
        }
        out.tx.clear();
        if out.drop_link.take().is_some() {
            machine.link_down(now);
            machine.link_up(now, &mut out);
        }
    }
});
