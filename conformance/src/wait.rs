//! Waiting for a condition, never for a time: a loaded machine makes tests slow, not wrong.

use std::time::{Duration, Instant};

/// Pause between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(20);

/// What one look at a condition can give: a value, or why it is not there yet.
pub trait Outcome {
    /// what the caller gets once the condition holds
    type Value;
    /// The value, or the reason it is still missing (printed when the deadline passes).
    ///
    /// # Errors
    /// The reason.
    fn outcome(self) -> Result<Self::Value, String>;
}

impl Outcome for bool {
    type Value = ();
    fn outcome(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("it is false".to_owned()) }
    }
}

impl<T> Outcome for Option<T> {
    type Value = T;
    fn outcome(self) -> Result<T, String> {
        self.ok_or_else(|| "nothing there".to_owned())
    }
}

impl<T, E: std::fmt::Display> Outcome for Result<T, E> {
    type Value = T;
    fn outcome(self) -> Result<T, String> {
        self.map_err(|error| error.to_string())
    }
}

/// Looks until `look` succeeds and returns its value.
///
/// # Panics
/// When `deadline` passes, naming `what` and the last reason given.
pub fn eventually<O: Outcome>(deadline: Duration, what: &str, mut look: impl FnMut() -> O) -> O::Value {
    let end = Instant::now() + deadline;
    loop {
        let reason = match look().outcome() {
            Ok(value) => return value,
            Err(reason) => reason,
        };
        assert!(Instant::now() < end, "not within {deadline:?}: {what}; last look: {reason}");
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_handed_over_once_there() {
        let mut looks = 0;
        let value = eventually(Duration::from_secs(5), "third look", || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(value, 3);
    }

    #[test]
    #[should_panic(expected = "last look: still cold")]
    fn reason_is_told_when_time_is_up() {
        eventually(Duration::from_millis(30), "warm", || Err::<(), _>("still cold"));
    }
}
