//! Every order of events of one election, within bounds small enough for every test run.

use watchkeeper_sim::explore::{Begin, Bounds, Explored, explore};

fn explored(bounds: &Bounds) -> Explored {
    explore(bounds, &mut |_| {})
}

fn small() -> Bounds {
    Bounds { crashes: 0, failed_writes: 0, ..Bounds::default() }
}

#[test]
fn an_election_with_a_refused_write_breaks_nothing_in_any_order() {
    let explored = explored(&Bounds { failed_writes: 1, ..small() });
    assert!(explored.complete && explored.violation.is_none(), "{explored}");
    assert!(explored.states > 50_000 && explored.elected > 10_000, "{explored}");
}

#[test]
fn situations_that_count_as_one_have_the_same_future() {
    let explored = explored(&Bounds { verify: true, ..small() });
    assert!(explored.complete && explored.violation.is_none(), "{explored}");
    assert_eq!(explored.difference, None);
}

#[test]
fn threads_change_nothing() {
    let two = explored(&Bounds { threads: 2, ..small() });
    let one = explored(&Bounds { threads: 1, ..small() });
    assert_eq!(one, two);
}

/// A disk that says it has written and has not: the vote is forgotten in a crash and given a second time.
#[test]
fn a_disk_that_lies_is_found_by_the_shortest_way() {
    let bounds = Bounds { disk_lies: true, crashes: 1, timers: 0, ..small() };
    let violation = explored(&bounds).violation.expect("a vote that is not on disk is given twice");
    assert!(violation.what.contains("votes twice in epoch 1"), "{violation}");
    assert!(violation.trace.len() <= 8, "{violation}");
    assert!(violation.trace.iter().any(|(_, what, _)| what.contains("crashes")), "{violation}");
    let honest = explored(&Bounds { disk_lies: false, ..bounds });
    assert!(honest.complete && honest.violation.is_none(), "{honest}");
}

#[test]
fn bounds_are_read_and_bad_ones_explained() {
    let mut bounds = Bounds::default();
    for text in ["begin=silent", "timers=2", "epochs=3", "crashes-each=2", "replicas=2"] {
        bounds.set(text).unwrap();
    }
    let expected = Bounds {
        begin: Begin::Silent,
        timers: 2,
        epochs: 3,
        crashes_each: 2,
        replicas: 2,
        ..Bounds::default()
    };
    assert_eq!(bounds, expected);
    for text in ["timers", "timers=x", "sneezes=1", "replicas=3", "epochs=0", "begin=now", "timers=300"] {
        let why = bounds.set(text).unwrap_err();
        assert!(why.contains(text) && why.contains("hint: "), "{why}");
    }
}
