//! The visit's rules, one test a rule; what the record service and people do is made up.

use super::answers::{CallFailure, CodeAnswer, DocumentStatus, Record, RecordAnswer};
use super::state::{CompletedBy, IdentifierKind, Language, ReferralReason, State, StateKind, TextSize};
use crate::effect::{Closing, Effect, JournalEvent, MustAct};
use crate::event::{Event, HandoverAnswer, Intent, StaffAnswer};
use crate::kiosk::{Mode, Why};
use crate::officer::{self, OverrideReason};
use crate::test_bench::{Bench, CARD, CARD_WRONG_DIGIT, found, referral, zone};
use card_reader::fusion::{Comparison, Fusion};
use card_reader::mrz;
use card_reader::ocr::Advice;
use card_reader::reader::{
    Accept, CardMove, Decoder, DecoderFailure, DeviceId, Event as Heard, Fault, PresentationNo, Reading, Source,
};
use verification_api::personal::PersonalText;
use verification_api::wire::ReferralOutcome;
use verification_api::wire::Timers;

#[test]
fn a_card_that_reads_and_is_found_completes() {
    let mut bench = Bench::at(StateKind::LookingUp);
    bench.record(Ok(found()));
    assert_eq!(bench.completed_by(), Some(CompletedBy::Document));
    assert!(bench.has(|e| matches!(e, Effect::Handover(h) if h.reason == ReferralReason::Complete)));
}

#[test]
fn the_reference_of_a_completed_visit_is_shown_only_once_it_is_stored() {
    let mut bench = Bench::at(StateKind::Complete);
    assert!(matches!(&bench.kiosk.visit.as_ref().unwrap().state, State::Complete { reference: None, .. }));
    bench.stored();
    assert!(matches!(&bench.kiosk.visit.as_ref().unwrap().state, State::Complete { reference: Some(_), .. }));
}

#[test]
fn anything_but_found_valid_and_agreeing_is_referred() {
    let answers = [
        RecordAnswer { record: Record::NotFound, ..found() },
        RecordAnswer { record: Record::Refer, ..found() },
        RecordAnswer { document_status: DocumentStatus::Expired, ..found() },
        RecordAnswer { document_status: DocumentStatus::ReportedLost, ..found() },
        RecordAnswer { document_status: DocumentStatus::Unknown, ..found() },
        RecordAnswer { mismatch: vec!["birth_date".into()], ..found() },
    ];
    for answer in answers {
        let mut bench = Bench::at(StateKind::LookingUp);
        bench.record(Ok(answer));
        assert_eq!(bench.held_for(), Some(ReferralReason::CheckDocument));
    }
}

#[test]
fn a_check_digit_that_disagrees_never_completes() {
    let mut bench = Bench::new();
    bench.at_present().card(CARD_WRONG_DIGIT).touch(Intent::ConfirmYes).record(Ok(found()));
    assert_eq!(bench.held_for(), Some(ReferralReason::CheckDocument));
}

#[test]
fn a_specimen_outside_test_mode_is_referred_without_asking() {
    let mut bench = Bench::new();
    bench.kiosk.policy.test_mode = false;
    let utopia = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    bench.at_present().card(utopia).touch(Intent::ConfirmYes);
    assert!(!bench.has(|e| matches!(e, Effect::Inspect(_))));
    assert_eq!(bench.held_for(), Some(ReferralReason::CheckDocument));
}

#[test]
fn a_barcode_that_disagrees_with_the_zone_never_completes() {
    let mut bench = Bench::new();
    let Reading::Zone(mut read) = zone(CARD) else { unreachable!() };
    read.barcode_agrees = Some(false);
    bench.at_present();
    let presentation = bench.presentation();
    bench.event(Event::Reader(Heard::Read { presentation, reading: Reading::Zone(read) }));
    bench.touch(Intent::ConfirmYes).record(Ok(found()));
    assert_eq!(bench.held_for(), Some(ReferralReason::CheckDocument));
}

/// A barcode of the document that was read, decoded after its zone.
fn witness(bench: &mut Bench, presentation: PresentationNo, agrees: bool) {
    let fields = vec![Comparison { field: "birth_date", agrees }];
    let fusion = Fusion { fields, ..Fusion::default() };
    bench.event(Event::Reader(Heard::Witness { presentation, fusion }));
}

#[test]
fn a_barcode_that_comes_after_the_zone_and_disagrees_never_completes() {
    for at in [StateKind::ConfirmDocument, StateKind::LookingUp] {
        let mut bench = Bench::at(at);
        let presentation = bench.presentation();
        witness(&mut bench, presentation, false);
        assert_eq!(bench.kind(), Some(at), "the traveler does not wait for it");
        assert!(bench.journaled(JournalEvent::DocumentDisagrees));
        if at == StateKind::ConfirmDocument {
            bench.touch(Intent::ConfirmYes);
            assert!(bench.has(|e| matches!(e, Effect::Inspect(asked) if asked.barcode_agrees == Some(false))));
        }
        bench.record(Ok(found()));
        assert_eq!(bench.held_for(), Some(ReferralReason::CheckDocument), "{at:?}");
        bench.stored();
        assert_eq!((bench.kind(), bench.completed_by()), (Some(StateKind::Referred), None));
    }
}

#[test]
fn a_barcode_that_disagrees_is_the_reason_also_when_the_record_is_not_answered() {
    let mut bench = Bench::at(StateKind::LookingUp);
    let presentation = bench.presentation();
    witness(&mut bench, presentation, false);
    bench.record(Err(CallFailure::NotSent));
    assert_eq!(bench.held_for(), Some(ReferralReason::CheckDocument));
    let mut bench = Bench::at(StateKind::LookingUp);
    let presentation = bench.presentation();
    witness(&mut bench, presentation, false);
    bench.wait(60);
    assert_eq!(bench.held_for(), Some(ReferralReason::CheckDocument));
}

#[test]
fn a_barcode_that_disagrees_takes_back_what_was_complete() {
    for stored_before in [false, true] {
        let mut bench = Bench::at(StateKind::Complete);
        assert!(!bench.has(|e| matches!(e, Effect::Disarm)), "its codes are still awaited");
        let first = bench.kiosk.visit.as_ref().unwrap().reference.clone().unwrap();
        if stored_before {
            bench.stored();
        }
        let presentation = bench.presentation();
        witness(&mut bench, presentation, false);
        assert!(bench.journaled(JournalEvent::DocumentDisagrees) && bench.journaled(JournalEvent::VisitReferred));
        assert!(bench.has(|e| matches!(e, Effect::Disarm)));
        let visit = bench.kiosk.visit.as_ref().unwrap().id;
        let another = |e: &Effect| {
            matches!(e, Effect::Handover(asked)
                if asked.visit == visit && asked.id != visit && asked.reference != first && asked.supersedes == Some(visit)
                    && asked.reason == ReferralReason::CheckDocument)
        };
        assert!(bench.has(another), "the service stores a hand-over once, so it is another");
        assert_eq!((bench.held_for(), bench.completed_by()), (Some(ReferralReason::CheckDocument), None));
        // That the first was stored after all shows nobody its reference.
        let answer = HandoverAnswer::Stored;
        bench.event(Event::Handover { visit, reference: first.clone(), answer });
        assert_eq!(bench.kind(), Some(StateKind::Held));
        bench.stored();
        let shown = match &bench.kiosk.visit.as_ref().unwrap().state {
            State::Referred { reference, .. } => reference.clone(),
            _ => panic!("not referred"),
        };
        assert_ne!(shown, first);
        witness(&mut bench, presentation, false);
        assert_eq!(bench.kind(), Some(StateKind::Referred), "once");
    }
}

