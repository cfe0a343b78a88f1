//! Hosts that are network namespaces: one for each host, one for each writer, one for the switch between them, and one
//! without any link. Nothing in them can reach the machine's own network.
//!
//! What goes wrong on the way is said by [`Rules`], for the whole net at once; each host drops what it should not have
//! received. A drop at the receiver costs the sender no error, as on a real net.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::delay::Delay;

/// All names begin so; then come the process id and the lane.
const PREFIX: &str = "wkchaos";
const WHERE_NAMES_ARE: &str = "/run/netns";

type Job = Box<dyn FnOnce() + Send>;

/// A namespace, and a thread that lives in it. What the thread starts or connects stays there.
#[derive(Debug)]
pub(crate) struct Place {
    name: String,
    ip: Ipv4Addr,
    jobs: Sender<Job>,
}

impl Place {
    fn new(name: &str, ip: Ipv4Addr) -> Result<Arc<Place>, String> {
        ip_tool(&["netns", "add", name])?;
        let (jobs, inbox) = channel::<Job>();
        let (answer, entered) = channel();
        let inside = name.to_owned();
        std::thread::spawn(move || {
            let _ = answer.send(enter(&inside));
            inbox.into_iter().for_each(|job| job());
        });
        let entered = entered.recv().map_err(|error| error.to_string())?;
        entered.map_err(|error| format!("cannot enter network namespace `{name}`: {error}"))?;
        ip_tool(&["-n", name, "link", "set", "lo", "up"])?;
        Ok(Arc::new(Place { name: name.to_owned(), ip, jobs }))
    }

    /// Its name, for a thread that wants to [`enter`] it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its address on the net.
    pub(crate) fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    /// Where a port of it is reached.
    pub(crate) fn at(&self, port: u16) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(self.ip), port)
    }

    /// Has `job` done inside; the answer comes by the channel.
    pub(crate) fn begin<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
        let (answer, result) = channel();
        let sent = self.jobs.send(Box::new(move || {
            let _ = answer.send(job());
        }));
        sent.expect("the thread of a place lives as long as the place");
        result
    }

    /// Has `job` done inside and waits for it.
    pub(crate) fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        self.begin(job).recv().expect("the thread of a place answers")
    }
}

/// Moves the calling thread into a namespace.
///
/// # Errors
/// When there is none of this name or the thread may not.
pub(crate) fn enter(name: &str) -> io::Result<()> {
    let file = File::open(format!("{WHERE_NAMES_ARE}/{name}"))?;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
    Ok(())
}

/// What goes wrong between the endpoints. Hosts come first, then the writers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// from, to: nothing arrives
    pub(crate) blocked: BTreeSet<(usize, usize)>,
    /// of what arrives there, this many per cent are lost
    pub(crate) loss: BTreeMap<usize, u64>,
    /// what arrives there is late by so many milliseconds
    pub(crate) slow: BTreeMap<usize, u64>,
}

impl Rules {
    /// Both together.
    pub(crate) fn merge(&mut self, other: &Rules) {
        self.blocked.extend(&other.blocked);
        self.loss.extend(&other.loss);
        self.slow.extend(&other.slow);
    }
}

/// A switch and everything that is plugged into it.
#[derive(Debug)]
pub(crate) struct Net {
    ends: Vec<Arc<Place>>,
    limbo: Arc<Place>,
    switch: Arc<Place>,
    rules: Rules,
    delays: BTreeMap<usize, Delay>,
}

impl Net {
    /// A net of so many endpoints. `tag` tells the nets of this process apart.
    pub(crate) fn new(ends: usize, tag: &str) -> Result<Net, String> {
        let prefix = format!("{PREFIX}-{}-{tag}", std::process::id());
        let nowhere = Ipv4Addr::LOCALHOST;
        let switch = Place::new(&format!("{prefix}-switch"), nowhere)?;
        ip_tool(&["-n", switch.name(), "link", "add", "br0", "type", "bridge"])?;
        ip_tool(&["-n", switch.name(), "link", "set", "br0", "up"])?;
        let limbo = Place::new(&format!("{prefix}-limbo"), nowhere)?;
        let mut net =
            Net { ends: Vec::new(), limbo, switch, rules: Rules::default(), delays: BTreeMap::new() };
        for number in 1..=ends {
            let last = u8::try_from(number).map_err(|_| "too many hosts".to_owned())?;
            let place = Place::new(&format!("{prefix}-{number}"), Ipv4Addr::new(10, 77, 0, last))?;
            net.ends.push(Arc::clone(&place));
            net.plug_in(&place, &format!("port{number}"))?;
        }
        Ok(net)
    }

