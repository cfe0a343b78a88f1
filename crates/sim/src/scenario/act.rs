//! What the actions of a scenario do to its world.

use std::net::{IpAddr, SocketAddr};

use crate::disk::Wear;
use crate::net::Path;
use crate::process::ProcId;
use crate::setup::group_name;
use crate::world::{Life, World};

use super::play::{Later, Play, Wrong};
use super::roster::Who;
use super::servers;
use super::step::Action;

/// Paths between hosts, each with its direction.
type Ways = Vec<(IpAddr, IpAddr)>;

impl Play {
    /// Does it.
    pub(crate) fn act(&mut self, action: &Action) -> Result<(), Wrong> {
        match action {
            Action::Wait(us) => self.pass(self.world.now() + *us).map(|_| ())?,
            Action::Crash(_)
            | Action::Restart { .. }
            | Action::Pause { .. }
            | Action::Resume(_)
            | Action::PowerOff(_)
            | Action::PowerOn(_) => self.act_on_life(action)?,
            Action::Cut { .. }
            | Action::CutOneWay { .. }
            | Action::Mend { .. }
            | Action::Isolate { .. }
            | Action::Flap { .. }
            | Action::SlowNetwork { .. }
            | Action::LosePackets { .. } => self.act_on_network(action)?,
            Action::SlowDisk { who, us } => {
                self.disks(who, Wear { latency_us: *us, ..Wear::default() })?;
            }
            Action::FailDisk(who) => self.disks(who, Wear { fails_permille: 1_000, ..Wear::default() })?,
            Action::HangDisk(who) => self.disks(who, Wear { hangs: true, ..Wear::default() })?,
            Action::RepairDisk(who) => self.disks(who, Wear::default())?,
            Action::JumpClock { who, ms } => {
                for ip in self.hosts_of(who)? {
                    self.world.jump_clock(ip, *ms);
                }
            }
            Action::Failover { on, group } => {
                for who in self.resolve(on)? {
                    self.command(who, &["SENTINEL", "FAILOVER", &group_name(*group)])?;
                }
            }
            Action::Busy { .. } | Action::SlowAnswers { .. } | Action::Priority { .. } => {
                self.act_on_servers(action)?;
            }
            Action::Heal => self.heal(),
        }
        Ok(())
    }

    fn act_on_life(&mut self, action: &Action) -> Result<(), Wrong> {
        match action {
            Action::Crash(who) => {
                for who in self.resolve(who)? {
                    self.world.kill(who);
                }
            }
            Action::Restart { who, empty, loading_us } => {
                for who in self.resolve(who)? {
                    self.restart(who, *empty, *loading_us)?;
                }
            }
            Action::Pause { who, us } => {
                let who = self.resolve(who)?;
                for one in &who {
                    self.world.pause(*one);
                }
                if let Some(us) = us {
                    self.later(self.world.now() + *us, Later::Resume(who));
                }
            }
            Action::Resume(who) => {
                for who in self.resolve(who)? {
                    self.world.resume(who);
                }
            }
            Action::PowerOff(who) => {
                for ip in self.hosts_of(who)? {
                    self.world.power_off(ip);
                }
            }
            Action::PowerOn(who) => {
                for ip in self.hosts_of(who)? {
                    self.world.power_on(ip);
                    for who in on_host(&self.world, ip) {
                        self.restart(who, false, None)?;
                    }
                }
            }
            other => unreachable!("{other:?} is no matter of life"),
        }
        Ok(())
    }

    fn act_on_network(&mut self, action: &Action) -> Result<(), Wrong> {
        match action {
            Action::Cut { a, b, us } => {
                let ways = both(&self.hosts_of(a)?, &self.hosts_of(b)?);
                self.cut(ways, *us);
            }
            Action::CutOneWay { from, to, us } => {
                let ways = one_way(&self.hosts_of(from)?, &self.hosts_of(to)?);
                self.cut(ways, *us);
            }
            Action::Mend { a, b } => {
                let ways = both(&self.hosts_of(a)?, &self.hosts_of(b)?);
                self.mend(&ways);
            }
            Action::Isolate { who, us } => {
                let ways = self.around(who)?;
                self.cut(ways, *us);
            }
            Action::Flap { who, period_us, us } => {
                let (paths, until) = (self.around(who)?, self.world.now() + *us);
                self.act_later(Later::Flap { paths, cut: true, period_us: *period_us, until });
            }
            Action::SlowNetwork { who, us } => {
                for (from, to) in self.around(who)? {
                    self.world.path_mut(from, to).latency_us = Path::default().latency_us + us;
                }
            }
            Action::LosePackets { who, percent } => {
                for (from, to) in self.around(who)? {
                    self.world.path_mut(from, to).loss_permille = (percent * 10).min(1_000);
                }
            }
            other => unreachable!("{other:?} is no matter of the network"),
        }
        Ok(())
    }