#[test]
fn what_takes_back_a_completed_visit_does_not_die_with_the_visit() {
    let taken_back = |bench: &Bench| {
        bench.effects.iter().find_map(|effect| match effect {
            Effect::TakeBack(asked) => {
                Some((asked.id, asked.supersedes, asked.reference.clone(), asked.reading.is_some()))
            }
            _ => None,
        })
    };
    for ends in [Intent::StartOver, Intent::EndVisit] {
        let mut bench = Bench::at(StateKind::Complete);
        let visit = bench.kiosk.visit.as_ref().unwrap().id;
        let presentation = bench.presentation();
        witness(&mut bench, presentation, false);
        let held = bench.kiosk.visit.as_ref().unwrap();
        let (id, reference) = (held.handover, held.reference.clone().unwrap());
        if ends == Intent::EndVisit {
            bench.sign_in().ask(officer::Intent::EndVisit);
        } else {
            bench.touch(ends);
        }
        assert!(bench.kiosk.visit.is_none());
        assert_eq!(taken_back(&bench), Some((id, Some(visit), reference, false)), "without the reading");
        let wiped = bench.effects.iter().position(|effect| matches!(effect, Effect::Wipe { .. }));
        let taking = bench.effects.iter().position(|effect| matches!(effect, Effect::TakeBack(_)));
        assert!(wiped < taking, "the wipe ends what still holds the traveler's");
    }
    let mut bench = Bench::at(StateKind::Complete);
    let presentation = bench.presentation();
    witness(&mut bench, presentation, false);
    bench.stored().touch(Intent::Finish);
    assert!(bench.kiosk.visit.is_none() && taken_back(&bench).is_none(), "the service has it");
    let mut bench = Bench::at(StateKind::Held);
    bench.touch(Intent::StartOver);
    assert_eq!(taken_back(&bench), None, "what takes nothing back ends with its visit");
}

#[test]
fn a_barcode_that_agrees_or_is_of_another_presentation_changes_no_outcome() {
    let mut bench = Bench::at(StateKind::Complete);
    let presentation = bench.presentation();
    witness(&mut bench, PresentationNo(presentation.0 - 1), false);
    assert_eq!(bench.completed_by(), Some(CompletedBy::Document));
    witness(&mut bench, PresentationNo(presentation.0 + 1), false);
    assert_eq!(bench.completed_by(), Some(CompletedBy::Document));
    witness(&mut bench, presentation, true);
    assert_eq!((bench.completed_by(), bench.effects.len()), (Some(CompletedBy::Document), 0));
    let Some(Reading::Zone(read)) = &bench.kiosk.visit.as_ref().unwrap().reading else { panic!("no reading") };
    assert_eq!((read.barcode_agrees, read.fusion.fields.len()), (Some(true), 1), "an officer sees it");
    // A code proves another thing: no document of this visit was read.
    let mut bench = Bench::at(StateKind::Verifying);
    let presentation = bench.presentation();
    witness(&mut bench, presentation, false);
    bench.code_answer(Ok(CodeAnswer::Verified { clear: true, holder: None }));
    assert_eq!(bench.completed_by(), Some(CompletedBy::Code));
}

#[test]
fn a_read_of_an_older_presentation_is_dropped() {
    let mut bench = Bench::at(StateKind::PresentDocument);
    let older = PresentationNo(bench.presentation().0 - 1);
    bench.event(Event::Reader(Heard::Read { presentation: older, reading: zone(CARD) }));
    assert_eq!(bench.kind(), Some(StateKind::PresentDocument));
}

#[test]
fn a_second_read_of_a_presentation_is_dropped() {
    let mut bench = Bench::at(StateKind::ConfirmDocument);
    let presentation = bench.presentation();
    bench.event(Event::Reader(Heard::Read { presentation, reading: zone(CARD_WRONG_DIGIT) }));
    bench.touch(Intent::ConfirmYes).record(Ok(found()));
    assert_eq!(bench.completed_by(), Some(CompletedBy::Document), "the first read counts");
}

#[test]
fn presentation_numbers_grow_over_visits() {
    let mut bench = Bench::at(StateKind::PresentDocument);
    let first = bench.presentation();
    bench.touch(Intent::StartOver).at_present();
    assert!(bench.presentation() > first);
}

#[test]
fn three_failed_tries_lead_to_the_identifier() {
    let mut bench = Bench::at(StateKind::PresentDocument);
    bench.failed_try().failed_try();
    assert!(matches!(
        bench.kiosk.visit.as_ref().unwrap().state,
        State::PresentDocument { advice: Some(Advice::Tilt), .. }
    ));
    bench.failed_try();
    assert_eq!(bench.kind(), Some(StateKind::Identifier));
}

#[test]
fn a_try_without_an_answer_fails_after_eight_seconds() {
    let mut bench = Bench::at(StateKind::Reading);
    bench.wait(8);
    assert_eq!(bench.kind(), Some(StateKind::PresentDocument));
    assert_eq!(bench.kiosk.visit.as_ref().unwrap().failed_tries, 1);
}

#[test]
fn a_backup_code_shown_as_a_document_is_not_a_try() {
    let mut bench = Bench::at(StateKind::PresentDocument);
    let presentation = bench.presentation();
    let reading = Reading::BackupCode(PersonalText::from("7KQ25-M4PXX-9ABCG-WXYZF"));
    bench.event(Event::Reader(Heard::Read { presentation, reading }));
    let visit = bench.kiosk.visit.as_ref().unwrap();
    assert!(matches!(visit.state, State::PresentDocument { advice: Some(Advice::AnotherDocument), .. }));
    assert_eq!(visit.failed_tries, 0);
}

#[test]
fn a_lone_code_held_up_stops_the_clock_of_the_try() {
    let mut bench = Bench::at(StateKind::Reading);
    let presentation = bench.presentation();
    let advice = Some(Advice::AnotherDocument);
    bench.event(Event::Reader(Heard::Advice { presentation, advice, at: None, quad: None })).wait(9);
    let visit = bench.kiosk.visit.as_ref().unwrap();
    assert!(matches!(visit.state, State::PresentDocument { advice: Some(Advice::AnotherDocument), .. }));
    assert_eq!(visit.failed_tries, 0);
}

#[test]
fn a_right_code_completes_and_a_record_to_refer_does_not() {
    let mut bench = Bench::at(StateKind::Verifying);
    bench.code_answer(Ok(CodeAnswer::Verified { clear: true, holder: None }));
    assert_eq!(bench.completed_by(), Some(CompletedBy::Code));
    let mut bench = Bench::at(StateKind::Verifying);
    bench.code_answer(Ok(CodeAnswer::Verified { clear: false, holder: None }));
    assert_eq!(bench.held_for(), Some(ReferralReason::CheckDocument));
}

#[test]
fn the_third_wrong_code_refers() {
    let mut bench = Bench::at(StateKind::NotVerified);
    for _ in 0..2 {
        assert_eq!(bench.kind(), Some(StateKind::NotVerified));
        // The number is kept for confirming: one touch, then the code.
        bench.touch(Intent::TryAgain).touch(Intent::Forward).type_code().touch(Intent::Forward);
        bench.code_answer(Ok(CodeAnswer::NotVerified));
    }
    assert_eq!(bench.held_for(), Some(ReferralReason::CodeNotVerified));
}

#[test]
fn an_unknown_outcome_is_never_verified_even_if_the_answer_comes_later() {
    let mut bench = Bench::at(StateKind::Verifying);
    let request = bench.request();
    let visit = bench.kiosk.visit.as_ref().unwrap().id;
    bench.wait(12);
    assert_eq!(bench.held_for(), Some(ReferralReason::Technical));
    assert!(bench.journaled(JournalEvent::CodeOutcomeUnknown));
    bench.event(Event::Verified { visit, request, answer: Ok(CodeAnswer::Verified { clear: true, holder: None }) });
    assert_eq!(bench.completed_by(), None);
    assert_eq!(bench.held_for(), Some(ReferralReason::Technical));
}

