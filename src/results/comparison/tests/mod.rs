//! What is compared with what, and how often a difference is claimed that is not there.

mod rules;
mod simulation;
