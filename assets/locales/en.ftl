# The kiosk's words in English: the catalogue that the enum of messages is made from.
# A traveler's message is short, active, without jargon and without blame; it never says "error" and never shows a code.

## The frame
step-language = Language
step-document = Document
step-check = Check
step-done = Done
start-over = Start over
back = Back
cancel = Cancel
close = Close
help = Help
settings-open = Language and display
delete = Delete
clear = Clear
space-key = Space
staff-corner = Staff
test-mode = Test mode: specimen documents are accepted
unsigned-profiles = The table of documents is not signed
reference = Reference
take-card = Take your card

## Attract
attract-title = Touch to begin
attract-help = Have your card or passport ready
attract-kiosk = Kiosk { $number } · Lane { $lane }

## Language
language-title = Choose your language
language-help = You can change it at any time at the top.
language-size = Text size
language-contrast = Colors
size-normal = Normal
size-large = Large
size-largest = Largest
contrast-normal = Light
contrast-high = Contrast
contrast-dark = Dark
language-privacy = Your data is used for this check only and wiped when you leave.
privacy-open = How your data is used

## Presenting a document
present-title = Put your card in the reader
present-help = Printed lines facing down. Take it out of its cover first.
present-title-camera = Show your card to the camera
present-help-camera = Printed lines facing the camera. Take it out of its cover first.
present-help-either = Or hold it in front of the camera. Take it out of its cover first.
present-passport = Passport: open it at the page with your photo.
present-passport-help = The two long printed lines at the bottom are what is read.
present-cannot = I cannot use my card
present-again = We could not read it yet.
present-again-help = Wipe the card, lay it flat and hold it still.
advice-closer = Bring the card closer.
advice-closer-help = The printed lines should fill the frame.
advice-farther = Move the card back a little.
advice-farther-help = The whole card should be in the picture.
advice-hold-still = Hold the card still.
advice-hold-still-help = Rest it on the glass for a moment.
advice-tilt = A reflection covers the printed lines.
advice-tilt-help = Tilt the card a little, then hold it still.
advice-more-light = It is too dark to read.
advice-more-light-help = Move your hand so that light reaches the card.
advice-whole-card = Part of the card is outside the picture.
advice-whole-card-help = Show the whole card with all its printed lines.
advice-turn-over = This is the other side.
advice-turn-over-help = Turn the card over, so that the printed lines face the reader.
advice-remove-cover = Something lies over the card.
advice-remove-cover-help = Take it out of its cover or sleeve.
advice-another-document = This barcode alone is not enough.
advice-another-document-help = Use a card or passport with printed lines.

## Reading
reading-title = Reading your card
reading-help = Leave it where it is for a moment.
reading-found = Your card is there
reading-lines = Finding the printed lines
reading-read = Reading them

## Confirming
confirm-title = Is this your document?
confirm-help = Part of it is hidden, so that only you recognize it.
confirm-name = Name
confirm-type = Document
confirm-number = Number
confirm-yes = Yes, it is mine
confirm-no = No, not mine
document-passport = Passport
document-passport-card = Passport card
document-permanent-resident-card = Permanent resident card
document-employment-authorization = Employment authorization card
document-visa = Visa
document-reentry-permit = Reentry permit
document-refugee-travel-document = Refugee travel document
document-driver-licence = Driver license
document-national-id = National identity card
document-crew-certificate = Crew member certificate
document-emergency-travel-document = Emergency travel document
document-other = Travel document

## Asking the record service
looking-title = Checking your record
looking-help = This usually takes about two seconds.
looking-read = Read: { $document }
looking-lines = The printed lines are complete
looking-asking = Asking the record service…
looking-comparing = Comparing your details
looking-slow = Still waiting. If there is no answer within { $seconds } seconds, an officer will help you.
verifying-title = Checking your code
verifying-number = Number noted: { $number }
verifying-code = Code typed without a slip
verifying-asking = Asking the record service…
verifying-answer = Waiting for its answer