#[test]
fn an_answer_for_another_visit_changes_nothing() {
    let mut bench = Bench::at(StateKind::LookingUp);
    let request = bench.request();
    let other = super::VisitId(uuid::Uuid::nil());
    bench.event(Event::Inspected { visit: other, request, answer: Ok(found()) });
    assert_eq!(bench.kind(), Some(StateKind::LookingUp));
}

#[test]
fn each_group_is_checked_as_it_closes() {
    let mut bench = Bench::at(StateKind::BackupCode);
    for c in "7KQ2".chars() {
        bench.touch(Intent::Key(c));
    }
    bench.touch(Intent::Key('6'));
    let code = |bench: &Bench| match &bench.kiosk.visit.as_ref().unwrap().state {
        State::BackupCode(entry) => (entry.closed.len(), entry.wrong),
        _ => panic!("left the code screen"),
    };
    assert_eq!(code(&bench), (0, true));
    bench.touch(Intent::Key('5'));
    assert_eq!(code(&bench), (0, true), "the next group does not open before this one is right");
    bench.touch(Intent::Delete).touch(Intent::Key('5'));
    assert_eq!(code(&bench), (1, false));
    bench.touch(Intent::Forward);
    assert_eq!(bench.kind(), Some(StateKind::BackupCode), "an incomplete code is not sent");
}

#[test]
fn a_scanned_code_fills_the_groups_and_waits_for_the_touch() {
    let mut bench = Bench::at(StateKind::BackupCode);
    let presentation = bench.presentation();
    let reading = Reading::BackupCode(PersonalText::from("7KQ25-M4PXX-9ABCG-WXYZF"));
    bench.event(Event::Reader(Heard::Read { presentation, reading }));
    assert!(matches!(&bench.kiosk.visit.as_ref().unwrap().state, State::BackupCode(entry) if entry.complete()));
    bench.touch(Intent::Forward);
    assert!(bench.has(|e| matches!(e, Effect::Verify(v) if v.code.expose(|c| c == "7KQ25-M4PXX-9ABCG-WXYZF"))));
}

fn policy(code_groups: u8, timers: Option<Timers>) -> Event {
    Event::Policy { code_groups, timers, disabled_officers: Vec::new() }
}

/// The long form of a code, from the published vectors.
const LONG_CODE: &str = "GHJKP-MNPQ2-RSTVZ-WXYZF-00005-0001P";

#[test]
fn a_code_of_six_groups_is_typed_where_the_service_asks_for_six() {
    let mut bench = Bench::new();
    bench.event(policy(6, None)).at_code();
    let (four, rest) = LONG_CODE.split_at(23);
    for c in four.chars().filter(|c| *c != '-') {
        bench.touch(Intent::Key(c));
    }
    bench.touch(Intent::Forward);
    assert_eq!(bench.kind(), Some(StateKind::BackupCode), "four of six are not sent");
    for c in rest.chars().filter(|c| *c != '-') {
        bench.touch(Intent::Key(c));
    }
    bench.touch(Intent::Forward);
    assert!(bench.has(|e| matches!(e, Effect::Verify(v) if v.code.expose(|c| c == LONG_CODE))));
}

#[test]
fn a_code_of_six_groups_is_scanned_or_chosen_where_four_are_usual() {
    let mut bench = Bench::at(StateKind::BackupCode);
    let presentation = bench.presentation();
    let reading = Reading::BackupCode(PersonalText::from(LONG_CODE));
    bench.event(Event::Reader(Heard::Read { presentation, reading })).touch(Intent::Forward);
    assert!(bench.has(|e| matches!(e, Effect::Verify(v) if v.code.expose(|c| c == LONG_CODE))));

    let mut bench = Bench::at(StateKind::BackupCode);
    bench.touch(Intent::OtherGroups);
    for c in LONG_CODE.chars().filter(|c| *c != '-') {
        bench.touch(Intent::Key(c));
    }
    bench.touch(Intent::Forward);
    assert!(bench.has(|e| matches!(e, Effect::Verify(v) if v.code.expose(|c| c == LONG_CODE))));
}

#[test]
fn a_letter_that_looks_like_a_digit_is_offered_corrected_for_confirming() {
    let mut bench = Bench::at(StateKind::Identifier);
    for c in "AOOOOOO7O1".chars() {
        bench.touch(Intent::Key(c));
    }
    bench.touch(Intent::Forward);
    let State::Identifier(entry) = &bench.kiosk.visit.as_ref().unwrap().state else { panic!("left") };
    assert!(entry.confirming.as_ref().unwrap().expose(|number| number == "A000000701"));
    assert_eq!(entry.kind, IdentifierKind::ANumber);
}

#[test]
fn held_becomes_referred_when_the_service_has_it_and_asks_for_an_officer_when_not() {
    let mut bench = Bench::at(StateKind::Held);
    bench.wait(5);
    assert!(bench.has(|e| matches!(e, Effect::Assist { .. })));
    assert!(bench.has(|e| matches!(e, Effect::Arm { accept: Accept::Staff, .. })));
    bench.stored();
    assert_eq!(bench.kind(), Some(StateKind::Referred));
}

#[test]
fn a_taken_reference_is_drawn_again() {
    let mut bench = Bench::at(StateKind::Held);
    let visit = bench.kiosk.visit.as_ref().unwrap();
    let (id, first) = (visit.id, visit.reference.clone().unwrap());
    bench.event(Event::Handover { visit: id, reference: first.clone(), answer: HandoverAnswer::ReferenceTaken });
    assert!(bench.has(|e| matches!(e, Effect::Handover(h) if h.reference != first)));
}

#[test]
fn the_idle_warning_gives_thirty_seconds_and_then_wipes_without_a_referral() {
    let mut bench = Bench::at(StateKind::BackupCode);
    bench.wait(60);
    assert_eq!(bench.kind(), Some(StateKind::StillThere));
    bench.touch(Intent::MoreTime);
    assert_eq!(bench.kind(), Some(StateKind::BackupCode), "more time gives back the state it held");
    bench.wait(60).wait(30);
    assert!(bench.kiosk.visit.is_none());
    assert!(bench.journaled(JournalEvent::VisitTimedOut));
    assert!(!bench.has(|e| matches!(e, Effect::Handover(_))));
}

#[test]
fn a_card_that_passes_is_no_input_where_none_is_wanted() {
    for kind in [StateKind::Identifier, StateKind::BackupCode] {
        let mut bench = Bench::at(kind);
        let presentation = PresentationNo(bench.kiosk.presentations);
        bench.wait(60);
        for _ in 0..3 {
            bench.event(Event::Reader(Heard::Sensed { presentation }));
            bench.event(Event::Reader(Heard::Read { presentation, reading: zone(CARD) }));
            assert_eq!(bench.kind(), Some(StateKind::StillThere), "{kind:?}: the last person's number stays away");
        }
        let reading = Reading::BackupCode(PersonalText::from("7KQ25-M4PXX-9ABCG-WXYZF"));
        bench.event(Event::Reader(Heard::Read { presentation, reading }));
        assert_eq!(bench.kind(), Some(StateKind::StillThere));
        let armed = bench.has(|e| matches!(e, Effect::Arm { accept: Accept::BackupCode, .. }));
        assert_eq!(armed, kind == StateKind::BackupCode, "the next code is taken once there is more time");
        bench.wait(30);
        assert!(bench.kiosk.visit.is_none() && bench.journaled(JournalEvent::VisitTimedOut), "{kind:?}");
    }
    let mut bench = Bench::at(StateKind::PresentDocument);
    let presentation = bench.presentation();
    bench.wait(60).event(Event::Reader(Heard::Sensed { presentation }));
    assert_eq!(bench.kind(), Some(StateKind::Reading), "there it is what was asked for");
}

