//! Whether a shell is there to bring back what has stopped. Without one a stopped program would stay so.

use std::fs;

/// Most processes between this one and a shell: `cargo run` is one.
const MOST: usize = 64;

/// Whether somebody in another group of this session looks after our group: what job control means.
///
/// The system's calls are not asked: in a container they answer 0 for a session that began outside of it,
/// which a library takes for impossible.
pub fn are_controlled() -> bool {
    let Some(own) = Kin::of("self") else { return false };
    let mut parent = own.parent;
    for _ in 0..MOST {
        let Some(above) = Kin::of(&parent.to_string()) else { return false };
        if above.session != own.session {
            return false;
        }
        if above.group != own.group {
            return true;
        }
        parent = above.parent;
    }
    false
}

/// Whom a process belongs to; 0 is what lies outside of this container.
#[derive(Debug, PartialEq)]
struct Kin {
    parent: u32,
    group: u32,
    session: u32,
}

impl Kin {
    /// Of a process by its number, or of `self`; none where Linux' /proc does not show it.
    fn of(process: &str) -> Option<Self> {
        Self::read(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    fn read(stat: &str) -> Option<Self> {
        // After the name, which may hold anything: the state, then what is asked for.
        let (_, rest) = stat.rsplit_once(')')?;
        let mut numbers = rest.split_whitespace().skip(1).map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self { parent: next()?, group: next()?, session: next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_from_outside_a_container_is_read_like_any_other() {
        let read = Kin::read("12 (a) b) (c) S 0 12 0 34816 12 4194304 1 0");
        assert_eq!(read, Some(Kin { parent: 0, group: 12, session: 0 }));
        assert_eq!(Kin::read("12 (cut) S 0"), None);
        assert!(Kin::of("self").is_some_and(|kin| kin.group != 0 || kin.session == 0));
    }
}
