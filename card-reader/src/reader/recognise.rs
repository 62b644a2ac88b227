//! The worker thread in which pictures are read: one at a time, each decoder under a catch and a time limit. One that
//! overruns cannot be stopped, only left behind; its worker is replaced and its late answer dropped.

use super::{Decoder, Frame, PresentationNo};
use crate::barcode::{self, Barcode, Effort};
use crate::ocr::{self, LumaImage, MrzReading, NotRead};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What is called to read a picture; tests bring their own.
#[derive(Clone, Copy)]
pub(super) struct Decoders {
    pub zone: fn(&LumaImage) -> Result<MrzReading, NotRead>,
    pub barcodes: fn(&LumaImage, Effort) -> Vec<Barcode>,
}

impl Decoders {
    pub(super) const OURS: Self = Self { zone: ocr::read, barcodes: barcode::read };
}

/// One picture to be read.
pub(super) struct Job {
    pub camera: usize,
    pub presentation: PresentationNo,
    pub zone: bool,
    pub effort: Effort,
    pub frame: Frame,
}

/// What was on it.
pub(super) struct Found {
    worker: u64,
    pub camera: usize,
    pub presentation: PresentationNo,
    /// `None` if no zone was looked for, or its decoder panicked.
    pub zone: Option<Result<MrzReading, NotRead>>,
    pub barcodes: Vec<Barcode>,
    pub panicked: Option<Decoder>,
}

#[cfg(test)]
impl Found {
    pub(super) const fn for_tests(
        camera: usize,
        presentation: PresentationNo,
        zone: Option<Result<MrzReading, NotRead>>,
        barcodes: Vec<Barcode>,
    ) -> Self {
        Self { worker: 0, camera, presentation, zone, barcodes, panicked: None }
    }
}

/// The current worker thread.
pub(super) struct Worker {
    number: u64,
    jobs: Sender<Job>,
    doing: Arc<AtomicU8>,
    busy_since: Option<(Instant, usize)>,
    decoders: Decoders,
    limit: Duration,
    found: mpsc::UnboundedSender<Found>,
}

const DOING_ZONE: u8 = 0;
const DOING_BARCODE: u8 = 1;

impl Worker {
    /// `limit`: after this long a decoder is abandoned.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn start(decoders: Decoders, limit: Duration, found: mpsc::UnboundedSender<Found>) -> io::Result<Self> {
        let doing = Arc::new(AtomicU8::new(DOING_ZONE));
        let jobs = spawn(0, decoders, Arc::clone(&doing), found.clone())?;
        Ok(Self { number: 0, jobs, doing, busy_since: None, decoders, limit, found })
    }

    pub(super) const fn is_busy(&self) -> bool {
        self.busy_since.is_some()
    }

    /// Gives it a picture. It must be idle.
    pub(super) fn read(&mut self, now: Instant, job: Job) {
        self.busy_since = Some((now, job.camera));
        // Its end is noticed by the time limit.
        let _ = self.jobs.send(job);
    }

    /// Whether an answer is this worker's, and not one of a worker left behind. It is idle then.
    pub(super) fn finished(&mut self, found: &Found) -> bool {
        let ours = found.worker == self.number;
        if ours {
            self.busy_since = None;
        }
        ours
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.busy_since.map(|(since, _)| since + self.limit)
    }

    /// Leaves an overrun decoder behind, if it is one: names it and the camera whose picture it was, and goes on with a new thread.
    pub(super) fn abandon_overrun(&mut self, now: Instant) -> Option<(usize, Decoder)> {
        let (_, camera) = self.busy_since.filter(|(since, _)| now >= *since + self.limit)?;
        let decoder = match self.doing.load(Ordering::Relaxed) {
            DOING_ZONE => Decoder::Zone,
            _ => Decoder::Barcode,
        };
        let doing = Arc::new(AtomicU8::new(DOING_ZONE));
        match spawn(self.number + 1, self.decoders, Arc::clone(&doing), self.found.clone()) {
            Ok(jobs) => {
                self.number += 1;
                self.jobs = jobs;
                self.doing = doing;
                self.busy_since = None;
            }
            Err(error) => {
                tracing::error!(%error, "no thread for a new decoder; trying again");
                self.busy_since = Some((now, camera));
            }
        }
        Some((camera, decoder))
    }
}

fn spawn(
    worker: u64,
    decoders: Decoders,
    doing: Arc<AtomicU8>,
    found: mpsc::UnboundedSender<Found>,
) -> io::Result<Sender<Job>> {
    let (jobs, inbox) = channel::<Job>();
    std::thread::Builder::new().name("recognise".to_owned()).spawn(move || {
        while let Ok(job) = inbox.recv() {
            if found.send(look(worker, decoders, &doing, job)).is_err() {
                return;
            }
        }
    })?;
    Ok(jobs)
}