    fn plug_in(&self, place: &Place, port: &str) -> Result<(), String> {
        let (switch, name) = (self.switch.name(), place.name());
        let veth = ["-n", switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name];
        ip_tool(&veth)?;
        ip_tool(&["-n", switch, "link", "set", port, "master", "br0", "up"])?;
        ip_tool(&["-n", name, "addr", "add", &format!("{}/24", place.ip()), "dev", "eth0"])?;
        ip_tool(&["-n", name, "link", "set", "eth0", "up"])
    }

    /// An endpoint.
    pub(crate) fn end(&self, index: usize) -> &Arc<Place> {
        &self.ends[index]
    }

    /// A place without links, for what must not meet the others.
    pub(crate) fn limbo(&self) -> &Arc<Place> {
        &self.limbo
    }

    /// What goes wrong now.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// From now on exactly this goes wrong, everywhere as good as at once.
    pub(crate) fn set(&mut self, rules: Rules) -> Result<(), String> {
        self.delays.retain(|end, delay| rules.slow.get(end) == Some(&delay.ms()));
        for (end, ms) in &rules.slow {
            if !self.delays.contains_key(end) {
                let delay = Delay::start(self.ends[*end].name(), *ms).map_err(|e| format!("delay: {e}"))?;
                self.delays.insert(*end, delay);
            }
        }
        let mut running = Vec::new();
        for (end, place) in self.ends.iter().enumerate() {
            let text = self.table_of(end, &rules);
            if text != self.table_of(end, &self.rules) {
                running.push(place.begin(move || restore(&text)));
            }
        }
        self.rules = rules;
        running.into_iter().try_for_each(|result| result.recv().map_err(|error| error.to_string())?)
    }

    fn table_of(&self, end: usize, rules: &Rules) -> String {
        let mut text =
            "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n".to_owned();
        for (from, _) in rules.blocked.iter().filter(|(_, to)| *to == end) {
            text += &format!("-A INPUT -i eth0 -s {} -j DROP\n", self.ends[*from].ip());
        }
        if let Some(percent) = rules.loss.get(&end) {
            text += &format!(
                "-A INPUT -i eth0 -m statistic --mode random --probability {}.{:02} -j DROP\n",
                percent / 100,
                percent % 100
            );
        }
        if rules.slow.contains_key(&end) {
            text += "-A INPUT -i eth0 -j NFQUEUE --queue-num 0 --queue-bypass\n";
        }
        text + "COMMIT\n"
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.delays.clear();
        for place in self.ends.iter().chain([&self.limbo, &self.switch]) {
            let _ = ip_tool(&["netns", "del", place.name()]);
        }
    }
}

/// Removes what a killed run has left.
pub(crate) fn clean_up() {
    for entry in fs::read_dir(WHERE_NAMES_ARE).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let mut words = name.split('-');
        let ours = words.next() == Some(PREFIX);
        let alive = words.next().is_none_or(|pid| fs::metadata(format!("/proc/{pid}")).is_ok());
        if ours && !alive {
            let _ = ip_tool(&["netns", "del", &name]);
        }
    }
}

/// Whether nets can be made here.
///
/// # Errors
/// What is missing, and after it a line that says how to get it.
pub(crate) fn possible() -> Result<(), String> {
    for (tool, package) in [("ip", "iproute2"), ("iptables-restore", "iptables"), ("setpriv", "util-linux")] {
        let found = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if found.is_err() {
            return Err(format!("`{tool}` is not found\nhint: as root: apt-get install {package}"));
        }
    }
    if !rustix::process::geteuid().is_root() {
        return Err(
            "making network namespaces takes root\nhint: run it as root, for example with `sudo`".to_owned()
        );
    }
    let net = Net::new(1, "try").map_err(|error| {
        format!("{error}\nhint: a container needs --privileged, or the capabilities SYS_ADMIN and NET_ADMIN")
    })?;
    let mut net = net;
    let everything = Rules { loss: [(0, 50)].into(), ..Rules::default() };
    net.set(everything).map_err(|error| format!("{error}\nhint: the kernel needs iptables with `statistic`"))
}

fn ip_tool(words: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(words).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("`ip {}`: {error}", words.join(" ")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("`ip {}` failed: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}

/// Runs on the thread of a place. Another program may hold the lock for an instant.
fn restore(text: &str) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..5 {
        match restore_once(text) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(last)
}

fn restore_once(text: &str) -> Result<(), String> {
    let mut command = Command::new("iptables-restore");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("`iptables-restore`: {error}"))?;
    let input = child.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if output.status.success() && matches!(input, Some(Ok(()))) {
        return Ok(());
    }
    Err(format!("`iptables-restore` failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_merged_not_replaced() {
        let mut rules = Rules { blocked: [(0, 1)].into(), ..Rules::default() };
        rules.merge(&Rules { blocked: [(1, 0)].into(), loss: [(2, 10)].into(), ..Rules::default() });
        assert_eq!(rules.blocked, [(0, 1), (1, 0)].into());
        assert_eq!(rules.loss[&2], 10);
    }
}
