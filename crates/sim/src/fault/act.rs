//! What each kind of fault does.

use std::net::IpAddr;

use crate::disk::Wear;
use crate::fault::Kind;
use crate::fault::inject::{Injector, Undo};
use crate::process::{Body, ProcId};
use crate::server::Server;
use crate::setup::group_name;
use crate::world::{Life, World};

/// Changes a data server.
fn server(who: ProcId, world: &mut World, change: impl FnOnce(&mut Server)) {
    if let Body::Server(server) = world.body_mut(who) {
        change(server);
    }
}

/// A server is as fast as it should be.
pub(super) fn server_is_well(who: ProcId, world: &mut World) {
    let now = world.now();
    server(who, world, |server| {
        server.set_slowness(0);
        server.set_busy(now);
    });
}

/// How long, in words.
fn lasting(ms: Option<u64>) -> String {
    ms.map_or_else(|| "until all is mended".to_owned(), |ms| format!("for {ms} ms"))
}

impl Injector {
    pub(super) fn inject(&mut self, kind: Kind, world: &mut World) {
        let done = match kind {
            Kind::KillMaster | Kind::PauseMaster | Kind::KillReplica | Kind::PauseReplica => {
                let masters = matches!(kind, Kind::KillMaster | Kind::PauseMaster);
                let among = self.servers_that(masters, world);
                let pause = matches!(kind, Kind::PauseMaster | Kind::PauseReplica);
                self.pick(kind, &among).map(|who| self.fell(kind, who, pause, world))
            }
            Kind::KillSentinel | Kind::PauseSentinel => {
                let among = self.sentinels.clone();
                self.pick(kind, &among).map(|who| self.fell(kind, who, kind == Kind::PauseSentinel, world))
            }
            Kind::KillSeveral => self.kill_several(world),
            Kind::QuickReboot | Kind::EmptyReboot => self.reboot(kind, world),
            Kind::PowerOff => self.power_off(world),
            Kind::CutOneWay | Kind::CutBothWays => self.cut(kind, world),
            Kind::Partition | Kind::Isolate => self.split(kind, world),
            Kind::Reset => self.reset(world),
            Kind::SlowPath | Kind::LossyPath => self.spoil_path(kind, world),
            Kind::DiskSlow | Kind::DiskFails | Kind::DiskHangs => self.spoil_disk(kind, world),
            Kind::ClockJump => self.jump(world),
            Kind::ForcedFailover => self.forced_failover(world),
            Kind::SentinelSet => self.sentinel_set(world),
            Kind::SentinelReset => self.sentinel_reset(world),
            Kind::Priority => self.priority(world),
            Kind::Busy | Kind::SlowServer => self.hamper(kind, world),
            Kind::TornWrite
            | Kind::LeaderElected
            | Kind::LeaderPromoting
            | Kind::LeaderPromoted
            | Kind::LeaderReconf
            | Kind::PromotedKilled
            | Kind::VoterKilled
            | Kind::AskCut => None, // they strike
        };
        if done.is_some() {
            self.counted(kind);
        }
    }

    /// Kills or stops a process for a while.
    pub(super) fn fell(&mut self, kind: Kind, who: ProcId, pause: bool, world: &mut World) {
        let ms = self.duration(kind);
        let verb = if pause { "stopped" } else { "killed" };
        world.note_fault(&format!("{}: {} is {verb} {}", kind.name(), world.name(who), lasting(ms)));
        if pause {
            world.pause(who);
            self.later(ms, Undo::Resume(who), world);
        } else {
            world.kill(who);
            self.later(ms, Undo::Start(who), world);
        }
    }

    fn kill_several(&mut self, world: &mut World) -> Option<()> {
        let kind = Kind::KillSeveral;
        let mut among: Vec<ProcId> = self.servers.iter().flatten().chain(&self.sentinels).copied().collect();
        let count = 2 + self.rng(kind).below(3);
        for _ in 0..count {
            let who = self.pick(kind, &among)?;
            among.retain(|other| *other != who);
            self.fell(kind, who, false, world);
        }
        Some(())
    }

    fn reboot(&mut self, kind: Kind, world: &mut World) -> Option<()> {
        let masters = self.rng(kind).below(2) == 0;
        let among = self.servers_that(masters, world);
        let who = self.pick(kind, &among)?;
        let down_after = self.options.setup.down_after_ms;
        let quick = kind == Kind::QuickReboot || self.rng(kind).below(2) == 0;
        let ms = if quick { 20 + self.rng(kind).below(down_after / 2) } else { self.duration(kind)? };
        world.note_fault(&format!("{}: {} is killed, back in {ms} ms", kind.name(), world.name(who)));
        world.kill(who);
        if kind == Kind::EmptyReboot {
            server(who, world, Server::make_empty);
        }
        self.later(Some(ms), Undo::Start(who), world);
        Some(())
    }

