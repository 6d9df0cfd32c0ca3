//! Who trains the study: this process, another one, several, or nobody. What may be done here and what the
//! header says follow from it.

use std::{collections::BTreeSet, time::Duration};

use crate::{config::presentable, study::Holder};

/// Who trains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trainer {
    /// This process.
    #[default]
    Here,
    /// Another process.
    Elsewhere(Holder),
    /// Other processes that share the study; those that have runs of it.
    Several(Vec<Holder>),
    /// Nobody: whoever trained is gone.
    Nobody,
}

/// Who trains the study, and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trainers {
    /// Who trains.
    pub trainer: Trainer,
    /// Whether this process can take it over.
    pub can_take: bool,
    /// Whether it was asked for, and has not been given yet.
    pub asked: bool,
    /// For how long something of the study has been worked on, where that is known.
    pub worked: Option<Duration>,
    /// Worker threads, where that is known.
    pub jobs: Option<usize>,
    /// Other processes that this one shares the study with, those that have runs of it.
    pub others: Vec<Holder>,
}

/// So many processes, and where they are.
pub fn crowd(holders: &[Holder]) -> String {
    let hosts: BTreeSet<&str> = holders.iter().map(|holder| holder.host.as_str()).collect();
    let host = hosts.first().map(|host| presentable(host, 24)).unwrap_or_default();
    match (holders, hosts.len()) {
        ([], _) => "processes that share the study".to_owned(),
        ([one], _) => format!("PID {} on {host}", one.pid),
        (many, 1) => format!("{} processes on {host}", many.len()),
        (many, hosts) => format!("{} processes on {hosts} hosts", many.len()),
    }
}
