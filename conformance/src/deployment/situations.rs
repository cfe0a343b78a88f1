//! What is done to the deployment, and what must hold within a minute each time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::compose::Compose;
use super::look::{self, SENTINELS, SERVERS};
use super::writer::{Writer, Written, lost};

/// Each situation must have settled by then.
const SETTLED: Duration = Duration::from_secs(60);
/// The first start also makes images and finds everybody.
const STARTED: Duration = Duration::from_secs(120);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// The containers of server a.
const A: [&str; 4] = ["redis-1", "redis-2", "sentinel-1", "sentinel-2"];
/// The containers of server b.
const B: [&str; 3] = ["redis-3", "sentinel-3", "sentinel-4"];

/// One situation.
#[derive(Debug)]
pub struct Situation {
    /// what `--only` calls it
    pub name: &'static str,
    /// whether a master was harmed, so that writes it alone had may be lost
    harms_master: bool,
    run: fn(&mut Stage) -> Result<(), String>,
}

/// All of them, in the order they are run.
pub const SITUATIONS: &[Situation] = &[
    Situation { name: "up", harms_master: false, run: up },
    Situation { name: "kill-master", harms_master: true, run: kill_master },
    Situation { name: "old-master-returns", harms_master: false, run: old_master_returns },
    Situation { name: "kill-middle", harms_master: false, run: kill_middle },
    Situation { name: "middle-returns", harms_master: false, run: all_return },
    Situation { name: "lose-server-a", harms_master: true, run: lose_server_a },
    Situation { name: "server-a-returns", harms_master: false, run: all_return },
    Situation { name: "lose-server-b", harms_master: true, run: lose_server_b },
    Situation { name: "server-b-returns", harms_master: false, run: all_return },
    Situation { name: "cut-network", harms_master: true, run: cut_network },
    Situation { name: "heal-network", harms_master: true, run: heal_network },
    Situation { name: "pause-master", harms_master: true, run: pause_master },
    Situation { name: "unpause", harms_master: true, run: unpause },
    Situation { name: "recreate", harms_master: true, run: recreate },
    Situation { name: "down-and-up", harms_master: true, run: down_and_up },
];

/// The deployment and what is known of it.
struct Stage {
    compose: Arc<Compose>,
    writer: Option<Writer>,
    /// services that are meant not to run, or cannot be reached
    gone: Vec<String>,
    paused: Vec<String>,
    cut: Vec<String>,
    master: String,
    ids: Vec<String>,
    note: String,
}

/// Runs all situations, or the start and those of `only`; how many did not settle.
///
/// # Errors
/// It could not be started at all.
pub fn run(only: &[String], keep: bool) -> Result<usize, String> {
    let compose = Arc::new(Compose::new(keep));
    println!("building the images");
    compose.compose(&["build", "--force-rm"])?;
    let mut stage = Stage {
        compose,
        writer: None,
        gone: Vec::new(),
        paused: Vec::new(),
        cut: Vec::new(),
        master: String::new(),
        ids: Vec::new(),
        note: String::new(),
    };
    let chosen = |situation: &&Situation| {
        only.is_empty() || situation.name == "up" || only.iter().any(|name| name == situation.name)
    };
    println!("{:<20} {:>7} {:>7} {:>8} {:>5}  line", "situation", "settled", "writes", "gap", "lost");
    let mut failed = 0;
    for situation in SITUATIONS.iter().filter(chosen) {
        if let Err(reason) = play(&mut stage, situation) {
            failed += 1;
            println!("{:<20} FAILED: {reason}", situation.name);
            stage.tell();
            if situation.name == "up" {
                break;
            }
        }
    }
    Ok(failed)
}

/// One situation, with its line of the report.
fn play(stage: &mut Stage, situation: &Situation) -> Result<(), String> {
    if let Some(writer) = &stage.writer {
        writer.take(situation.name);
    }
    stage.note.clear();
    let began = Instant::now();
    (situation.run)(stage)?;
    let took = began.elapsed();
    let written = match &stage.writer {
        Some(writer) => writer.take("between"),
        None => Written::default(),
    };
    let lost =
        if written.key.is_empty() { Vec::new() } else { lost(&stage.compose, &stage.master, &written)? };
    let line = look::line(&stage.compose, &|name| stage.runs(name)).unwrap_or_default().join(" -> ");
    println!(
        "{:<20} {:>5.1} s {:>7} {:>5} ms {:>5}  {line} {}",
        situation.name,
        took.as_secs_f64(),
        written.acknowledged.len(),
        written.gap.as_millis(),
        lost.len(),
        stage.note
    );
    if stage.writer.is_none() {
        stage.writer = Some(Writer::start(&stage.compose));
    }
    if !lost.is_empty() && !situation.harms_master {
        return Err(format!("{} acknowledged writes are lost though no master was harmed", lost.len()));
    }
    Ok(())
}