## The number
identifier-title = Enter your number
identifier-title-confirm = Is this your number?
identifier-help-a-number = 7 to 9 digits. Your card calls it A-Number or USCIS#.
identifier-help-receipt = 3 letters and 10 digits, on your notice.
identifier-help-confirm = Compare it with your card or notice, digit by digit.
identifier-a-number = A-Number · USCIS#
identifier-receipt = Receipt · case number
identifier-refused = This number is not complete yet.
identifier-refused-a-number = It has 7, 8 or 9 digits and is not all zeros.
identifier-refused-receipt = It has 3 letters, then 10 digits. The digit 0 is a zero.
identifier-next = Next
identifier-right = Yes, go on
identifier-change = Change it
no-code = I have no code

## The backup code
code-title = Enter your backup code
code-help = { $characters } characters in groups of five. Each group is checked as you type.
code-groups-right = { $count ->
    [1] Group 1 is complete
    [2] Groups 1 and 2 are complete
   *[other] Groups 1 to { $count } are complete
}
code-all-right = Your code is complete. Touch “Check code”.
code-wrong = Check these 5 characters
code-start = You can also hold the code’s QR in front of the reader.
code-never = We never ask for this code by e-mail, text or phone. It has no letters I, L, O or U.
code-clear = Clear group
code-six-groups = My code has 6 groups
code-four-groups = My code has 4 groups
code-check = Check code

## After the code
not-verified-title = We could not confirm this code
not-verified-help = You can try again, or an officer can help you.
not-verified-hint = Compare your number and your code with what you wrote down.
not-verified-hint-help = Nothing you typed is kept.
try-again = Try again
see-officer = See an officer

## The end of a visit
complete-title = Your record was found
complete-title-officer = An officer has checked your document
complete-help = Please go to the officer at { $gate }.
complete-help-anywhere = Please go to an officer.
complete-reference = The reference holds no personal data. Show it to the officer.
complete-storing = Your reference will appear here in a moment.
finish = Finish
referred-title = Please see an officer
referred-help = An officer will continue with you at { $gate }.
referred-help-anywhere = An officer will continue with you.
referred-reference = Show this reference. You do not need to type anything again.
storing-title = One moment, please
storing-help = Your details are being passed to an officer.
held-title = Please stay here
held-help = Ask an officer at { $counter } to come to this kiosk.
held-help-anywhere = Ask an officer to come to this kiosk.
held-help-called = An officer is coming to this kiosk.
held-saving = Your request is still being passed on.
held-saving-help = Everything you entered stays here until then.
call-officer = Call an officer
officer-called = An officer has been called

## Time
still-title = Do you need more time?
still-help = Without an answer this visit ends and everything you entered is wiped.
still-more = Yes, more time
still-end = End now

## Out of service
out-title = Please use another kiosk
out-help = This one is resting. You can also go to { $counter }.

## Sheets
help-title = How can we help?
help-now-language = Touch the language you read best. Text size and colors can be changed too.
help-now-document = Put down your card or passport and leave it there. If you cannot use it, touch “I cannot use my card”.
help-now-check = The kiosk asks the record service about your document. You do not need to do anything.
help-now-number = Type the number printed on your card or notice. If you do not have it, touch “I have no code”.
help-now-code = Type the backup code that you made in your account. If you do not have one, touch “I have no code”.
help-now-done = Follow the directions on the screen. An officer decides about your entry.
help-officer = An officer can always help you, free of charge.
settings-title = Language and display
privacy-title = Your data
privacy-use = What you show or type is used only to find your record with the agency’s record service.
privacy-wipe = When your visit ends, this kiosk wipes your name, number, code and pictures. No picture is kept.
privacy-officer = If you are sent to an officer, they see what was read and why the kiosk could not go on, for at most four hours.
privacy-decision = This kiosk decides nothing about your entry. A person does.