    fn act_on_servers(&mut self, action: &Action) -> Result<(), Wrong> {
        let (Action::Busy { who, .. } | Action::SlowAnswers { who, .. } | Action::Priority { who, .. }) =
            action
        else {
            unreachable!("{action:?} is no matter of servers")
        };
        for who in self.resolve(who)? {
            let now = self.world.now();
            let Some(server) = servers::server_mut(&mut self.world, who) else { continue };
            match action {
                Action::Busy { unkillable: true, us, .. } => server.set_busy_for_good(now + *us),
                Action::Busy { us, .. } => server.set_busy(now + *us),
                Action::SlowAnswers { us, .. } => server.set_slowness(*us),
                Action::Priority { value, .. } => {
                    server.options_mut().priority = u32::try_from(*value).unwrap_or(u32::MAX);
                }
                other => unreachable!("{other:?} is no matter of servers"),
            }
        }
        Ok(())
    }

    /// Does what was begun earlier and is due now.
    pub(crate) fn act_later(&mut self, later: Later) {
        match later {
            Later::Resume(who) => {
                for who in who {
                    self.world.resume(who);
                }
                self.world.note_fault("the pause is over");
            }
            Later::Mend(ways) => {
                self.mend(&ways);
                self.world.note_fault("the cut is mended");
            }
            Later::Flap { paths, cut, period_us, until } => {
                self.world.note_fault(if cut { "flapping: cut" } else { "flapping: mended" });
                if cut {
                    self.cut(paths.clone(), None);
                } else {
                    self.mend(&paths);
                }
                let next = self.world.now() + period_us;
                if !cut && next >= until {
                    return; // it ends mended
                }
                self.later(next, Later::Flap { paths, cut: !cut, period_us, until });
            }
        }
    }

    fn cut(&mut self, ways: Ways, us: Option<u64>) {
        for (from, to) in &ways {
            self.world.cut(*from, *to);
        }
        if let Some(us) = us {
            self.later(self.world.now() + us, Later::Mend(ways));
        }
    }

    fn mend(&mut self, ways: &Ways) {
        for (from, to) in ways {
            self.world.mend(*from, *to);
        }
    }

    fn disks(&mut self, who: &Who, wear: Wear) -> Result<(), Wrong> {
        for who in self.resolve(who)? {
            self.world.set_disk(who, wear);
        }
        Ok(())
    }

    fn restart(&mut self, who: ProcId, empty: bool, loading_us: Option<u64>) -> Result<(), Wrong> {
        let ip = self.world.addr(who).ip();
        if !self.world.has_power(ip) {
            let name = self.world.name(who);
            return Err(vec![
                format!("`{name}` can't be started: its host has no power"),
                "hint: `power on`".to_owned(),
            ]);
        }
        self.world.kill(who);
        if let Some(server) = servers::server_mut(&mut self.world, who) {
            if empty {
                server.make_empty();
            }
            if let Some(us) = loading_us {
                server.options_mut().loading_us = us;
            }
        }
        self.world.start(who);
        Ok(())
    }

    fn heal(&mut self) {
        self.forget_agenda();
        let hosts = self.world.hosts();
        for (from, to) in one_way(&hosts, &hosts) {
            self.world.mend(from, to);
            let path = self.world.path_mut(from, to);
            (path.latency_us, path.loss_permille) = (Path::default().latency_us, 0);
        }
        for ip in hosts {
            self.world.power_on(ip);
        }
        let everybody: Vec<ProcId> = self.world.processes().map(|(who, _)| who).collect();
        for who in everybody {
            self.world.set_disk(who, Wear::default());
            if let Some(server) = servers::server_mut(&mut self.world, who) {
                server.set_slowness(0);
            }
            match self.world.life(who) {
                Life::Running => {}
                Life::Paused => self.world.resume(who),
                Life::Dead => self.world.start(who),
            }
        }
    }

    /// The hosts of these processes, each once.
    fn hosts_of(&self, who: &Who) -> Result<Vec<IpAddr>, Wrong> {
        let mut hosts: Vec<IpAddr> =
            self.resolve(who)?.iter().map(|who| self.world.addr(*who).ip()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        Ok(hosts)
    }

    /// The ways between the hosts of these processes and all others.
    fn around(&self, who: &Who) -> Result<Ways, Wrong> {
        let inside = self.hosts_of(who)?;
        let outside: Vec<IpAddr> = self.world.hosts().into_iter().filter(|ip| !inside.contains(ip)).collect();
        Ok(both(&inside, &outside))
    }

    /// A user sends a command.
    fn command(&mut self, to: ProcId, argv: &[&str]) -> Result<(), Wrong> {
        self.commands += 1;
        let from = SocketAddr::from(([10, 3, 0, 1], 40_000 + (self.commands % 20_000) as u16));
        if servers::command(&mut self.world, self.commands, from, to, argv) {
            return Ok(());
        }
        Err(vec![format!("`{}` does not run, so nobody can send it a command", self.world.name(to))])
    }
}

fn one_way(from: &[IpAddr], to: &[IpAddr]) -> Ways {
    let ways = from.iter().flat_map(|from| to.iter().map(|to| (*from, *to)));
    ways.filter(|(from, to)| from != to).collect()
}

fn both(a: &[IpAddr], b: &[IpAddr]) -> Ways {
    let mut ways = one_way(a, b);
    ways.extend(one_way(b, a));
    ways.sort_unstable();
    ways.dedup();
    ways
}

fn on_host(world: &World, ip: IpAddr) -> Vec<ProcId> {
    world.processes().map(|(who, _)| who).filter(|who| world.addr(*who).ip() == ip).collect()
}
