//! A resolver that hangs, and many who ask for one name.

use std::sync::{Condvar, Mutex};

use super::super::outside::channel;
use super::*;

static GATE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// Hangs until the gate opens, except for names that begin with `quick`.
fn hanging(host: &str) -> io::Result<Vec<IpAddr>> {
    if host.starts_with("quick") {
        return Ok(vec![IpAddr::from([127, 0, 0, 1])]);
    }
    let mut open = GATE.0.lock().unwrap();
    while !*open {
        open = GATE.1.wait(open).unwrap();
    }
    Err(io::Error::other("gave up"))
}

async fn next(resolver: &mut Resolver, answers: &mut super::super::outside::Receiver) -> Vec<Resolved> {
    match answers.recv().await {
        Some(Outside::Resolved { host, result }) => resolver.answered(&host, &result),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn hanging_lookups_hold_nobody_and_are_limited() {
    let (answer, mut answers) = channel();
    let mut resolver = Resolver::new(hanging, answer);
    for n in 0..RUNNING as u64 - 1 {
        assert!(resolver.ask(Ticket(n), format!("slow{n}")).is_none());
    }
    // Two who ask for one name share a look-up; the last free place serves it while all others hang.
    assert!(resolver.ask(Ticket(100), "quick".into()).is_none());
    assert!(resolver.ask(Ticket(101), "quick".into()).is_none());
    let answered = next(&mut resolver, &mut answers).await;
    let tickets: Vec<_> = answered.iter().map(|(ticket, _)| ticket.0).collect();
    assert_eq!(tickets, [100, 101]);
    assert!(answered.iter().all(|(_, result)| result.as_ref().is_ok_and(|ips| ips.len() == 1)));
    // The queue is bounded, and says so at once.
    let mut refused = None;
    for n in 0..=WAITING as u64 {
        refused = refused.or(resolver.ask(Ticket(1000 + n), "slow0".into()));
    }
    assert!(refused.is_some_and(|(_, result)| result.is_err()));
    *GATE.0.lock().unwrap() = true;
    GATE.1.notify_all();
    let mut failed = 0;
    while failed < RUNNING - 1 + WAITING - (RUNNING - 1) {
        let answered = next(&mut resolver, &mut answers).await;
        assert!(answered.iter().all(|(_, result)| result == &Err("gave up".to_owned())));
        failed += answered.len();
    }
    assert_eq!(resolver.waiting, 0);
}