## Officer
officer-header = Officer · Lane { $lane } · Kiosk { $number }
officer-clock = Signed in { $since } · visit { $visit } · signs out in { $left }
officer-clock-none = Signed in { $since } · no visit · signs out in { $left }
officer-clock-out = Not signed in
officer-offline = Signed in without the service: overrides are sent when it answers again.
sign-out = Sign out
sign-in = Sign in
officer-sign-in-title = Officer sign-in
officer-sign-in-help = Scan your badge or type its number, then your PIN.
badge = Badge
pin = PIN
signing-in = Signing in…
technician = Technician
officer-visit-title = This visit
officer-no-visit-title = No visit at this kiosk
officer-no-visit-help = Open a referral by its reference, or sign out.
officer-opened-title = Referral { $reference }
officer-opened-help = Kiosk { $kiosk }, lane { $lane }
officer-reading = Reading, failed tries: { $tries } of { $max }
officer-reading-keyed = Zone keyed in by hand
officer-reading-none = Nothing has been read yet
officer-accepted = accepted
officer-not-accepted = not accepted: { $reason }
reason-no-zone = no printed lines found
reason-too-small = too far away
reason-too-close = too close
reason-wrong-side = wrong side
reason-blurred = blurred
reason-moving = moving
reason-glare = glare
reason-too-dark = too dark
reason-cut-off = cut off
reason-low-confidence = some characters are doubtful
reason-not-mrz-text = printed text, but no zone
field-document-number = Document number
field-birth-date = Birth date
field-expiry-date = Expiry date
field-personal-number = Personal number
field-composite = Composite
field-name = Name (no digit)
field-record = Record service
field-document = Document
field-status = Document status
field-barcode = Barcode
field-seal = Seal
field-deviation = Deviation of the issuer
field-boarding-pass = Boarding pass (hint)
field-receipt = Receipt number (hint)
field-other-code = Other code
field-layout = Document code
layout-general = unknown: read by the general layout
barcode-agrees = agrees
barcode-differs = differs: { $fields }
code-not-verified = present, not verified
code-no-identity = not an identity document: { $kind }, { $issuer }
field-licence = Licence
field-licence-missing = Missing in the barcode
licence-facts = { $kind }, { $real_id }, { $term }
licence-enhanced = enhanced
licence-ordinary = ordinary
licence-real-id = REAL ID
licence-no-real-id = not REAL ID
licence-real-id-unsaid = REAL ID not stated
licence-limited = limited term
licence-unlimited = full term
seal-not-checked = present, not checked
field-mismatch = Differs in
field-why = Reason
field-code = Backup code
field-identifier = Number
verdict-ok = agrees
verdict-disagrees = disagrees
verdict-absent = not printed
percent = { $share } %
record-found = found
record-not-found = not found
record-refer = refer
record-none = not asked
status-valid = valid
status-expired = expired
status-reported-lost = reported lost
status-unknown = unknown
code-answer-verified = verified
code-answer-refer = verified, refer
code-answer-not = not verified
why-document-unreadable = unreadable
why-check-document = document check
why-code-not-verified = code not verified
why-technical = technical
why-asked-for-officer = asked for officer
why-complete = completed
why-open = visit running
override-reason = Reason for an override (required)
override-worn = Card worn or damaged
override-name = Name misread
override-fault = Reader fault
override-other = Other, with a note
override-note = Note
override-closed = The record’s answer does not allow an override. Refer, or end the visit.
retry = Retry
key-in = Key in
refer = Refer
override = Override
pull-up = Pull up the record
open-referral = Open a referral
close-referral = Close the referral
end-visit = End the visit
key-in-title = Key in the zone
key-in-help = Type the rows as printed. Check digits are judged as you type.
key-in-caption = Row { $row } of { $rows }
key-in-whole = The rows are complete
key-in-waiting = Asking the record service…
key-in-submit = Use these rows
key-in-clear = Clear row
refer-title = Refer to secondary
refer-help = Choose a code. The traveler sees one neutral wording, never the code.
refer-submit = Refer
refer-er = ER · Enforcement
refer-rr = RR · Random
refer-dr = DR · Declaration
refer-ap = AP · Not on the carrier’s manifest
refer-ea = EA · Entry authorization
refer-bf = BF · Biometric
refer-cd = CD · Check documents
refer-tr = TR · Technical
open-title = Open a referral
open-help = Type the reference that the traveler shows, or scan it.
open-reference = Reference
open-waiting = Looking for it…
open-submit = Open
notice-sign-in-refused = Badge and PIN were not accepted.
notice-sign-in-refused-help = Check both and try again. After five tries there is a pause.
notice-sign-in-unavailable = The service does not answer.
notice-sign-in-unavailable-help = Sign-in without it works only for 12 hours after your last sign-in here.
notice-referral-not-found = No referral has this reference.
notice-referral-not-found-help = References are kept for four hours. Check it and try again.
notice-service-unavailable = The record service does not answer.
notice-service-unavailable-help = Refer the traveler, or try again in a moment.
notice-journal = The journal cannot be written, so there is no override.
notice-journal-help = Refer the traveler and call a technician.
notice-note-required = A note is needed with this reason.
notice-note-required-help = One sentence is enough.
card-title = Card in the reader
card-keep-title = Keep this card?
card-help = Give it back to the traveler, or keep it for the agency.
card-keep-help = It goes into the bin. Only a technician can take it out again.
card-left-inside = A card is inside that nobody took.
card-reader-gone = The motorised reader does not answer.
card-give-back = Give the card back
card-keep = Keep the card
card-keep-surely = Keep it
notice-card-asked = The reader was asked.
notice-card-asked-help = If nothing moves within 20 seconds, no card is inside.
notice-card-offered = The card is held out.
notice-card-offered-help = Take it, or let the traveler take it.
notice-card-kept = The card is in the bin.
notice-card-kept-help = The journal says who kept it.
notice-override-not-offered = An override is not possible here.
notice-override-not-offered-help = It is for a failed scan only. Refer, or end the visit.

