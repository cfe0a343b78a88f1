//! The threads that listen: one a sentinel for its events, one for the signals that end the demo.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use watchkeeper_resp::Frame;

use super::Feed;
use super::client::{PATIENCE, connect};
use super::phases::Seen;
use crate::ask::texts;

/// Before a sentinel that cannot be reached is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// Reports the events of one sentinel until nobody wants them. `ready` is told when the subscription stands.
pub(super) fn listen(sentinel: usize, port: u16, ready: &Sender<usize>, reports: &Sender<Feed>) {
    loop {
        if let Ok(Ended::NobodyListens) = subscription(sentinel, port, ready, reports) {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

enum Ended {
    NobodyListens,
}

fn subscription(sentinel: usize, port: u16, ready: &Sender<usize>, reports: &Sender<Feed>) -> Result<Ended> {
    let mut conn = connect(port)?;
    conn.send(&["PSUBSCRIBE", "*"])?;
    loop {
        let Some(frame) = conn.receive(PATIENCE)? else { continue };
        let at = Instant::now();
        match event(&frame) {
            Message::Subscribed => drop(ready.send(sentinel)),
            Message::Event { name, payload } => {
                if reports.send(Feed::Event(Seen { at, sentinel, name, payload })).is_err() {
                    return Ok(Ended::NobodyListens);
                }
            }
            Message::Other => {}
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Message {
    Subscribed,
    Event { name: String, payload: String },
    Other,
}

fn event(frame: &Frame) -> Message {
    let mut words = texts(frame).into_iter();
    match words.next().as_deref() {
        Some("psubscribe") => Message::Subscribed,
        Some("pmessage") => {
            let name = words.nth(1).unwrap_or_default();
            Message::Event { name, payload: words.next().unwrap_or_default() }
        }
        _ => Message::Other,
    }
}

/// Turns SIGINT, SIGTERM and SIGHUP into [`Feed::Stop`]. From its return on, they no longer end the process.
pub(super) fn catch_signals(reports: Sender<Feed>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let signals = runtime.block_on(async {
        let of = |kind| signal(kind).context("catch Ctrl-C");
        Ok::<_, anyhow::Error>((
            of(SignalKind::interrupt())?,
            of(SignalKind::terminate())?,
            of(SignalKind::hangup())?,
        ))
    })?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let (mut interrupt, mut terminate, mut hangup) = signals;
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                if reports.send(Feed::Stop).is_err() {
                    return;
                }
            }
        });
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_event_is_recognised() {
        let bulk = |text: &str| Frame::Bulk(text.as_bytes().to_vec());
        let frame = Frame::Array(vec![bulk("pmessage"), bulk("*"), bulk("+new-epoch"), bulk("3")]);
        assert_eq!(event(&frame), Message::Event { name: "+new-epoch".into(), payload: "3".into() });
        let frame = Frame::Array(vec![bulk("psubscribe"), bulk("*"), Frame::Integer(1)]);
        assert_eq!(event(&frame), Message::Subscribed);
        assert_eq!(event(&bulk("PONG")), Message::Other);
    }
}