#[test]
fn more_time_without_a_reader_left_goes_to_the_identifier() {
    let mut bench = Bench::at(StateKind::PresentDocument);
    bench.wait(60);
    bench.event(Event::Reader(Heard::Lost { device: DeviceId("scanner".into()), fault: Fault::NotReachable }));
    assert_eq!(bench.kind(), Some(StateKind::StillThere));
    bench.touch(Intent::MoreTime);
    assert_eq!(bench.kind(), Some(StateKind::Identifier), "there is nothing to put a card on");
}

#[test]
fn more_time_can_be_asked_for_ten_times() {
    let mut bench = Bench::at(StateKind::PresentDocument);
    for _ in 0..10 {
        bench.wait(60);
        assert_eq!(bench.kind(), Some(StateKind::StillThere));
        bench.touch(Intent::MoreTime);
    }
    assert_eq!(bench.kind(), Some(StateKind::PresentDocument));
}

#[test]
fn large_text_doubles_the_time_to_act() {
    let mut bench = Bench::at(StateKind::PresentDocument);
    bench.touch(Intent::SetTextSize(TextSize::Large)).wait(60);
    assert_eq!(bench.kind(), Some(StateKind::PresentDocument));
    bench.wait(60);
    assert_eq!(bench.kind(), Some(StateKind::StillThere));
}

#[test]
fn the_visit_is_wiped_when_its_last_screen_has_been_shown() {
    for (kind, seconds) in [(StateKind::Complete, 20), (StateKind::Referred, 30), (StateKind::Held, 120)] {
        let mut bench = Bench::at(kind);
        bench.wait(5).wait(seconds - 5);
        assert!(bench.kiosk.visit.is_none(), "{kind:?}");
        assert!(bench.has(|e| matches!(e, Effect::Wipe { .. })), "{kind:?}");
    }
}

#[test]
fn an_officer_overrides_a_failed_scan_and_it_is_never_called_verified() {
    let mut bench = Bench::at(StateKind::Referred);
    bench.sign_in();
    bench.touch(Intent::Officer(officer::Intent::Override));
    assert!(!bench.has(|e| matches!(e, Effect::Override(_))), "a reason is required");
    bench.touch(Intent::Officer(officer::Intent::ChooseReason(OverrideReason::WornDocument)));
    bench.touch(Intent::Officer(officer::Intent::Override));
    assert!(bench.has(|e| matches!(e, Effect::Override(o) if o.reason == OverrideReason::WornDocument)));
    assert_eq!(bench.completed_by(), None, "not before the journal has it");
    let visit = bench.kiosk.visit.as_ref().unwrap().id;
    bench.event(Event::OverrideJournaled { visit, written: false });
    assert_eq!(bench.completed_by(), None, "no journal, no override");
    bench.event(Event::OverrideJournaled { visit, written: true });
    assert_eq!(bench.completed_by(), Some(CompletedBy::Officer));
    assert!(matches!(bench.kiosk.mode, Mode::Traveler), "signed out");
    assert!(bench.has(|e| matches!(e, Effect::SignOut { .. })));
}

#[test]
fn a_stored_referral_is_closed_under_the_session_that_dealt_with_it() {
    let closing = |bench: &Bench| {
        bench.effects.iter().find_map(|effect| match effect {
            Effect::SignOut { closing, .. } => Some(closing.clone()),
            _ => None,
        })
    };
    let mut bench = Bench::at(StateKind::Referred);
    let visit = bench.kiosk.visit.as_ref().unwrap().id;
    bench.sign_in();
    bench.event(Event::OverrideJournaled { visit, written: true });
    let outcome = ReferralOutcome::Overridden;
    assert_eq!(closing(&bench), Some(Some(Closing { visit, outcome, code: None })));

    let mut bench = Bench::at(StateKind::Referred);
    bench.sign_in().touch(Intent::Officer(officer::Intent::Refer));
    bench.touch(Intent::Officer(officer::Intent::ChooseReferCode("CD".into())));
    bench.touch(Intent::Officer(officer::Intent::SubmitRefer));
    let outcome = ReferralOutcome::Secondary;
    let visit = bench.kiosk.visit.as_ref().unwrap().id;
    assert_eq!(closing(&bench), Some(Some(Closing { visit, outcome, code: Some("CD".into()) })));
    assert_eq!(bench.kind(), Some(StateKind::Referred), "the traveler still sees where to go");
}

#[test]
fn other_as_a_reason_needs_a_note() {
    let mut bench = Bench::at(StateKind::Held);
    bench.sign_in();
    bench.touch(Intent::Officer(officer::Intent::ChooseReason(OverrideReason::Other)));
    bench.touch(Intent::Officer(officer::Intent::Override));
    assert!(!bench.has(|e| matches!(e, Effect::Override(_))));
    bench.touch(Intent::Key('X')).touch(Intent::Officer(officer::Intent::Override));
    assert!(bench.has(|e| matches!(e, Effect::Override(o) if o.note.is_some())));
}

#[test]
fn an_override_is_not_offered_against_the_record_service() {
    for answer in [
        RecordAnswer { record: Record::NotFound, ..found() },
        RecordAnswer { record: Record::Refer, ..found() },
        RecordAnswer { document_status: DocumentStatus::Expired, ..found() },
        RecordAnswer { document_status: DocumentStatus::ReportedLost, ..found() },
        RecordAnswer { mismatch: vec!["birth_date".into()], ..found() },
    ] {
        let mut bench = Bench::at(StateKind::LookingUp);
        bench.record(Ok(answer)).sign_in();
        bench.touch(Intent::Officer(officer::Intent::ChooseReason(OverrideReason::ReaderFault)));
        bench.touch(Intent::Officer(officer::Intent::Override));
        assert!(!bench.has(|e| matches!(e, Effect::Override(_))));
        // Even a forged acknowledgement completes nothing.
        let visit = bench.kiosk.visit.as_ref().unwrap().id;
        bench.event(Event::OverrideJournaled { visit, written: true });
        assert_eq!(bench.completed_by(), None);
    }
    let mut bench = Bench::at(StateKind::LookingUp);
    bench.record(Ok(RecordAnswer { mismatch: vec!["primary_identifier".into()], ..found() })).sign_in();
    bench.touch(Intent::Officer(officer::Intent::ChooseReason(OverrideReason::NameMisread)));
    bench.touch(Intent::Officer(officer::Intent::Override));
    assert!(bench.has(|e| matches!(e, Effect::Override(_))), "a mismatch of the name alone may be overridden");
}

/// Tries to override, and says whether it was asked for.
fn overrides(bench: &mut Bench) -> bool {
    bench.ask(officer::Intent::ChooseReason(OverrideReason::WornDocument)).ask(officer::Intent::Override);
    bench.has(|e| matches!(e, Effect::Override(_)))
}

#[test]
fn a_second_look_opens_no_way_to_an_override_against_the_record_service() {
    let lost = || RecordAnswer { document_status: DocumentStatus::ReportedLost, ..found() };
    let mut bench = Bench::at(StateKind::LookingUp);
    bench.record(Ok(lost())).sign_in().ask(officer::Intent::Retry).failed_try();
    assert!(!overrides(&mut bench), "the reading is gone, what was said of it is not");

    let mut bench = Bench::at(StateKind::LookingUp);
    bench.record(Ok(lost())).sign_in().ask(officer::Intent::KeyIn);
    for c in CARD.chars().filter(|c| *c != '\n') {
        bench.touch(Intent::Key(c));
    }
    bench.ask(officer::Intent::SubmitKeyed).record(Err(CallFailure::NotSent));
    assert!(!overrides(&mut bench), "no answer replaces no answer");

    // Only a new answer does: another document was put down.
    let mut bench = Bench::at(StateKind::LookingUp);
    bench.record(Ok(lost())).sign_in().ask(officer::Intent::Retry).card(CARD);
    let unclear = RecordAnswer { document_status: DocumentStatus::Unknown, ..found() };
    bench.record(Ok(unclear));
    assert!(overrides(&mut bench));
}

