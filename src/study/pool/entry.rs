//! One run as its worker and whoever looks on share it: its newest snapshot, its past where no file holds
//! it, and whether its worker should let go of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::guard::guard;
use crate::experiments::Experiment;
use crate::model::Weights;
use crate::study::claim::holder::Holder;
use crate::study::disk::trail::Trail;
use crate::study::plan::Run;
use crate::study::snapshot::Snapshot;

/// What is shared of one run.
pub struct Entry {
    pub run: Run,
    /// The run's settings as the plan has them now: the same, but for test sets and figures.
    asked: Mutex<Arc<Experiment>>,
    pub trail: Trail,
    /// Where its worker leaves its newest snapshot.
    slot: Mutex<Option<Arc<Snapshot>>>,
    /// Its past by landmark, where no file holds it.
    kept: Mutex<BTreeMap<usize, Vec<u8>>>,
    /// What the board says, where a worker can look at every step.
    wanted_back: AtomicBool,
    /// Which other process has it, where the study is shared.
    holder: Mutex<Option<Holder>>,
}

impl Entry {
    /// Of a run that has not begun.
    pub fn new(run: Run) -> Arc<Self> {
        let trail = Trail::new(&run.settings);
        let wanted_back = AtomicBool::new(false);
        let asked = Mutex::new(run.settings.clone());
        let (slot, kept, holder) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { run, asked, trail, slot, kept, wanted_back, holder })
    }

    /// Which other process has the run, where the study is shared; as it was seen last.
    pub fn holder(&self) -> Option<Holder> {
        guard(&self.holder).clone()
    }

    /// Another process has been seen to have it, or none.
    pub fn set_holder(&self, holder: Option<Holder>) {
        *guard(&self.holder) = holder;
    }

    /// The run's settings as the plan has them now.
    pub fn asked(&self) -> Arc<Experiment> {
        guard(&self.asked).clone()
    }

    /// The plan has other test sets or figures now.
    pub fn ask(&self, settings: Arc<Experiment>) {
        *guard(&self.asked) = settings;
    }

    /// Whether the worker should let go of the run after this step.
    pub fn is_wanted_back(&self) -> bool {
        self.wanted_back.load(Ordering::Relaxed)
    }

    /// Repeats what the board says, whose lock is held.
    pub fn set_wanted_back(&self, wanted: bool) {
        self.wanted_back.store(wanted, Ordering::Relaxed);
    }

    /// Leaves what the run is now for whoever wants to look.
    pub fn leave(&self, step: u64, weights: Weights) {
        *guard(&self.slot) = Some(Arc::new(Snapshot { step, weights }));
    }

    /// What was left last.
    pub fn newest(&self) -> Option<Arc<Snapshot>> {
        guard(&self.slot).clone()
    }

    /// Keeps the record of a landmark.
    pub fn keep(&self, landmark: usize, record: Vec<u8>) {
        guard(&self.kept).insert(landmark, record);
    }

    /// The snapshot of a landmark, or of the last one before it that was kept here.
    pub fn past(&self, landmark: usize) -> Option<Snapshot> {
        let kept = guard(&self.kept);
        let (number, record) = kept.range(..=landmark).next_back()?;
        self.trail.snapshot(*number, record)
    }

    /// Forgets everything: the run starts over.
    pub fn clear(&self) {
        guard(&self.kept).clear();
        *guard(&self.slot) = None;
    }
}