impl Stage {
    fn runs(&self, service: &str) -> bool {
        ![&self.gone, &self.paused, &self.cut].iter().any(|list| list.iter().any(|name| name == service))
    }

    /// Waits until everything that runs is in one line, in sync, agreed on by all, and writes go on.
    fn settle(&mut self, deadline: Duration) -> Result<Vec<String>, String> {
        let until = Instant::now() + deadline;
        let mut count = None;
        loop {
            let reason = match self.settled() {
                Ok(line) => {
                    // Whoever wrote before it settled may be writing to somebody else.
                    let Some(writer) = &self.writer else { return Ok(line) };
                    let first = *count.get_or_insert(writer.count());
                    if writer.count() > first + 10 {
                        return Ok(line);
                    }
                    "nothing is written".to_owned()
                }
                Err(reason) => reason,
            };
            if Instant::now() > until {
                return Err(format!("not within {deadline:?}: {reason}"));
            }
            std::thread::sleep(PAUSE); // between two looks at a condition
        }
    }

    fn settled(&mut self) -> Result<Vec<String>, String> {
        let runs = |name: &str| self.runs(name);
        let line = look::line(&self.compose, &runs)?;
        look::caught_up(&self.compose, &line)?;
        let master = line.first().cloned().unwrap_or_default();
        look::agreed(&self.compose, &master, &runs)?;
        self.master = master;
        Ok(line)
    }

    /// What everybody says, for a report of a failure.
    fn tell(&self) {
        for name in SERVERS {
            match look::server(&self.compose, name) {
                Ok(it) => println!(
                    "    {name} ({:?}): {} of `{}`, link {}, sync_full {}",
                    self.compose.address(name),
                    it.field("role"),
                    it.field("master_host"),
                    it.field("master_link_status"),
                    it.sync_full()
                ),
                Err(reason) => println!("    {name}: {reason}"),
            }
        }
        for name in SENTINELS {
            println!(
                "    {name} ({:?}): {:?}",
                self.compose.address(name),
                look::master_of(&self.compose, name)
            );
        }
        if std::env::var_os("DEPLOYMENT_LOGS").is_some() {
            let logs = self.compose.compose(&["logs", "--no-color", "--tail", "200"]);
            println!("{}", logs.unwrap_or_else(|reason| reason));
        }
    }

    fn kill(&mut self, services: &[&str]) -> Result<(), String> {
        self.compose.docker(&["kill"], services)?;
        self.gone = services.iter().map(|name| (*name).to_owned()).collect();
        Ok(())
    }

    fn sync_full(&self) -> u64 {
        let servers = SERVERS.into_iter().filter(|name| self.runs(name));
        servers.filter_map(|name| look::server(&self.compose, name).ok()).map(|it| it.sync_full()).sum()
    }
}

fn up(stage: &mut Stage) -> Result<(), String> {
    stage.compose.compose(&["up", "-d"])?;
    let line = stage.settle(STARTED)?;
    if line != SERVERS {
        return Err(format!("the line is {line:?}, expected {SERVERS:?}"));
    }
    stage.ids = SENTINELS.iter().map(|name| look::id(&stage.compose, name)).collect::<Result<_, _>>()?;
    let mut distinct = stage.ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() == SENTINELS.len() { Ok(()) } else { Err(format!("ids: {:?}", stage.ids)) }
}

/// The next of the line takes over, and the last keeps following it without a full resync.
fn kill_master(stage: &mut Stage) -> Result<(), String> {
    let line = stage.settle(SETTLED)?;
    let rest: Vec<String> = line[1..].to_vec();
    let next = rest.first().cloned().unwrap_or_default();
    let before = look::server(&stage.compose, &next)?.sync_full();
    stage.kill(&[&line[0]])?;
    let after = stage.settle(SETTLED)?;
    if after != rest {
        return Err(format!("the line is {after:?}, expected {rest:?}"));
    }
    let full = look::server(&stage.compose, &next)?.sync_full() - before;
    stage.note = format!("(sync_full +{full})");
    if full == 0 { Ok(()) } else { Err(format!("{full} full resyncs by {next}, expected none")) }
}

/// Whatever is gone is started, in the other order than it was, so that addresses change hands.
fn all_return(stage: &mut Stage) -> Result<(), String> {
    let (before, full) = (stage.master.clone(), stage.sync_full());
    let gone = std::mem::take(&mut stage.gone);
    let old: Vec<_> = gone.iter().map(|name| stage.compose.address(name)).collect();
    for name in gone.iter().rev() {
        stage.compose.docker(&["start"], &[name])?;
    }
    let line = stage.settle(SETTLED)?;
    let moved = gone.iter().zip(old).filter(|(name, old)| stage.compose.address(name) != *old).count();
    stage.note = format!("({moved} addresses, sync_full +{})", stage.sync_full().saturating_sub(full));
    if line.first() != Some(&before) {
        return Err(format!("{:?} is the master, expected {before} still", line.first()));
    }
    Ok(())
}