#[test]
fn a_referral_of_another_kiosk_is_not_overridden_against_the_record_service() {
    for (inspection, may) in [
        (Some(RecordAnswer { record: Record::NotFound, ..found() }), false),
        (Some(RecordAnswer { document_status: DocumentStatus::Expired, ..found() }), false),
        (Some(found()), true),
        (None, true),
    ] {
        let mut bench = Bench::new();
        bench.sign_in().open_referral(referral("K03-9X1C", inspection));
        assert_eq!(bench.kind(), Some(StateKind::Held));
        assert_eq!(overrides(&mut bench), may);
    }
}

#[test]
fn while_an_override_is_written_down_nothing_else_is_decided() {
    use officer::Intent as Ask;
    let mut bench = Bench::at(StateKind::Referred);
    let visit = bench.kiosk.visit.as_ref().unwrap().id;
    bench.sign_in();
    assert!(overrides(&mut bench));
    let others = [Ask::Override, Ask::Refer, Ask::Retry, Ask::KeyIn, Ask::PullUpRecord, Ask::EndVisit, Ask::SignOut];
    for other in others {
        bench.ask(other);
        assert!(bench.effects.is_empty());
        assert!(matches!(&bench.kiosk.mode, Mode::Officer(desk)
            if matches!(desk.page, officer::Page::Visit { waiting: true, .. })));
    }
    bench.wait(150);
    assert!(matches!(bench.kiosk.mode, Mode::Officer(_)), "nor is the officer signed out before it is known");
    bench.event(Event::OverrideJournaled { visit, written: false });
    assert_eq!(bench.completed_by(), None);
    bench.event(Event::Activity);
    assert!(overrides(&mut bench), "it can be tried again");
}

#[test]
fn an_answer_to_an_earlier_reference_does_not_open_as_the_later_one() {
    let notice = |bench: &Bench| match &bench.kiosk.mode {
        Mode::Officer(desk) => desk.notice,
        _ => panic!("left the desk"),
    };
    let mut bench = Bench::new();
    bench.sign_in().ask_for("K03-AAAA").ask(officer::Intent::Back).ask(officer::Intent::OpenReferral);
    bench.ask_for("k03-bbbb");
    bench.touch(Intent::Key('X'));
    bench.answer_referral("K03-AAAA", Err(CallFailure::Refused));
    assert_eq!(notice(&bench), None, "the later one is still being asked for");
    bench.answer_referral("K03-AAAA", Ok(referral("K03-AAAA", None)));
    assert!(bench.kiosk.visit.is_none());
    bench.answer_referral("k03-bbbb", Ok(referral("K03-AAAA", None)));
    assert!(bench.kiosk.visit.is_none(), "the service gave another than was asked for");
    assert_eq!(notice(&bench), Some(officer::Notice::ServiceUnavailable));
    bench.ask(officer::Intent::SubmitReference).answer_referral("k03-bbbb", Ok(referral("K03-BBBB", None)));
    assert!(bench.kiosk.visit.is_some(), "in capitals or not");
}

#[test]
fn a_session_that_comes_after_the_officer_has_left_is_ended_and_journaled() {
    let ended = |bench: &Bench| {
        bench.has(|e| matches!(e, Effect::SignOut { session, closing: None } if session.expose(|s| s == "s")))
            && bench.has(|e| {
                matches!(e, Effect::Journal(entry) if entry.event == JournalEvent::OfficerSignedOut
                    && entry.actor.as_deref() == Some("officer-1") && entry.cause.as_deref() == Some("left_before"))
            })
    };
    // Gone back to the traveler's screen, in a visit or without one.
    for begin in [false, true] {
        let mut bench = Bench::new();
        if begin {
            bench.at_present();
        }
        bench.ask(officer::Intent::Enter).touch(Intent::Back).signed_in();
        assert!(ended(&bench) && matches!(bench.kiosk.mode, Mode::Traveler));
        assert!(!bench.kiosk.visit.as_ref().is_some_and(|visit| visit.with_officer));
    }
    // A technician has come instead.
    let mut bench = Bench::new();
    bench.ask(officer::Intent::Enter).ask(officer::Intent::Technician).signed_in();
    assert!(ended(&bench) && matches!(bench.kiosk.mode, Mode::Diagnostics(_)));
    // Another officer signs in meanwhile.
    let mut bench = Bench::new();
    bench.ask(officer::Intent::Enter);
    let (first, answer) = (bench.staff(), |session: &str| StaffAnswer::SignedIn {
        session: PersonalText::from(session),
        pseudonym: "officer-1".into(),
        offline_since: None,
    });
    bench.touch(Intent::Back).ask(officer::Intent::Enter);
    bench.event(Event::Staff { staff: first, answer: answer("s") });
    assert!(ended(&bench) && matches!(&bench.kiosk.mode, Mode::Officer(desk) if desk.officer.is_none()));
    bench.signed_in();
    assert!(matches!(&bench.kiosk.mode, Mode::Officer(desk) if desk.officer.is_some()));
}

#[test]
fn an_officer_who_is_disabled_leaves_the_desk() {
    let disabled = |who: &str| Event::Policy { code_groups: 4, timers: None, disabled_officers: vec![who.into()] };
    let mut bench = Bench::at(StateKind::BackupCode);
    bench.sign_in().event(disabled("officer-2"));
    assert!(matches!(bench.kiosk.mode, Mode::Officer(_)), "another");
    bench.event(disabled("officer-1"));
    assert!(matches!(bench.kiosk.mode, Mode::Traveler));
    assert!(bench.has(|e| matches!(e, Effect::SignOut { .. })) && bench.journaled(JournalEvent::OfficerSignedOut));
    assert_eq!(bench.held_for(), Some(ReferralReason::AskedForOfficer), "the visit is handed over");
}

#[test]
fn after_one_scan_the_badge_reader_takes_the_next() {
    let armed = |bench: &Bench| bench.has(|e| matches!(e, Effect::Arm { accept: Accept::Staff, .. }));
    let scan = |bench: &mut Bench, text: &str| {
        let presentation = PresentationNo(bench.kiosk.presentations);
        let reading = Reading::Staff(PersonalText::from(text));
        bench.event(Event::Reader(Heard::Read { presentation, reading }));
    };
    // A technician's credential where a traveler waits for an officer.
    let mut bench = Bench::at(StateKind::Held);
    bench.wait(5);
    scan(&mut bench, "TC1:x.y");
    assert!(armed(&bench) && matches!(bench.kiosk.mode, Mode::Traveler));
    // The badge, another badge, a credential that is not for now.
    scan(&mut bench, "B-1");
    assert!(armed(&bench) && matches!(bench.kiosk.mode, Mode::Officer(_)));
    for text in ["B-2", "TC1:x.y"] {
        scan(&mut bench, text);
        assert!(armed(&bench), "deaf after {text}");
    }
    // Sent, and not let in.
    for refused in [StaffAnswer::Refused, StaffAnswer::Unavailable] {
        let staff = bench.staff();
        bench.event(Event::Staff { staff, answer: refused });
        assert!(armed(&bench));
    }
}

#[test]
fn with_an_officer_the_timers_stand_still_and_two_minutes_sign_out() {
    let mut bench = Bench::at(StateKind::BackupCode);
    bench.sign_in().wait(100);
    assert_eq!(bench.kind(), Some(StateKind::BackupCode));
    assert!(matches!(bench.kiosk.mode, Mode::Officer(_)));
    bench.wait(20);
    assert!(matches!(bench.kiosk.mode, Mode::Traveler));
    assert_eq!(bench.held_for(), Some(ReferralReason::AskedForOfficer));
    assert!(bench.has(|e| matches!(e, Effect::Handover(_))));
}

/// Effects that take the readers away from a badge.
fn takes_the_readers(bench: &Bench) -> bool {
    bench.has(|e| match e {
        Effect::Disarm => true,
        Effect::Arm { accept, .. } => *accept != Accept::Staff,
        _ => false,
    })
}

