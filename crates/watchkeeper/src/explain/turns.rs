//! In which order to read streams of several sentinels that have no times. What they have in common is the epoch: it is
//! raised by each failover, and every sentinel tells when it enters the next. Within one, all sentinels miss the master,
//! get its answers again, and name the new one. So each event has a turn, and what is of an earlier turn is read first.

use watchkeeper_core::event::EventKind;

use super::said::{Said, Subject};
use super::source::Entry;

/// Rounds told apart within an epoch.
const ROUNDS: i64 = 1 << 16;
/// Epochs told apart.
const EPOCHS: i64 = 1 << 40;

/// Where a stream is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    epoch: i64,
    /// what has happened in this epoch
    round: i64,
    state: State,
}

/// What the stream told last of a master.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Quiet,
    Missed,
    Back,
    Switched,
}

impl Turns {
    /// Of a stream that begins in this epoch.
    pub(super) fn from(epoch: u64) -> Turns {
        Turns { epoch: bounded(epoch), ..Turns::default() }
    }

    /// The turn of the next event.
    pub(super) fn take(&mut self, entry: &Entry) -> i64 {
        if let Some(epoch) = entered(entry).map(bounded).filter(|epoch| *epoch > self.epoch) {
            (self.epoch, self.round) = (epoch, 0);
        }
        let Said::Event(event) = &entry.said else { return self.turn() };
        let of_master = matches!(event.subject, Subject::Master(_));
        if event.kind == EventKind::SwitchMaster {
            self.enter(State::Switched);
        } else if event.kind == EventKind::SubjectivelyDown && of_master {
            self.enter(State::Missed);
        } else if event.kind == EventKind::SubjectivelyUp && of_master {
            self.enter(State::Back);
        }
        self.turn()
    }

    fn enter(&mut self, state: State) {
        if state == State::Switched {
            // Not all who tell of a switch have missed the master, or got answers again.
            self.round = (self.round + 1).max(ROUNDS / 2);
        } else if self.state != state {
            self.round += 1;
        }
        self.round = self.round.min(ROUNDS - 1);
        self.state = state;
    }

    fn turn(&self) -> i64 {
        self.epoch * ROUNDS + self.round
    }
}

fn bounded(epoch: u64) -> i64 {
    i64::try_from(epoch).unwrap_or(EPOCHS).min(EPOCHS)
}

/// The epoch that a sentinel tells with this.
pub(super) fn entered(entry: &Entry) -> Option<u64> {
    let Said::Event(event) = &entry.said else { return None };
    // `<epoch>`, `<id> <epoch>`
    let place =
        [EventKind::NewEpoch, EventKind::VoteForLeader].iter().position(|kind| *kind == event.kind)?;
    event.detail.get(place)?.parse().ok()
}

/// In which epoch each stream begins, by the first that each enters; one that enters none begins with the first.
pub(super) fn beginnings(entered: &[Option<u64>]) -> Vec<u64> {
    let first = entered.iter().flatten().min().map_or(0, |epoch| epoch.saturating_sub(1));
    entered.iter().map(|epoch| epoch.map_or(first, |epoch| epoch.saturating_sub(1))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    /// How many events of a stream have each turn, as epoch and round.
    fn turns(begins: u64, events: &[&str]) -> Vec<(i64, i64)> {
        let text: String = events.iter().map(|event| format!("{event}\n")).collect();
        let mut source = Source::new("x", Box::new(std::io::Cursor::new(text)), None);
        let mut turns = Turns::from(begins);
        let mut found = Vec::new();
        while let Some(entry) = source.next().unwrap() {
            let turn = turns.take(&entry);
            found.push((turn / ROUNDS, turn % ROUNDS));
        }
        found
    }

    const DOWN: &str = "+sdown master m 10.0.0.1 6379";
    const UP: &str = "-sdown master m 10.0.0.1 6379";
    const SWITCH: &str = "+switch-master m 10.0.0.1 6379 10.0.0.2 6379";

    #[test]
    fn a_switch_has_the_same_turn_for_all() {
        const HALF: i64 = ROUNDS / 2;
        assert_eq!(turns(0, &[DOWN, "+new-epoch 1", SWITCH]), [(0, 1), (1, 0), (1, HALF)]);
        assert_eq!(turns(0, &["+new-epoch 1", SWITCH]), [(1, 0), (1, HALF)]);
        let back = [DOWN, "+vote-for-leader aa 1", UP, SWITCH, "+sdown master m 10.0.0.2 6379"];
        assert_eq!(turns(0, &back), [(0, 1), (1, 0), (1, 1), (1, HALF), (1, HALF + 1)]);
    }

    #[test]
    fn a_master_that_comes_and_goes_has_a_turn_each_time() {
        assert_eq!(turns(3, &[DOWN, UP, DOWN, UP]), [(3, 1), (3, 2), (3, 3), (3, 4)]);
        // What one says before it misses the master comes before what another says that misses it.
        let reset = "+reset-master master m 10.0.0.1 6379";
        assert_eq!(turns(3, &[reset, DOWN, reset]), [(3, 0), (3, 1), (3, 1)]);
        let many: Vec<&str> =
            (0..ROUNDS as usize + 5).map(|at| if at % 2 == 0 { DOWN } else { UP }).collect();
        assert_eq!(turns(3, &many).last(), Some(&(3, ROUNDS - 1)));
        assert!(turns(u64::MAX, &[DOWN])[0].0 == EPOCHS);
    }

    #[test]
    fn a_stream_begins_before_the_first_epoch_it_enters() {
        assert_eq!(beginnings(&[Some(5), None, Some(4)]), [4, 3, 3]);
        assert_eq!(beginnings(&[None, Some(0)]), [0, 0]);
    }
}