fn look(worker: u64, decoders: Decoders, doing: &AtomicU8, job: Job) -> Found {
    let Job { camera, presentation, zone, effort, frame } = job;
    let mut panicked = None;
    let zone = zone.then(|| {
        doing.store(DOING_ZONE, Ordering::Relaxed);
        catch_unwind(AssertUnwindSafe(|| (decoders.zone)(&frame)))
    });
    let zone = match zone {
        Some(Err(_)) => {
            panicked = Some(Decoder::Zone);
            None
        }
        Some(Ok(zone)) => Some(zone),
        None => None,
    };
    doing.store(DOING_BARCODE, Ordering::Relaxed);
    let panics = barcode::panics_in_this_thread();
    let barcodes = catch_unwind(AssertUnwindSafe(|| (decoders.barcodes)(&frame, effort))).unwrap_or_else(|_| {
        panicked = Some(Decoder::Barcode);
        Vec::new()
    });
    // The foreign decoder's own are caught closer to it, so that what else was found is kept.
    if barcode::panics_in_this_thread() != panics {
        panicked = Some(Decoder::Barcode);
    }
    Found { worker, camera, presentation, zone, barcodes, panicked }
}

#[cfg(test)]
mod tests {
    use super::{Decoders, Job, Worker};
    use crate::barcode::{self, Effort};
    use crate::clock::now;
    use crate::ocr::{LumaImage, NotRead, Reason};
    use crate::reader::{Decoder, PresentationNo};
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::sync::mpsc;

    const GOOD: Decoders =
        Decoders { zone: |_| Err(NotRead::because(Reason::NoZone, None)), barcodes: |_, _| Vec::new() };

    fn job(number: u64) -> Job {
        Job {
            camera: 0,
            presentation: PresentationNo(number),
            zone: true,
            effort: Effort::Frame,
            frame: Arc::new(LumaImage { width: 1, height: 1, pixels: vec![number as u8] }),
        }
    }

    #[test]
    fn a_panicking_decoder_is_named_and_the_next_picture_is_read() {
        let (found, mut results) = mpsc::unbounded_channel();
        let decoders = Decoders {
            zone: |frame| if frame.pixels[0] == 1 { panic!("on purpose") } else { (GOOD.zone)(frame) },
            ..GOOD
        };
        let mut worker = Worker::start(decoders, Duration::from_secs(5), found).unwrap();
        worker.read(now(), job(1));
        let first = results.blocking_recv().unwrap();
        assert_eq!(first.panicked, Some(Decoder::Zone));
        assert!(first.zone.is_none());
        assert!(worker.finished(&first) && !worker.is_busy());
        worker.read(now(), job(2));
        assert!(results.blocking_recv().unwrap().zone.is_some_and(|zone| zone.is_err()));
    }

    #[test]
    fn a_panic_inside_the_foreign_barcode_decoder_is_named_too() {
        let (found, mut results) = mpsc::unbounded_channel();
        let decoders = Decoders {
            barcodes: |frame, _| {
                barcode::guarded(|| if frame.pixels[0] == 1 { panic!("on purpose") } else { Vec::new() })
            },
            ..GOOD
        };
        let mut worker = Worker::start(decoders, Duration::from_secs(5), found).unwrap();
        for (number, panicked) in [(1, Some(Decoder::Barcode)), (2, None), (1, Some(Decoder::Barcode))] {
            worker.read(now(), job(number));
            let found = results.blocking_recv().unwrap();
            assert_eq!(found.panicked, panicked);
            assert!(found.zone.is_some(), "the zone's decoder did its work");
            assert!(worker.finished(&found));
        }
    }

    #[test]
    fn a_decoder_that_overruns_is_left_behind_and_its_late_answer_dropped() {
        let (found, mut results) = mpsc::unbounded_channel();
        let limit = Duration::from_millis(30);
        let hanging = Decoders {
            barcodes: |frame, _| {
                if frame.pixels[0] == 1 {
                    std::thread::park_timeout(Duration::from_millis(300));
                }
                Vec::new()
            },
            ..GOOD
        };
        let mut worker = Worker::start(hanging, limit, found).unwrap();
        let start = now();
        worker.read(start, job(1));
        assert!(worker.abandon_overrun(start).is_none(), "not yet");
        std::thread::park_timeout(limit);
        while worker.abandon_overrun(now()) != Some((0, Decoder::Barcode)) {}
        assert!(!worker.is_busy());
        worker.read(now(), job(2));
        let next = results.blocking_recv().unwrap();
        assert_eq!(next.presentation, PresentationNo(2));
        assert!(worker.finished(&next));
        let late = results.blocking_recv().unwrap();
        assert_eq!(late.presentation, PresentationNo(1));
        assert!(!worker.finished(&late));
    }
}