#[test]
fn while_an_officer_signs_in_the_visit_goes_on_and_the_readers_take_badges() {
    let enter = || Intent::Officer(officer::Intent::Enter);
    let mut bench = Bench::at(StateKind::Reading);
    bench.touch(enter());
    assert_eq!(bench.kind(), Some(StateKind::PresentDocument), "the try is over");
    let presentation = PresentationNo(bench.kiosk.presentations);
    bench.event(Event::Reader(Heard::Sensed { presentation })).wait(9);
    assert!(!takes_the_readers(&bench));
    assert_eq!((bench.kind(), bench.kiosk.visit.as_ref().unwrap().failed_tries), (Some(StateKind::PresentDocument), 0));
    bench.touch(Intent::Back);
    assert!(bench.has(|e| matches!(e, Effect::Arm { accept: Accept::Documents, .. })), "nobody signed in after all");

    // Answers that come meanwhile change the visit and leave the badge reader alone.
    let mut bench = Bench::at(StateKind::Held);
    bench.touch(enter()).stored();
    assert_eq!((bench.kind(), takes_the_readers(&bench)), (Some(StateKind::Referred), false));
    let mut bench = Bench::at(StateKind::LookingUp);
    bench.touch(enter()).record(Err(CallFailure::NotSent));
    assert_eq!((bench.kind(), takes_the_readers(&bench)), (Some(StateKind::Held), false));
    let mut bench = Bench::at(StateKind::PresentDocument);
    bench
        .touch(enter())
        .event(Event::Reader(Heard::Lost { device: DeviceId("scanner".into()), fault: Fault::NotResponding }));
    assert_eq!((bench.kind(), takes_the_readers(&bench)), (Some(StateKind::Identifier), false));

    // The end of the visit ends the sign-in too, and with it what the readers take.
    let mut bench = Bench::at(StateKind::Complete);
    bench.touch(enter()).wait(20);
    assert!(bench.kiosk.visit.is_none() && bench.has(|e| matches!(e, Effect::Disarm)));
    // A warning in between leaves no reader deaf.
    let mut bench = Bench::at(StateKind::PresentDocument);
    bench.touch(enter()).wait(60);
    assert_eq!(bench.kind(), Some(StateKind::StillThere));
    bench.touch(Intent::Back);
    assert!(bench.has(|e| matches!(e, Effect::Arm { accept: Accept::Documents, .. })));
}

#[test]
fn an_officer_keys_the_zone_in_and_the_service_is_asked_with_the_session() {
    let mut bench = Bench::at(StateKind::Held);
    bench.sign_in().touch(Intent::Officer(officer::Intent::KeyIn));
    for c in CARD.chars().filter(|c| *c != '\n') {
        bench.touch(Intent::Key(c));
    }
    bench.touch(Intent::Officer(officer::Intent::SubmitKeyed));
    assert!(bench.has(|e| matches!(
        e,
        Effect::Inspect(i) if i.how == Source::Keyed && i.officer_session.is_some()
    )));
    bench.record(Ok(found()));
    assert_eq!(bench.completed_by(), Some(CompletedBy::Document));
}

#[test]
fn a_keyed_digit_is_judged_as_soon_as_it_is_typed() {
    let mut bench = Bench::at(StateKind::Held);
    bench.sign_in().touch(Intent::Officer(officer::Intent::KeyIn));
    let checks = |bench: &Bench| match &bench.kiosk.mode {
        Mode::Officer(desk) => match &desk.page {
            officer::Page::KeyIn(keyed) => keyed.checks.iter().map(|c| (c.field, c.verdict)).collect::<Vec<_>>(),
            _ => panic!("left the page"),
        },
        _ => panic!("left the desk"),
    };
    for c in "C1USA000000701".chars() {
        bench.touch(Intent::Key(c));
    }
    assert!(checks(&bench).is_empty(), "the digit itself is not typed yet");
    bench.touch(Intent::Key('1'));
    assert_eq!(checks(&bench), [(mrz::CheckField::DocumentNumber, mrz::Verdict::Disagrees)]);
    bench.touch(Intent::Delete).touch(Intent::Key('0'));
    assert_eq!(checks(&bench), [(mrz::CheckField::DocumentNumber, mrz::Verdict::Ok)]);
}

#[test]
fn an_officers_retry_opens_a_new_presentation_and_needs_no_confirming() {
    let mut bench = Bench::at(StateKind::Referred);
    let before = bench.presentation();
    bench.sign_in().touch(Intent::Officer(officer::Intent::Retry));
    assert!(bench.presentation() > before);
    bench.card(CARD);
    assert_eq!(bench.kind(), Some(StateKind::LookingUp));
}

#[test]
fn out_of_service_comes_and_goes_with_the_reader() {
    let mut bench = Bench::new();
    let device = DeviceId("scanner".into());
    bench.event(Event::Reader(Heard::Lost { device: device.clone(), fault: Fault::NotReachable }));
    assert!(matches!(bench.kiosk.mode, Mode::OutOfService(Why::NoReader)));
    bench.touch(Intent::Begin);
    assert!(bench.kiosk.visit.is_none());
    bench.event(Event::Reader(Heard::Ready { device, identity: "test".into() }));
    assert!(matches!(bench.kiosk.mode, Mode::Traveler));
}

#[test]
fn the_second_decoder_left_behind_in_one_run_restarts_the_program_between_visits_and_once() {
    let restarts = |bench: &Bench| bench.has(|effect| matches!(effect, Effect::Restart));
    let mut bench = Bench::at(StateKind::PresentDocument);
    bench.decoder_failed(DecoderFailure::Panicked).decoder_failed(DecoderFailure::Overran);
    bench.touch(Intent::StartOver);
    assert!(bench.kiosk.visit.is_none() && !restarts(&bench), "one may be chance, and a panic leaves nothing behind");
    bench.at_present().decoder_failed(DecoderFailure::Overran);
    assert!(!restarts(&bench), "not in a visit");
    bench.touch(Intent::StartOver);
    assert!(restarts(&bench) && bench.journaled(JournalEvent::RestartPlanned));
    bench.wait(1);
    assert!(!restarts(&bench), "once");
}

#[test]
fn the_journal_names_the_fault_and_who_must_act() {
    let device = || DeviceId("scanner".into());
    let mut bench = Bench::new();
    let mut told = |event: Heard| {
        let found = bench.event(Event::Reader(event)).effects.iter().find_map(|effect| match effect {
            Effect::Journal(entry) => Some((entry.event, entry.cause.clone().unwrap_or_default(), entry.must_act)),
            _ => None,
        });
        found.unwrap()
    };
    let jam = Heard::Degraded { device: device(), fault: Some(Fault::Jammed) };
    assert_eq!(told(jam), (JournalEvent::DeviceDegraded, "scanner: jammed".into(), MustAct::Technician));
    let well = Heard::Degraded { device: device(), fault: None };
    assert_eq!(told(well), (JournalEvent::DeviceWell, "scanner".into(), MustAct::Nobody));
    let panicked = Heard::DecoderFailed { device: device(), decoder: Decoder::Barcode, how: DecoderFailure::Panicked };
    assert_eq!(told(panicked), (JournalEvent::DecoderFailed, "scanner: barcode panicked".into(), MustAct::Vendor));
    let frozen = Heard::Lost { device: device(), fault: Fault::Frozen };
    assert_eq!(told(frozen), (JournalEvent::DeviceLost, "scanner: frozen".into(), MustAct::Vendor));
}

/// A kiosk with a scanner and a motorised reader, and an officer at its desk.
fn with_a_motorised_reader() -> Bench {
    let mut bench = Bench::new();
    let motor = DeviceId("motor".into());
    bench.kiosk.movers.insert(motor.clone());
    bench.event(Event::Reader(Heard::Ready { device: motor, identity: "test".into() }));
    bench
}