    fn power_off(&mut self, world: &mut World) -> Option<()> {
        let kind = Kind::PowerOff;
        let hosts = self.hosts(world);
        let ip = self.pick(kind, &hosts).filter(|ip| world.has_power(*ip))?;
        let ms = self.duration(kind);
        world.note_fault(&format!("{}: {ip} has no power {}", kind.name(), lasting(ms)));
        world.power_off(ip);
        self.later(ms, Undo::PowerOn(ip), world);
        Some(())
    }

    fn cut(&mut self, kind: Kind, world: &mut World) -> Option<()> {
        let hosts = self.hosts(world);
        let a = self.pick(kind, &hosts)?;
        let b = self.pick(kind, &hosts).filter(|b| *b != a)?;
        let ms = self.duration(kind);
        let way = if kind == Kind::CutOneWay { "does not reach" } else { "and back does not reach" };
        world.note_fault(&format!("{}: {a} {way} {b} {}", kind.name(), lasting(ms)));
        self.cut_for(a, b, ms, world);
        if kind == Kind::CutBothWays {
            self.cut_for(b, a, ms, world);
        }
        Some(())
    }

    fn cut_for(&mut self, from: IpAddr, to: IpAddr, ms: Option<u64>, world: &mut World) {
        world.cut(from, to);
        self.later(ms, Undo::Mend(from, to), world);
    }

