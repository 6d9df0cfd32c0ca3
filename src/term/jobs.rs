//! Whether a shell is there to bring back what has stopped. Without one a stopped program would stay so.

use rustix::process::{Pid, getpgid, getpgrp, getppid, getsid};

/// Most processes between this one and a shell: `cargo run` is one.
const MOST: usize = 64;

/// Whether somebody in another group of this session looks after our group: what job control means.
pub fn are_controlled() -> bool {
    let (Ok(session), group) = (getsid(None), getpgrp()) else { return false };
    let mut above = getppid();
    for _ in 0..MOST {
        let Some(process) = above else { return false };
        if getsid(Some(process)) != Ok(session) {
            return false;
        }
        if getpgid(Some(process)) != Ok(group) {
            return true;
        }
        above = parent(process);
    }
    false
}

/// The parent of a process of ours.
fn parent(process: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    // After the name, which may hold anything: the state, then the parent.
    let (_, rest) = stat.rsplit_once(')')?;
    Pid::from_raw(rest.split_whitespace().nth(1)?.parse().ok()?)
}
