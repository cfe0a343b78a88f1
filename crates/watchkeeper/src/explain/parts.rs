//! Which of several logs are one sentinel's: a log and what was rotated away from it, a log and its copy. They are read
//! as one, so that nobody votes twice.

use std::collections::BTreeSet;

/// What is known of a log before it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) name: &'a str,
    /// ids of the sentinels that speak in it
    pub(super) ids: &'a BTreeSet<String>,
}

/// For each log the one it is read as, by number: itself, or the one of the shortest name among its like.
pub(super) fn wholes(logs: &[Known<'_>]) -> Vec<usize> {
    let mut wholes: Vec<usize> = (0..logs.len()).collect();
    for (at, log) in logs.iter().enumerate() {
        // A part without an id joins by its name those that came before it, and so do those that come later.
        let like = |(other, earlier): &(usize, &Known<'_>)| wholes[*other] == *other && same(log, earlier);
        let like: Vec<usize> =
            logs.iter().enumerate().take(at).filter(like).map(|(other, _)| other).collect();
        for other in like {
            for whole in &mut wholes {
                if *whole == other {
                    *whole = at;
                }
            }
        }
    }
    let shortest = |whole: usize| {
        let of = (0..logs.len()).filter(|at| wholes[*at] == whole);
        of.min_by_key(|at| (logs[*at].name.len(), *at)).unwrap_or(whole)
    };
    wholes.iter().map(|whole| shortest(*whole)).collect()
}

/// Whether two logs are the same sentinels'.
fn same(a: &Known<'_>, b: &Known<'_>) -> bool {
    if a.ids.is_empty() || b.ids.is_empty() {
        return stem(a.name) == stem(b.name) && a.name != "-";
    }
    a.ids == b.ids || (stem(a.name) == stem(b.name) && !a.ids.is_disjoint(b.ids))
}

/// The name of a log without what rotating adds: `.1`, `-20261128`, `.old`.
fn stem(name: &str) -> &str {
    let mut stem = name;
    loop {
        let shorter = stem
            .rsplit_once(['.', '-'])
            .filter(|(front, end)| {
                let number = !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
                let rotated = number && (front.contains(".log") || end.len() >= 8);
                (rotated || ["old", "bak"].contains(end)) && !front.is_empty()
            })
            .map(|(front, _)| front);
        let Some(shorter) = shorter else { break };
        stem = shorter;
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(logs: &[(&str, &[&str])]) -> Vec<usize> {
        let ids: Vec<BTreeSet<String>> =
            logs.iter().map(|(_, ids)| ids.iter().map(|id| (*id).to_owned()).collect()).collect();
        let known: Vec<Known<'_>> =
            logs.iter().zip(&ids).map(|((name, _), ids)| Known { name, ids }).collect();
        wholes(&known)
    }

    #[test]
    fn rotated_logs_are_one() {
        assert_eq!(
            of(&[("s1.log.1", &["a"]), ("s1.log", &[]), ("s2.log.1", &[]), ("s2.log", &["b"])]),
            [1, 1, 3, 3]
        );
        assert_eq!(of(&[("s.log-20261127", &[]), ("s.log-20261128", &["a"]), ("s.log", &[])]), [2, 2, 2]);
        assert_eq!(of(&[("x/s1.log", &[]), ("y/s1.log", &[])]), [0, 1]);
        assert_eq!(of(&[("sentinel-1", &[]), ("sentinel-2", &[])]), [0, 1]);
    }

    #[test]
    fn copies_are_one_whatever_their_names() {
        assert_eq!(of(&[("s1.copy.log", &["a"]), ("s2.log", &["b"]), ("s1.log", &["a"])]), [2, 1, 2]);
        assert_eq!(of(&[("s1.log", &[]), ("s1.log", &[])]), [0, 0]);
        assert_eq!(of(&[("a.log", &["a", "b"]), ("b.log", &["b", "c"])]), [0, 1]);
    }

    #[test]
    fn another_sentinel_of_the_same_name_is_another() {
        assert_eq!(of(&[("s.log.1", &["a"]), ("s.log", &["b"])]), [0, 1]);
    }
}