#[test]
fn a_motorised_reader_alone_is_no_reader() {
    let mut bench = with_a_motorised_reader();
    bench.at_present();
    let device = DeviceId("scanner".into());
    bench.event(Event::Reader(Heard::Lost { device, fault: Fault::NotResponding }));
    assert_eq!(bench.kind(), Some(StateKind::Identifier), "nothing is left that reads");
    bench.touch(Intent::StartOver);
    assert!(matches!(bench.kiosk.mode, Mode::OutOfService(Why::NoReader)));
}

#[test]
fn an_officer_gives_a_card_back_and_keeps_one_only_when_asked_twice() {
    use officer::Intent as Ask;
    let ask = |bench: &mut Bench, intent| {
        bench.touch(Intent::Officer(intent));
    };
    let moved = |bench: &Bench| {
        bench.effects.iter().find_map(|effect| match effect {
            Effect::MoveCard { device, keep } => Some((device.0.clone(), *keep)),
            _ => None,
        })
    };
    let mut bench = with_a_motorised_reader();
    ask(&mut bench, Ask::Card);
    assert_eq!(moved(&bench), None, "not without signing in");
    bench.sign_in();
    ask(&mut bench, Ask::KeepCardSurely);
    ask(&mut bench, Ask::Card);
    ask(&mut bench, Ask::KeepCardSurely);
    assert_eq!(moved(&bench), None, "asked twice");
    ask(&mut bench, Ask::GiveCardBack);
    assert_eq!(moved(&bench), Some(("motor".into(), false)));
    ask(&mut bench, Ask::KeepCard);
    assert_eq!(moved(&bench), None);
    ask(&mut bench, Ask::Back);
    ask(&mut bench, Ask::KeepCardSurely);
    assert_eq!(moved(&bench), None, "thought better of it");
    ask(&mut bench, Ask::KeepCard);
    ask(&mut bench, Ask::KeepCardSurely);
    assert_eq!(moved(&bench), Some(("motor".into(), true)));
    let ordered = bench.effects.iter().find_map(|effect| match effect {
        Effect::Journal(entry) => Some((entry.event, entry.cause.clone(), entry.actor.is_some())),
        _ => None,
    });
    assert_eq!(ordered, Some((JournalEvent::CardOrdered, Some("motor: keep".into()), true)));
    let device = DeviceId("motor".into());
    bench.event(Event::Reader(Heard::Card { device, presentation: None, what: CardMove::Captured }));
    assert!(bench.journaled(JournalEvent::CardCaptured));
    assert!(matches!(&bench.kiosk.mode, Mode::Officer(desk) if desk.notice == Some(officer::Notice::CardKept)));
}

#[test]
fn an_officer_who_comes_for_a_card_left_inside_finds_it_first() {
    let mut bench = with_a_motorised_reader();
    let device = || DeviceId("motor".into());
    bench.event(Event::Reader(Heard::Degraded { device: device(), fault: Some(Fault::CardLeft) }));
    bench.sign_in();
    assert!(matches!(&bench.kiosk.mode, Mode::Officer(desk) if matches!(desk.page, officer::Page::Card { .. })));
    bench.event(Event::Reader(Heard::Degraded { device: device(), fault: None }));
    assert!(bench.kiosk.cards_left.is_empty());
}

#[test]
fn a_card_is_left_inside_until_it_is_told_or_known_to_be_gone() {
    let device = || DeviceId("motor".into());
    let degraded = |fault| Event::Reader(Heard::Degraded { device: device(), fault });
    let ready = || Event::Reader(Heard::Ready { device: device(), identity: "test".into() });
    for (what, then, left) in [
        ("well", degraded(None), false),
        ("a lesser fault", degraded(Some(Fault::BinFull)), false),
        ("a graver fault", degraded(Some(Fault::Jammed)), true),
        ("lost", Event::Reader(Heard::Lost { device: device(), fault: Fault::NotReachable }), true),
        ("found again", ready(), false),
    ] {
        let mut bench = with_a_motorised_reader();
        bench.event(degraded(Some(Fault::CardLeft)));
        bench.event(then);
        assert_eq!(!bench.kiosk.cards_left.is_empty(), left, "{what}");
    }
}

#[test]
fn what_becomes_of_a_card_in_a_motorised_reader_is_journaled() {
    for (what, event) in
        [(CardMove::NotTaken, JournalEvent::CardNotTaken), (CardMove::Captured, JournalEvent::CardCaptured)]
    {
        let mut bench = Bench::new();
        bench.event(Event::Reader(Heard::Card { device: DeviceId("motor".into()), presentation: None, what }));
        assert!(bench.journaled(event));
    }
}

#[test]
fn a_reader_that_comes_back_joins_in_and_the_others_go_on() {
    for kind in StateKind::ALL {
        let mut bench = Bench::at(kind);
        let newest = PresentationNo(bench.kiosk.presentations);
        let camera = DeviceId("camera".into());
        bench.event(Event::Reader(Heard::Ready { device: camera.clone(), identity: "test".into() }));
        assert!(!bench.has(|effect| matches!(effect, Effect::Arm { .. })), "{kind:?}: nothing is begun anew");
        assert!(
            bench.has(|effect| matches!(effect, Effect::Join { presentation, device } if *presentation == newest && *device == camera)),
            "{kind:?}"
        );
        assert_eq!(bench.kind(), Some(kind));
    }
}

#[test]
fn a_quarantined_kiosk_refers_the_running_visit_and_goes_out_of_service_after_it() {
    let mut bench = Bench::at(StateKind::BackupCode);
    bench.event(Event::Barred(true));
    assert_eq!(bench.held_for(), Some(ReferralReason::Technical));
    bench.touch(Intent::StartOver);
    assert!(matches!(bench.kiosk.mode, Mode::OutOfService(Why::Barred)));
}

#[test]
fn the_agencys_times_hold_from_the_next_visit_on() {
    let timers = Timers { warn_s: 300, answer_s: 20, complete_s: 7, referred_s: 8, held_s: 9 };
    let mut bench = Bench::new();
    bench.event(policy(4, Some(timers)));
    bench.at_code().wait(290);
    assert_eq!(bench.kind(), Some(StateKind::BackupCode), "the kiosk's own minute does not count any more");
    bench.wait(11);
    assert_eq!(bench.kind(), Some(StateKind::StillThere));
    bench.touch(Intent::MoreTime).event(policy(4, None)).wait(60);
    assert_eq!(bench.kind(), Some(StateKind::StillThere), "taken back: the kiosk's own minute counts again");
    bench.wait(20);
    assert!(bench.kiosk.visit.is_some(), "and its own half minute to answer");
}

/// What can go wrong under a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    ReaderLost,
    /// One of two.
    OtherReaderLost,
    ReaderBack,
    ReaderDegraded,
    AnotherUnit,
    DecoderPanicked,
    DecodersOverran,
    CardNotTaken,
    JournalFull,
    Barred,
    OfficerCalled,
    StartedOver,
    /// Ten minutes without any input or answer.
    Silence,
}

const TROUBLES: [Trouble; 13] = [
    Trouble::ReaderLost,
    Trouble::OtherReaderLost,
    Trouble::ReaderBack,
    Trouble::ReaderDegraded,
    Trouble::AnotherUnit,
    Trouble::DecoderPanicked,
    Trouble::DecodersOverran,
    Trouble::CardNotTaken,
    Trouble::JournalFull,
    Trouble::Barred,
    Trouble::OfficerCalled,
    Trouble::StartedOver,
    Trouble::Silence,
];