/// An old master comes back as the last of the line, so that the present one feeds nobody more.
fn old_master_returns(stage: &mut Stage) -> Result<(), String> {
    let old = stage.gone.clone();
    all_return(stage)?;
    let line = look::line(&stage.compose, &|name| stage.runs(name))?;
    if line.last() == old.first() {
        Ok(())
    } else {
        Err(format!("the line is {line:?}, expected {old:?} last"))
    }
}

fn kill_middle(stage: &mut Stage) -> Result<(), String> {
    let line = stage.settle(SETTLED)?;
    stage.kill(&[&line[1]])?;
    let after = stage.settle(SETTLED)?;
    if after == [line[0].clone(), line[2].clone()] { Ok(()) } else { Err(format!("the line is {after:?}")) }
}

fn lose_server_a(stage: &mut Stage) -> Result<(), String> {
    stage.kill(&A)?;
    stage.settle(SETTLED).map(drop)
}

fn lose_server_b(stage: &mut Stage) -> Result<(), String> {
    stage.kill(&B)?;
    stage.settle(SETTLED).map(drop)
}

/// The server with the master on it is cut off. What it still says is looked at when it is back.
fn cut_network(stage: &mut Stage) -> Result<(), String> {
    let server: &[&str] = if A.contains(&stage.master.as_str()) { &A } else { &B };
    let old = stage.master.clone();
    stage.compose.cut(server)?;
    stage.cut = server.iter().map(|name| (*name).to_owned()).collect();
    stage.settle(SETTLED)?;
    if stage.master == old { Err(format!("{old} is cut off and still the master")) } else { Ok(()) }
}

fn heal_network(stage: &mut Stage) -> Result<(), String> {
    let (cut, before) = (std::mem::take(&mut stage.cut), stage.master.clone());
    let names: Vec<&str> = cut.iter().map(String::as_str).collect();
    stage.compose.heal(&names)?;
    stage.settle(SETTLED)?;
    if stage.master == before {
        Ok(())
    } else {
        Err(format!("{} is the master, expected {before}", stage.master))
    }
}

fn pause_master(stage: &mut Stage) -> Result<(), String> {
    let master = stage.master.clone();
    stage.compose.docker(&["pause"], &[&master])?;
    stage.paused = vec![master.clone()];
    stage.settle(SETTLED)?;
    if stage.master == master { Err(format!("{master} hangs and is still the master")) } else { Ok(()) }
}

fn unpause(stage: &mut Stage) -> Result<(), String> {
    let (paused, before) = (std::mem::take(&mut stage.paused), stage.master.clone());
    for name in &paused {
        stage.compose.docker(&["unpause"], &[name])?;
    }
    stage.settle(SETTLED)?;
    if stage.master == before {
        Ok(())
    } else {
        Err(format!("{} is the master, expected {before}", stage.master))
    }
}

/// New containers on the old volumes: a replica, a sentinel, and the master.
fn recreate(stage: &mut Stage) -> Result<(), String> {
    let line = stage.settle(SETTLED)?;
    for service in [line[1].as_str(), "sentinel-2", line[0].as_str()] {
        stage.compose.compose(&["up", "-d", "--force-recreate", "--no-deps", service])?;
        stage.settle(SETTLED).map_err(|reason| format!("after {service}: {reason}"))?;
    }
    same_ids(stage)
}

fn down_and_up(stage: &mut Stage) -> Result<(), String> {
    let before = stage.settle(SETTLED)?;
    let addresses = |stage: &Stage| SERVERS.map(|name| stage.compose.address(name));
    let old = addresses(stage);
    stage.compose.compose(&["down"])?;
    stage.compose.compose(&["up", "-d"])?;
    let after = stage.settle(SETTLED)?;
    let moved = addresses(stage).iter().zip(old).filter(|(new, old)| **new != *old).count();
    stage.note = format!("({moved} addresses of servers changed)");
    if after.first() != before.first() {
        return Err(format!("{:?} is the master, expected {:?}", after.first(), before.first()));
    }
    same_ids(stage)
}

fn same_ids(stage: &Stage) -> Result<(), String> {
    let ids: Vec<String> =
        SENTINELS.iter().map(|name| look::id(&stage.compose, name)).collect::<Result<_, _>>()?;
    if ids == stage.ids { Ok(()) } else { Err(format!("ids are {ids:?}, were {:?}", stage.ids)) }
}
