//! Notification and client-reconfiguration scripts: a bounded queue, retries with growing delays, a time limit.

use std::collections::VecDeque;

use crate::event::EventKind;
use crate::io::{Output, ScriptId, ScriptInput};
use crate::limits::{SCRIPT_QUEUE_MAX, SCRIPT_RUNS_MAX, SCRIPTS_RUNNING_MAX};
use crate::shared::Shared;
use crate::time::Mono;

/// The queue of jobs, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scripts {
    pub(crate) jobs: VecDeque<Job>,
    next: u64,
}

/// One script with its arguments, through all its runs.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) argv: Vec<String>,
    /// runs started
    pub(crate) runs: u32,
    pub(crate) state: JobState,
}

#[derive(Debug, Clone)]
pub(crate) enum JobState {
    Waiting { not_before: Mono },
    Running { script: ScriptId, since: Mono, pid: u32, killed: bool },
}

impl Scripts {
    pub(crate) fn running(&self) -> usize {
        self.jobs.iter().filter(|job| matches!(job.state, JobState::Running { .. })).count()
    }

    /// Adds a job. When the queue is too long the oldest waiting one is dropped.
    pub(crate) fn enqueue(&mut self, argv: Vec<String>, now: Mono) {
        self.jobs.push_back(Job { argv, runs: 0, state: JobState::Waiting { not_before: now } });
        if self.jobs.len() > SCRIPT_QUEUE_MAX {
            let waiting = self.jobs.iter().position(|job| matches!(job.state, JobState::Waiting { .. }));
            if let Some(oldest) = waiting {
                self.jobs.remove(oldest);
            }
        }
    }

    /// When something is due: a start, or a time limit.
    pub(crate) fn deadline(&self, max_runtime: u64) -> Option<Mono> {
        let full = self.running() >= SCRIPTS_RUNNING_MAX;
        self.jobs
            .iter()
            .filter_map(|job| match &job.state {
                JobState::Waiting { not_before } if !full => Some(*not_before),
                JobState::Running { since, killed: false, .. } => Some(*since + max_runtime + 1),
                JobState::Waiting { .. } | JobState::Running { .. } => None,
            })
            .min()
    }
}

impl Shared {
    /// Starts what is due and kills what runs too long.
    pub(crate) fn run_scripts(&mut self) {
        if self.scripts.jobs.is_empty() {
            return;
        }
        let now = self.now.mono;
        let mut running = self.scripts.running();
        for job in &mut self.scripts.jobs {
            if running >= SCRIPTS_RUNNING_MAX {
                break;
            }
            if let JobState::Waiting { not_before } = job.state {
                if not_before <= now {
                    self.scripts.next += 1;
                    let script = ScriptId(self.scripts.next);
                    job.runs += 1;
                    running += 1;
                    job.state = JobState::Running { script, since: now, pid: 0, killed: false };
                    self.out.push(Output::Script { script, argv: job.argv.clone() });
                }
            }
        }
        let mut late = Vec::new();
        for job in &mut self.scripts.jobs {
            if let JobState::Running { script, since, pid, killed } = &mut job.state {
                if !*killed && now.since(*since) > self.tuning.script_max_runtime {
                    *killed = true;
                    late.push((*script, format!("{} {pid}", job.argv[0])));
                }
            }
        }
        for (script, payload) in late {
            self.emit(EventKind::ScriptTimeout, None, payload, None);
            self.out.push(Output::KillScript { script });
        }
    }

    /// Takes news of a script.
    pub(crate) fn script_input(&mut self, script: ScriptId, what: &ScriptInput) {
        let found = self.scripts.jobs.iter().position(
            |job| matches!(&job.state, JobState::Running { script: running, .. } if *running == script),
        );
        let Some(index) = found else { return };
        match *what {
            ScriptInput::Started { pid: started } => {
                if let JobState::Running { pid, .. } = &mut self.scripts.jobs[index].state {
                    *pid = started;
                }
                self.emit(EventKind::ScriptChild, None, started.to_string(), None);
            }
            ScriptInput::NotStarted => {
                // Not the script's fault: it keeps its number of runs and is tried again soon.
                let job = &mut self.scripts.jobs[index];
                job.runs -= 1;
                job.state = JobState::Waiting { not_before: self.now.mono + NOT_STARTED_RETRY };
                let payload = format!("{} 99 0", job.argv[0]);
                self.emit(EventKind::ScriptError, None, payload, None);
            }
            ScriptInput::Exited { code, signal } => self.script_exited(index, code, signal),
        }
    }

    fn script_exited(&mut self, index: usize, code: i32, signal: i32) {
        let job = &mut self.scripts.jobs[index];
        let JobState::Running { pid, .. } = job.state else { return };
        let path = job.argv[0].clone();
        let retry = (signal != 0 || code == 1) && job.runs < SCRIPT_RUNS_MAX;
        if retry {
            let delay = self.tuning.script_retry_delay.saturating_mul(1 << (job.runs - 1));
            job.state = JobState::Waiting { not_before: self.now.mono + delay };
        } else {
            self.scripts.jobs.remove(index);
        }
        self.emit(EventKind::ScriptChildEnd, None, format!("{pid} {code} {signal}"), None);
        if !retry && (signal != 0 || code != 0) {
            self.emit(EventKind::ScriptError, None, format!("{path} {signal} {code}"), None);
        }
    }
}

/// Milliseconds before a script whose process could not be made is tried again.
const NOT_STARTED_RETRY: u64 = 100;