    /// Cuts every path between two halves; clients may be on either side.
    fn split(&mut self, kind: Kind, world: &mut World) -> Option<()> {
        let hosts = world.hosts();
        let mut inside = Vec::new();
        if kind == Kind::Isolate {
            let among = self.hosts(world);
            inside.push(self.pick(kind, &among)?);
        } else {
            for ip in &hosts {
                if self.rng(kind).below(2) == 0 {
                    inside.push(*ip);
                }
            }
        }
        let ms = self.duration(kind);
        let one_way = self.rng(kind).below(5) == 0;
        let names = inside.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" ");
        let way = if one_way { "do not reach the others" } else { "and the others do not reach each other" };
        world.note_fault(&format!("{}: {names} {way} {}", kind.name(), lasting(ms)));
        for &from in &inside {
            for &to in hosts.iter().filter(|to| !inside.contains(to)) {
                self.cut_for(from, to, ms, world);
                if !one_way {
                    self.cut_for(to, from, ms, world);
                }
            }
        }
        Some(())
    }

    fn reset(&mut self, world: &mut World) -> Option<()> {
        let kind = Kind::Reset;
        let mut among: Vec<ProcId> = self.servers.iter().flatten().chain(&self.sentinels).copied().collect();
        among.retain(|who| world.life(*who) != Life::Dead);
        let who = self.pick(kind, &among)?;
        let percent = [10, 50, 100][self.rng(kind).below(3) as usize];
        world.note_fault(&format!("{}: {percent}% of the connections of {}", kind.name(), world.name(who)));
        for conn in world.connections_of(who) {
            if self.rng(kind).below(100) < percent {
                world.reset_connection(conn);
            }
        }
        Some(())
    }

    fn spoil_path(&mut self, kind: Kind, world: &mut World) -> Option<()> {
        let hosts = world.hosts();
        let a = self.pick(kind, &hosts)?;
        let b = self.pick(kind, &hosts).filter(|b| *b != a)?;
        let ms = self.duration(kind);
        let slow_us = (10 + self.rng(kind).below(3_000)) * 1_000;
        let loss = 20 + self.rng(kind).below(500);
        for (from, to) in [(a, b), (b, a)] {
            let path = world.path_mut(from, to);
            if kind == Kind::SlowPath {
                (path.latency_us, path.jitter_us) = (slow_us / 2, slow_us);
            } else {
                path.loss_permille = loss;
            }
            self.later(ms, Undo::Path(from, to), world);
        }
        let how = if kind == Kind::SlowPath { format!("{slow_us} us") } else { format!("{loss}/1000 lost") };
        world.note_fault(&format!("{}: {a} - {b} {how} {}", kind.name(), lasting(ms)));
        Some(())
    }

    fn spoil_disk(&mut self, kind: Kind, world: &mut World) -> Option<()> {
        let among = self.sentinels.clone();
        let who = self.pick(kind, &among)?;
        let ms = self.duration(kind);
        let wear = match kind {
            Kind::DiskSlow => {
                let slow = 50_000 + self.rng(kind).below(3_000_000);
                Wear { latency_us: slow / 2, jitter_us: slow, ..self.base_wear() }
            }
            Kind::DiskFails => {
                let often = [100, 500, 1_000][self.rng(kind).below(3) as usize];
                Wear { fails_permille: often, ..self.base_wear() }
            }
            _ => Wear { hangs: true, ..self.base_wear() },
        };
        world.note_fault(&format!("{}: {} {}", kind.name(), world.name(who), lasting(ms)));
        world.set_disk(who, wear);
        self.later(ms, Undo::Disk(who), world);
        Some(())
    }

    fn jump(&mut self, world: &mut World) -> Option<()> {
        let kind = Kind::ClockJump;
        let hosts = self.hosts(world);
        let ip = self.pick(kind, &hosts)?;
        let most = [200, 3_000, 60_000, 10_000_000][self.rng(kind).below(4) as usize];
        let ms = self.rng(kind).below(2 * most) as i64 - most as i64;
        world.note_fault(&format!("{}: the wall clock of {ip} by {ms} ms", kind.name()));
        world.jump_clock(ip, ms);
        Some(())
    }

    /// Makes a server busy or slow.
    fn hamper(&mut self, kind: Kind, world: &mut World) -> Option<()> {
        let masters = self.rng(kind).below(3) > 0;
        let among = self.servers_that(masters, world);
        let who = self.pick(kind, &among)?;
        let ms = self.duration(kind).unwrap_or(60_000);
        let until = world.now() + ms * 1_000;
        let (killable, late_us) = (self.rng(kind).below(2) == 0, self.rng(kind).below(3_000_000));
        world.note_fault(&format!("{}: {} for {ms} ms", kind.name(), world.name(who)));
        server(who, world, |server| match (kind == Kind::Busy, killable) {
            (true, true) => server.set_busy(until),
            (true, false) => server.set_busy_for_good(until),
            (false, _) => server.set_slowness(late_us),
        });
        self.later(Some(ms), Undo::Server(who), world);
        Some(())
    }

    // --- Users ---

    fn priority(&mut self, world: &mut World) -> Option<()> {
        let kind = Kind::Priority;
        let among: Vec<ProcId> = self.servers.iter().flatten().copied().collect();
        let who = self.pick(kind, &among)?;
        let priority = [0, 1, 50, 100, 100][self.rng(kind).below(5) as usize];
        world.note_fault(&format!("{}: {} of {}", kind.name(), priority, world.name(who)));
        server(who, world, |server| server.options_mut().priority = priority);
        Some(())
    }

    fn order(&mut self, to: ProcId, argv: &[&str], world: &mut World) {
        world.note_fault(&format!("to {}: {}", world.name(to), argv.join(" ")));
        world.command(self.admin, to, argv);
    }

    fn some_group(&mut self, kind: Kind) -> String {
        let groups = self.servers.len() as u64;
        group_name(self.rng(kind).below(groups) as usize)
    }

    fn forced_failover(&mut self, world: &mut World) -> Option<()> {
        let kind = Kind::ForcedFailover;
        let group = self.some_group(kind);
        let times = 1 + u64::from(self.rng(kind).below(4) == 0);
        let among = self.sentinels.clone();
        for _ in 0..times {
            let who = self.pick(kind, &among)?;
            self.order(who, &["SENTINEL", "FAILOVER", &group], world);
        }
        Some(())
    }

    /// Settings within what the time to settle is computed from, and never a quorum that could not be reached.
    fn sentinel_set(&mut self, world: &mut World) -> Option<()> {
        let kind = Kind::SentinelSet;
        let group = self.some_group(kind);
        let setup = self.options.setup.clone();
        let count = setup.sentinels.len();
        let majority = count as u64 / 2 + 1;
        let spare = (count - self.options.left_dead) as u64 - majority;
        let rng = self.rng(kind);
        let (name, value) = match rng.below(4) {
            0 => ("quorum", majority + rng.below(spare + 1)),
            1 => ("down-after-milliseconds", setup.down_after_ms / 2 + rng.below(setup.down_after_ms)),
            2 => {
                ("failover-timeout", setup.failover_timeout_ms / 2 + rng.below(setup.failover_timeout_ms / 2))
            }
            _ => ("parallel-syncs", 1 + rng.below(3)),
        };
        let everywhere = rng.below(2) == 0;
        let mut among = self.sentinels.clone();
        if !everywhere {
            among = vec![self.pick(kind, &among)?];
        }
        for who in among {
            self.order(who, &["SENTINEL", "SET", &group, name, &value.to_string()], world);
        }
        Some(())
    }

    fn sentinel_reset(&mut self, world: &mut World) -> Option<()> {
        let kind = Kind::SentinelReset;
        let group = self.some_group(kind);
        let among = self.sentinels.clone();
        let who = self.pick(kind, &among)?;
        self.order(who, &["SENTINEL", "RESET", &group], world);
        Some(())
    }
}
