//! What servers and sentinels say of themselves and each other, and waiting until it is as it should be.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::client::{ask, fields, items, text};
use crate::group::{Group, NAME, Who, by, deadline};
use crate::shape::Shape;

type Fields = BTreeMap<String, String>;

/// Writes that must be acknowledged after all else is settled.
const WRITES: usize = 5;

impl Group {
    /// Waits until this is the shape of all servers that run, every one of them has all data, every sentinel knows it
    /// all, holds those for down that do not run and nobody else, and writes go on.
    pub(crate) fn settles_as(&self, shape: &str) {
        let servers: Vec<usize> = self.servers().collect();
        self.settles_with(shape, &servers);
    }

    /// As [`Group::settles_as`], but the sentinels know these servers only.
    pub(crate) fn settles_with(&self, shape: &str, known: &[usize]) {
        let (wanted, until) = (Shape::of(shape), deadline());
        self.servers_settle_by(until, shape);
        by(until, &format!("the sentinels see {shape}"), || {
            self.servers_are(&wanted)?;
            let mut running = self.sentinels().filter(|who| self.runs(*who));
            running.try_for_each(|sentinel| {
                self.sees(sentinel, &wanted, known).map_err(|reason| format!("{sentinel:?} {reason}"))
            })
        });
        let writer = self.writer.as_ref().unwrap();
        let before = writer.count();
        by(until, "writes go on", || {
            let more = writer.count() - before;
            if more >= WRITES { Ok(()) } else { Err(format!("{more} writes acknowledged")) }
        });
        self.say(&format!("settled as {shape}"));
    }

    /// Waits until this is the shape of all servers that run, whatever the sentinels know of it.
    pub(crate) fn servers_settle_as(&self, shape: &str) {
        self.servers_settle_by(deadline(), shape);
    }

    fn servers_settle_by(&self, until: Instant, shape: &str) {
        let wanted = Shape::of(shape);
        by(until, &format!("the servers are {shape}"), || self.servers_are(&wanted));
        self.say(&format!("servers are {shape}"));
    }

    /// Whether the servers that run have this shape, with every link up and everybody up to date.
    pub(crate) fn servers_are(&self, shape: &Shape) -> Result<(), String> {
        let running: Vec<usize> = self.servers().filter(|number| self.runs(Who::Server(*number))).collect();
        let mut expected = shape.members();
        expected.sort_unstable();
        assert_eq!(running, expected, "the shape has everybody that runs");
        let said: BTreeMap<usize, Fields> =
            running.iter().map(|number| Ok((*number, self.info(*number)?))).collect::<Result<_, String>>()?;
        // Whoever has what the master had when it was asked has everything it should have. The master's own says nothing
        // of the future: the others are asked again.
        let goal: u64 = number(&said[&shape.master()], "master_repl_offset");
        for (server, said) in &said {
            let follows = match said["role"].as_str() {
                "master" => None,
                _ => self.server_at(&format!("{}:{}", said["master_host"], said["master_port"])),
            };
            let role = if *server == shape.master() { "master" } else { "slave" };
            if said["role"] != role || follows != shape.parent(*server) {
                return Err(format!("{server} is {} of {follows:?}", said["role"]));
            }
            if follows.is_some() && said["master_link_status"] != "up" {
                return Err(format!("the link of {server} to {follows:?} is down"));
            }
        }
        for server in running {
            let offset = number(&self.info(server)?, "master_repl_offset");
            if offset < goal {
                return Err(format!("{server} is {} bytes behind", goal - offset));
            }
        }
        Ok(())
    }

    /// INFO of a server.
    pub(crate) fn info(&self, server: usize) -> Result<Fields, String> {
        let said = text(&ask(&self.endpoint(Who::Server(server)), &["INFO", "everything"])?);
        let lines = said.lines().filter_map(|line| line.split_once(':'));
        Ok(lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }

    /// Full resynchronisations a server has given since it was started.
    pub(crate) fn sync_full(&self, server: usize) -> u64 {
        number(&self.info(server).unwrap(), "sync_full")
    }

    /// Whether a sentinel sees the shape, and has everybody known in its lists, once.
    fn sees(&self, sentinel: Who, shape: &Shape, known: &[usize]) -> Result<(), String> {
        let master = fields(&ask(&self.endpoint(sentinel), &["SENTINEL", "MASTER", NAME])?);
        let named = self.server_at(&format!("{}:{}", master["ip"], master["port"]));
        if named != Some(shape.master()) || master["flags"] != "master" {
            return Err(format!("names {named:?}: {}", master["flags"]));
        }
        let mut replicas = self.listed(sentinel, "REPLICAS")?;
        for server in known.iter().copied().filter(|server| *server != shape.master()) {
            let said = self.taken(&mut replicas, Who::Server(server))?;
            let parent = self.server_at(&format!("{}:{}", said["master-host"], said["master-port"]));
            let shown = (parent, said["master-link-status"].as_str());
            if self.runs(Who::Server(server)) && shown != (shape.parent(server), "ok") {
                return Err(format!("shows {server} below {shown:?}"));
            }
        }
        let mut peers = self.listed(sentinel, "SENTINELS")?;
        for peer in self.sentinels().filter(|peer| *peer != sentinel) {
            self.taken(&mut peers, peer)?;
        }
        let strangers: Vec<&String> = replicas.iter().chain(&peers).map(|said| &said["name"]).collect();
        if strangers.is_empty() { Ok(()) } else { Err(format!("lists {strangers:?} too")) }
    }

    fn listed(&self, sentinel: Who, what: &str) -> Result<Vec<Fields>, String> {
        let answer = ask(&self.endpoint(sentinel), &["SENTINEL", what, NAME])?;
        Ok(items(&answer).iter().map(fields).collect())
    }

    /// Takes the entry of somebody out of a list. It is held for down if it is.
    fn taken(&self, list: &mut Vec<Fields>, who: Who) -> Result<Fields, String> {
        let endpoint = self.endpoint(who);
        let at = list.iter().position(|said| format!("{}:{}", said["ip"], said["port"]) == endpoint);
        let said = list.remove(at.ok_or_else(|| format!("does not list {who:?}"))?);
        let down = said["flags"].split(',').any(|flag| flag == "s_down");
        let connected = !said["flags"].contains("disconnected");
        if down == self.runs(who) || self.runs(who) && !connected {
            return Err(format!("says of {who:?}: {}", said["flags"]));
        }
        Ok(said)
    }

    /// The ids of the sentinels.
    pub(crate) fn ids(&self) -> Vec<String> {
        let id = |who| text(&ask(&self.endpoint(who), &["SENTINEL", "MYID"]).unwrap());
        self.sentinels().map(id).collect()
    }

    /// How many acknowledged writes since the last question the master has not.
    pub(crate) fn lost(&self, master: usize) -> usize {
        let written = self.writer.as_ref().unwrap().take();
        let answer = ask(&self.endpoint(Who::Server(master)), &["SMEMBERS", "written"]).unwrap();
        let there: std::collections::BTreeSet<u64> =
            items(&answer).iter().map(|member| text(member).parse().unwrap()).collect();
        let lost = written.iter().filter(|number| !there.contains(number)).count();
        self.say(&format!("of {} acknowledged writes {lost} are lost", written.len()));
        lost
    }

    /// Where no master was harmed no acknowledged write is lost.
    pub(crate) fn nothing_is_lost(&self, master: usize) {
        assert_eq!(self.lost(master), 0, "acknowledged writes lost though no master was harmed");
    }
}

fn number(said: &Fields, name: &str) -> u64 {
    said.get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
}
