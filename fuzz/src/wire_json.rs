//! Any bytes as the body of each call: a request, or a refusal; what is taken is written and read again alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use verification_api::wire::{
    AssistanceRequest, CertificateRequest, ClosedRequest, EnrolRequest, HeartbeatRequest, InspectionRequest,
    OverrideRequest, ReferralRequest, SignInRequest, VerificationRequest,
};

fuzz_target!(|bytes: &[u8]| {
    let Some((which, body)) = bytes.split_first() else { return };
    match which % 10 {
        0 => taken::<VerificationRequest>(body),
        1 => taken::<InspectionRequest>(body),
        2 => taken::<ReferralRequest>(body),
        3 => taken::<ClosedRequest>(body),
        4 => taken::<OverrideRequest>(body),
        5 => taken::<HeartbeatRequest>(body),
        6 => taken::<AssistanceRequest>(body),
        7 => taken::<SignInRequest>(body),
        8 => taken::<CertificateRequest>(body),
        _ => taken::<EnrolRequest>(body),
    }
});

fn taken<T: DeserializeOwned + Serialize + PartialEq>(body: &[u8]) {
    // As the service's edge reads it.
    if let Ok(request) = serde_json::from_slice::<T>(body) {
        let written = serde_json::to_vec(&request).unwrap();
        assert!(serde_json::from_slice::<T>(&written).is_ok_and(|again| again == request));
    }
}