## Technician
tech-header = Diagnostics · Kiosk { $number }
tech-facts = { $version } ({ $commit }) · up { $uptime } · last start: { $boot ->
    [first_start] the first
    [clean] clean
    [crash] after a crash
    [power_loss] after a power cut
   *[other] { $boot }
}
tech-signed = { $technician } · machine { $machine } · clock { $clock }
tech-sign-in-title = Technician sign-in
tech-sign-in-help = Hold your credential’s QR in front of the reader, then type your PIN.
tech-credential-waiting = Waiting for the credential
tech-credential-read = Credential read
tech-leave = Leave
tech-overview-title = Devices and services
tech-camera = Camera
tech-mock = Mock visit
tech-test = Test
tech-testing = Testing…
tech-try = Try a document
tech-try-now = Put a document down…
tech-test-all = Test all
tech-overview = Overview
device-scanner = Document scanner
device-camera = Camera
device-service = Record service
device-certificate = Certificate
device-journal = Journal
device-log = Service's log
device-outbox = Overrides
device-reads = { $good } good, { $failed } failed
device-reconnects = { $count ->
    [one] 1 reconnect
   *[other] { $count } reconnects
}
device-starting = starting
fault-not-reachable = not reachable
fault-not-responding = no answer
fault-protocol = garbled answers
fault-frozen = picture frozen
fault-black = picture black
fault-wrong-size = pictures of a wrong size
fault-slow = pictures come slowly
fault-unsupported = not supported
fault-config-rejected = setting refused
fault-sensor-covered = sensor covered
fault-jammed = card stuck
fault-card-left = card left inside
fault-bin-full = bin full
fault-mechanism = mechanical fault
must-act-nobody = ready
must-act-traveler = traveler
must-act-officer = officer
must-act-technician = technician
must-act-vendor = vendor
test-result = { $name }: { $facts }
stages-title = Last reading, stage by stage
stages-none = Nothing has been read since the start.
stage-time = { $stage } { $ms } ms
camera-title = Camera
camera-help = Live picture with the zone found, and the stages of the last reading.
camera-none = No picture yet. Is the camera connected?
mock-title = Mock visit
mock-help = A test card, read and asked for as in a visit. Nothing is stored.
mock-present = Put a test card in the reader
mock-read = Read: { $read }
mock-asking = Asking the record service…
mock-answered = The service answered
mock-answered-help = { $detail }
mock-silent = The service did not answer
mock-again = Once more
notice-credential-refused = This credential and PIN were not accepted.
notice-credential-expired = This credential has expired.
notice-credential-expired-help = Ask for a new one from the service.
notice-locked = Too many tries. Please wait.
notice-credential-help = Check the PIN, or scan the credential again.