/// Where a visit is after trouble: `None` is wiped. No wildcard: a new state or trouble does not compile without a cell.
fn outcome(state: StateKind, trouble: Trouble) -> Option<StateKind> {
    use StateKind as S;
    match (trouble, state) {
        (Trouble::JournalFull | Trouble::StartedOver | Trouble::Silence, _) => None,
        (Trouble::ReaderLost, S::PresentDocument | S::Reading) => Some(S::Identifier),
        // Nobody tells which of the two had the document: it is asked for, and taken from the other if that has it.
        (Trouble::OtherReaderLost, S::Reading) => Some(S::PresentDocument),
        (
            Trouble::ReaderBack
            | Trouble::ReaderDegraded
            | Trouble::AnotherUnit
            | Trouble::DecoderPanicked
            | Trouble::DecodersOverran
            | Trouble::CardNotTaken,
            S::PresentDocument | S::Reading,
        )
        | (Trouble::OtherReaderLost, S::PresentDocument) => Some(state),
        (
            Trouble::ReaderLost
            | Trouble::OtherReaderLost
            | Trouble::ReaderBack
            | Trouble::ReaderDegraded
            | Trouble::AnotherUnit
            | Trouble::DecoderPanicked
            | Trouble::DecodersOverran
            | Trouble::CardNotTaken,
            S::Language
            | S::ConfirmDocument
            | S::LookingUp
            | S::Identifier
            | S::BackupCode
            | S::Verifying
            | S::NotVerified
            | S::Complete
            | S::Referred
            | S::Held
            | S::StillThere,
        ) => Some(state),
        (Trouble::Barred | Trouble::OfficerCalled, S::Complete | S::Referred | S::Held) => Some(state),
        (
            Trouble::Barred | Trouble::OfficerCalled,
            S::Language
            | S::PresentDocument
            | S::Reading
            | S::ConfirmDocument
            | S::LookingUp
            | S::Identifier
            | S::BackupCode
            | S::Verifying
            | S::NotVerified
            | S::StillThere,
        ) => Some(S::Held),
    }
}

#[test]
fn every_state_has_an_outcome_for_every_trouble() {
    for state in StateKind::ALL {
        for trouble in TROUBLES {
            let mut bench = Bench::at(state);
            let device = DeviceId("scanner".into());
            let identity = "test".to_owned();
            match trouble {
                Trouble::ReaderLost => {
                    bench.event(Event::Reader(Heard::Lost { device, fault: Fault::NotReachable }));
                }
                Trouble::OtherReaderLost => {
                    bench.event(Event::Reader(Heard::Ready { device: DeviceId("camera".into()), identity }));
                    bench.event(Event::Reader(Heard::Lost { device, fault: Fault::NotReachable }));
                }
                Trouble::ReaderBack => {
                    bench.event(Event::Reader(Heard::Ready { device, identity }));
                }
                Trouble::ReaderDegraded => {
                    let fault = Some(Fault::ProtocolErrors);
                    bench.event(Event::Reader(Heard::Degraded { device, fault }));
                }
                Trouble::AnotherUnit => {
                    bench.event(Event::Reader(Heard::AnotherUnit { device }));
                }
                Trouble::DecoderPanicked => {
                    bench.decoder_failed(DecoderFailure::Panicked);
                }
                Trouble::DecodersOverran => {
                    // The restart waits for the end of the visit.
                    bench.decoder_failed(DecoderFailure::Overran).decoder_failed(DecoderFailure::Overran);
                    assert!(!bench.has(|effect| matches!(effect, Effect::Restart)));
                }
                Trouble::CardNotTaken => {
                    bench.event(Event::Reader(Heard::Card { device, presentation: None, what: CardMove::NotTaken }));
                }
                Trouble::JournalFull => {
                    bench.event(Event::Journal { writable: false });
                    let aborted = |e: &Effect| {
                        matches!(e, Effect::Journal(entry) if entry.event == JournalEvent::VisitAborted
                            && entry.visit.is_some() && entry.cause.as_deref() == Some("journal_not_writable"))
                    };
                    assert!(bench.has(aborted), "{state:?}: the visit has no end in the journal");
                    assert!(matches!(bench.kiosk.mode, Mode::OutOfService(Why::JournalNotWritable)));
                }
                Trouble::Barred => {
                    bench.event(Event::Barred(true));
                }
                Trouble::OfficerCalled => {
                    bench.touch(Intent::CallOfficer);
                }
                Trouble::StartedOver => {
                    bench.touch(Intent::StartOver);
                }
                Trouble::Silence => {
                    for _ in 0..600 {
                        bench.wait(1);
                        assert_eq!(
                            bench.completed_by().is_some(),
                            state == StateKind::Complete && bench.kiosk.visit.is_some(),
                            "silence completes nothing"
                        );
                    }
                }
            }
            assert_eq!(bench.kind(), outcome(state, trouble), "{state:?} with {trouble:?}");
        }
    }
}

mod random_walks {
    use super::*;
    use proptest::prelude::*;

    fn any_event() -> impl Strategy<Value = u8> {
        0..26_u8
    }

    fn play(bench: &mut Bench, step: u8) -> bool {
        // Whether this step is an answer of the service that says yes.
        match step {
            0 => drop(bench.touch(Intent::Begin)),
            1 => drop(bench.touch(Intent::ChooseLanguage(Language::Spanish))),
            2 => drop(bench.card(CARD)),
            3 => drop(bench.failed_try()),
            4 => drop(bench.touch(Intent::ConfirmYes)),
            5 => drop(bench.touch(Intent::CannotUseCard)),
            6 => {
                for c in "A000000701".chars() {
                    bench.touch(Intent::Key(c));
                }
            }
            7 => drop(bench.type_code()),
            8 => drop(bench.touch(Intent::Forward)),
            9 => drop(bench.touch(Intent::Back)),
            10 => drop(bench.touch(Intent::Cancel)),
            11 => drop(bench.touch(Intent::TryAgain)),
            12 => drop(bench.touch(Intent::CallOfficer)),
            13 => drop(bench.touch(Intent::MoreTime)),
            14 => drop(bench.wait(13)),
            15 => drop(bench.wait(61)),
            16 => drop(bench.touch(Intent::StartOver)),
            17 => {
                if bench.kiosk.visit.as_ref().is_some_and(|v| v.reference.is_some()) {
                    bench.stored();
                }
            }
            18 if bench.kind() == Some(StateKind::LookingUp) => {
                bench.record(Ok(RecordAnswer { record: Record::NotFound, ..found() }));
            }
            19 if bench.kind() == Some(StateKind::Verifying) => drop(bench.code_answer(Ok(CodeAnswer::NotVerified))),
            20 if bench.kind() == Some(StateKind::Verifying) => drop(bench.code_answer(Err(CallFailure::Unknown))),
            21 if bench.kind() == Some(StateKind::LookingUp) => {
                bench.record(Ok(found()));
                return true;
            }
            22 if bench.kind() == Some(StateKind::Verifying) => {
                bench.code_answer(Ok(CodeAnswer::Verified { clear: true, holder: None }));
                return true;
            }
            23 | 24 => {
                let presentation = bench.presentation();
                witness(bench, presentation, step == 23);
            }
            _ => drop(bench.touch(Intent::NoCode)),
        }
        false
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever people do and in whatever order: a visit completes only in the step in which the service says yes,
        /// none stays complete by a document that another mark of it contradicts, and codes sent never exceed three.
        #[test]
        fn nothing_but_a_yes_of_the_service_completes_a_visit(steps in proptest::collection::vec(any_event(), 1..60)) {
            let mut bench = Bench::new();
            for step in steps {
                let before = bench.completed_by();
                let yes = play(&mut bench, step);
                if before.is_none() && bench.completed_by().is_some() {
                    prop_assert!(yes, "completed by step {step}");
                }
                if let Some(visit) = &bench.kiosk.visit {
                    let contradicted =
                        matches!(&visit.reading, Some(Reading::Zone(read)) if read.barcode_agrees == Some(false));
                    prop_assert!(!contradicted || bench.completed_by() != Some(CompletedBy::Document));
                    prop_assert!(visit.codes_sent <= 3);
                }
            }
        }
    }
}
