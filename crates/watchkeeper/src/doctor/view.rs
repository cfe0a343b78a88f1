//! One group as the checks look at it: who watches it, who is in it, and who says what of whom.

use std::collections::BTreeSet;

use super::facts::{Closer, Facts, Settings};
use super::finding::Who;
use crate::ask::{
    Endpoint, Failure, Fields, GroupAnswer, ListedReplica, MISSED_MS, SentinelSays, ServerAnswer, is_below,
    listed_replicas, place, refuses,
};

/// No server lasts so many seconds; before 6.2 one that never had a master tells the time since 1970.
const FOR_EVER_S: i64 = 1_000_000_000;

/// Whether a server reads its data: until it is done it takes neither writes nor the order to be a master or a replica.
pub(super) fn is_loading(info: &Fields) -> bool {
    info.get("loading") == "1"
}

/// How many keys a server says that it has, in all its databases; those without any have no line.
pub(super) fn keys(info: &Fields) -> i64 {
    let database = |name: &str| {
        name.strip_prefix("db").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let databases = info.iter().filter(|(name, _)| database(name));
    let counts =
        databases.filter_map(|(_, said)| said.strip_prefix("keys=")?.split(',').next()?.parse::<i64>().ok());
    counts.fold(0, i64::saturating_add)
}

/// Whether a server says that it has no keys.
pub(super) fn has_no_keys(info: &Fields) -> bool {
    !is_loading(info) && keys(info) == 0
}

/// Whether a replica has not been connected since it was started.
pub(super) fn never_connected(info: &Fields) -> bool {
    let since = info.number("master_link_down_since_seconds");
    info.get("role") == "slave"
        && info.get("master_link_status") == "down"
        && since.is_some_and(|since| !(0..FOR_EVER_S).contains(&since))
}

/// Whether nothing of a history is known to a replica; a server that never replicated has the offset 0 or 1.
fn is_fresh(info: &Fields) -> bool {
    info.get("role") == "slave"
        && info.get("master_link_status") == "down"
        && info.number("slave_repl_offset").is_some_and(|offset| offset <= 1)
}

/// Whether a sentinel does not trust its clock: until it does, it renews no judgement.
pub(super) fn is_tilted(says: &SentinelSays) -> bool {
    says.info.get("sentinel_tilt") == "1"
}

/// What one sentinel says of the group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) at: &'a Endpoint,
    pub(super) says: &'a SentinelSays,
    pub(super) group: &'a GroupAnswer,
}

impl Said<'_> {
    pub(super) fn who(&self) -> Who {
        Who::Sentinel(self.at.clone())
    }
}

/// A group.
#[derive(Debug)]
pub(super) struct GroupView<'a> {
    pub(super) facts: &'a Facts,
    pub(super) name: &'a str,
    /// at least one
    pub(super) said: Vec<Said<'a>>,
    /// the master that those say who know the newest configuration
    pub(super) master: Endpoint,
    /// the servers that sentinels list
    pub(super) servers: Vec<&'a ServerAnswer>,
}

impl<'a> GroupView<'a> {
    /// None where no sentinel names a master.
    pub(super) fn of(facts: &'a Facts, name: &'a str) -> Option<GroupView<'a>> {
        let said: Vec<Said<'a>> = facts
            .picture
            .answering()
            .filter_map(|(sentinel, says)| {
                let group = says.groups.iter().find(|group| group.name == name)?;
                Some(Said { at: &sentinel.at, says, group })
            })
            .collect();
        let named = said.iter().filter_map(|said| Some((place(&said.group.master)?, &said.group.master)));
        let named: Vec<(Endpoint, i64)> =
            named.map(|(at, fields)| (at, fields.number("config-epoch").unwrap_or(0))).collect();
        let same = |at: &Endpoint| named.iter().filter(|(other, _)| facts.names.same(other, at)).count();
        let servers: Vec<&ServerAnswer> =
            facts.picture.servers.iter().filter(|server| server.group == name).collect();
        let says = |at: &Endpoint| servers.iter().find(|server| server.at == *at).map(|server| &server.says);
        let is_sentinel =
            |at: &Endpoint| says(at).is_some_and(|says| says.as_ref().is_err_and(Failure::is_sentinel));
        let role = |at: &Endpoint| says(at)?.as_ref().ok().map(|(info, _)| info.get("role"));
        // Most sentinels may be given the address of a replica: its master, if others name that, is the group's.
        let follows = |at: &Endpoint| {
            named.iter().any(|(top, _)| is_below(at, top, &servers, |a, b| facts.names.same(a, b)))
        };
        let weight = |at: &Endpoint, epoch: i64| {
            (!is_sentinel(at), epoch, !follows(at), same(at), role(at) == Some("master"))
        };
        let (master, _) = named.iter().max_by_key(|(at, epoch)| weight(at, *epoch))?;
        Some(GroupView { facts, name, said, master: master.clone(), servers })
    }

    pub(super) fn is_master(&self, at: &Endpoint) -> bool {
        self.facts.names.same(at, &self.master)
    }

    /// Whether a sentinel names another master by a configuration that is as new: no other sentinel will correct it.
    pub(super) fn is_rival(&self, at: &Endpoint) -> bool {
        let epoch = |said: &Said<'_>| said.group.master.number("config-epoch").unwrap_or(0);
        let names = |said: &&Said<'_>, at: &Endpoint| {
            place(&said.group.master).is_some_and(|named| self.facts.names.same(&named, at))
        };
        let newest = self.said.iter().filter(|said| names(said, &self.master)).map(epoch).max();
        !self.is_master(at)
            && self
                .said
                .iter()
                .any(|said| names(&said, at) && newest.is_none_or(|newest| epoch(said) >= newest))
    }

    /// Whether there is such another master.
    pub(super) fn has_rival(&self) -> bool {
        self.said.iter().filter_map(|said| place(&said.group.master)).any(|at| self.is_rival(&at))
    }

    /// What the sentinels say that name the master: of another one they say nothing about this.
    pub(super) fn naming_it(&self) -> impl Iterator<Item = &Said<'a>> {
        self.said.iter().filter(|said| place(&said.group.master).is_some_and(|at| self.is_master(&at)))
    }

    /// Whether the group is another name of one that is looked at, too: what it takes for its master follows the master of
    /// that one, which has all its servers.
    pub(super) fn is_alias(&self) -> bool {
        let same = |a: &Endpoint, b: &Endpoint| self.facts.names.same(a, b);
        let others = self.facts.picture.group_names().into_iter().filter(|name| name != self.name);
        others.into_iter().any(|name| {
            let Some(other) = GroupView::of(self.facts, &name) else { return false };
            let has = |at: &Endpoint| other.servers.iter().any(|server| same(&server.at, at));
            self.servers.iter().all(|server| has(&server.at))
                && is_below(&self.master, &other.master, &other.servers, same)
        })
    }

    /// The master that each sentinel names.
    pub(super) fn naming(&self) -> impl Iterator<Item = (Who, String)> {
        let named = self.said.iter().filter_map(|said| Some((said.who(), place(&said.group.master)?)));
        named.map(|(who, at)| (who, format!("SENTINEL MASTER: {at}")))
    }

    /// The sentinels in the place of a server.
    pub(super) fn sentinels_as_servers(&self) -> impl Iterator<Item = &'a Endpoint> {
        let is_sentinel = |server: &&&ServerAnswer| server.says.as_ref().is_err_and(Failure::is_sentinel);
        self.servers.iter().filter(is_sentinel).map(|server| &server.at)
    }

    /// The listed servers that are not the master; a sentinel in the place of a server is none.
    pub(super) fn replicas(&self) -> impl Iterator<Item = &'a ServerAnswer> {
        let is_server = |server: &&ServerAnswer| !server.says.as_ref().is_err_and(Failure::is_sentinel);
        let listed = self.servers.iter().copied().filter(is_server);
        listed.filter(|server| !self.is_master(&server.at) && !self.is_nothing_but_named(server))
    }

    /// Whether all that is known of a place is that sentinels name it as the master, and it is not this one: it does not
    /// answer, and nobody lists a replica there.
    pub(super) fn is_nothing_but_named(&self, server: &ServerAnswer) -> bool {
        let silent = server.says.as_ref().is_err_and(|why| !why.is_login());
        let entries = self.entries(&server.at);
        silent
            && !self.is_master(&server.at)
            && !entries.is_empty()
            && entries.iter().all(|(_, entry)| entry.flag("master"))
    }

    /// The newest INFO of a server that answers.
    pub(super) fn info(&self, server: &'a ServerAnswer) -> Option<&'a Fields> {
        let first = server.says.as_ref().ok().map(|(info, _)| info)?;
        Some(self.facts.closer(self.name, &server.at).map_or(first, |closer| &closer.info))
    }

    /// The master, if it is listed by those who say so (it always is).
    pub(super) fn master_server(&self) -> Option<&'a ServerAnswer> {
        self.servers.iter().copied().find(|server| self.is_master(&server.at))
    }

    pub(super) fn master_info(&self) -> Option<&'a Fields> {
        self.info(self.master_server()?)
    }

    /// Whether a replica waits for its master's snapshot, or takes it in.
    pub(super) fn is_copying(&self, at: &Endpoint, info: &Fields) -> bool {
        let awaited = |fed: &ListedReplica| !fed.online && self.facts.names.same(&fed.at, at);
        info.get("master_link_status") != "up"
            && (info.get("master_sync_in_progress") == "1"
                || self.master_info().is_some_and(|master| listed_replicas(master).iter().any(awaited)))
    }

    /// The replicas that answer and may be promoted.
    fn fit(&self) -> Vec<(&'a Endpoint, &'a Fields)> {
        let answering = self.replicas().filter_map(|server| Some((&server.at, self.info(server)?)));
        answering.filter(|(_, info)| info.number("slave_priority") != Some(0)).collect()
    }

    /// Whether replicas answer, and none of them may be promoted.
    pub(super) fn no_priority(&self) -> bool {
        let answering = self.replicas().filter_map(|server| self.info(server));
        let mut replicas = answering.filter(|info| info.get("role") != "master").peekable();
        replicas.peek().is_some() && replicas.all(|info| info.number("slave_priority") == Some(0))
    }

    /// Whether all replicas that answer and may be promoted are still copying their data, or never had any; not where there
    /// is none.
    pub(super) fn nobody_has_all(&self) -> bool {
        let fit = self.fit();
        let lacks = |at: &Endpoint, info: &Fields| {
            !self.keeps_what_is_lost(info) && (is_fresh(info) || self.is_copying(at, info))
        };
        !fit.is_empty() && !self.nobody_has_a_key() && fit.iter().all(|(at, info)| lacks(at, info))
    }

    /// Whether the master answers and has nothing, and neither has any replica that answers.
    pub(super) fn nobody_has_a_key(&self) -> bool {
        self.master_is_empty() && self.replicas().filter_map(|server| self.info(server)).all(has_no_keys)
    }

    /// Whether all of them are empty.
    pub(super) fn nobody_has_any(&self) -> bool {
        let fit = self.fit();
        !fit.is_empty() && fit.iter().all(|(_, info)| self.is_empty(info))
    }

    /// Whether replicas answer, and all of them are empty, whoever may be promoted.
    pub(super) fn all_empty(&self) -> bool {
        let mut answering = self.replicas().filter_map(|server| self.info(server)).peekable();
        answering.peek().is_some() && answering.all(|info| self.is_empty(info))
    }

    /// Whether a replica never had a copy of the data: it began empty, has never been connected, and nobody says that its
    /// master is empty, too.
    pub(super) fn is_empty(&self, info: &Fields) -> bool {
        never_connected(info) && has_no_keys(info) && !self.master_info().is_some_and(has_no_keys)
    }

    /// Whether a replica has not been connected since it was started, and does not know whose data it has.
    pub(super) fn is_of_unknown_age(&self, info: &Fields) -> bool {
        never_connected(info) && is_fresh(info) && !has_no_keys(info)
    }

    /// Whether the master answers and has nothing.
    pub(super) fn master_is_empty(&self) -> bool {
        self.master_info().is_some_and(|info| info.get("role") == "master" && has_no_keys(info))
    }

    /// Whether a replica has more keys than the master, of another history, and no link to it yet. How many the master has.
    pub(super) fn has_more(&self, info: &Fields) -> Option<i64> {
        let settled = |info: &Fields, role: &str| info.get("role") == role && !is_loading(info);
        let master = self.master_info().filter(|master| settled(master, "master"))?;
        let theirs = info.get("master_replid");
        let differs = !["master_replid", "master_replid2"].map(|name| master.get(name)).contains(&theirs);
        let apart = settled(info, "slave") && info.get("master_link_status") != "up";
        let more = apart && differs && !theirs.is_empty() && keys(info) > keys(master);
        more.then(|| keys(master))
    }

    /// Whether it is so of an empty master: the replica has what that one lost, until it copies the emptiness.
    pub(super) fn keeps_what_is_lost(&self, info: &Fields) -> bool {
        self.has_more(info) == Some(0)
    }

    /// Whether a failover promotes a replica that has what an empty master lost, whichever it chooses.
    pub(super) fn saves_what_is_lost(&self) -> bool {
        let fit = self.fit();
        !fit.is_empty() && fit.iter().all(|(_, info)| self.keeps_what_is_lost(info))
    }

    /// Whether of those that answer and may be promoted some read their data, and the others have none: until it is read
    /// none takes the order to be a master.
    pub(super) fn all_load(&self) -> bool {
        let fit = self.fit();
        fit.iter().any(|(_, info)| is_loading(info))
            && fit.iter().all(|(_, info)| is_loading(info) || self.is_empty(info))
    }

    /// Whether the master answers and is still reading its data.
    pub(super) fn master_loads(&self) -> bool {
        self.master_info().is_some_and(is_loading)
    }

    /// Whether the master refuses a sentinel, by what that says of it. Not where it answers us with an error for another
    /// reason than a login: it may be busy with a script.
    pub(super) fn refuses(&self, entry: &Fields) -> bool {
        let busy = |why: &Failure| matches!(why, Failure::Refused(_)) && !why.is_login();
        let busy = self.master_server().is_none_or(|master| master.says.as_ref().is_err_and(busy));
        refuses(entry) && !busy
    }

    /// The sentinels that the master refuses.
    pub(super) fn refused(&self) -> Vec<&Said<'a>> {
        self.said.iter().filter(|said| self.refuses(&said.group.master)).collect()
    }

    /// Whether the master refuses all sentinels that answer: then they can't know its replicas, nor each other.
    pub(super) fn all_refused(&self) -> bool {
        self.refused().len() == self.said.len()
    }

    /// The replicas that servers of this group feed and no sentinel lists.
    pub(super) fn strangers(&self) -> impl Iterator<Item = &'a ServerAnswer> {
        let known = |run: &str| {
            let servers = self.servers.iter().filter_map(|server| self.info(server));
            !run.is_empty() && servers.into_iter().any(|info| info.get("run_id") == run)
        };
        let of_group = self.facts.strangers.iter().filter(|stranger| stranger.group == self.name);
        // Some are known by another address.
        of_group
            .filter(move |stranger| !known(stranger.says.as_ref().map_or("", |(info, _)| info.get("run_id"))))
    }

    /// Whether a sentinel had an answer of the master lately, by what it says of it.
    pub(super) fn heard(&self, entry: &Fields) -> bool {
        let good = entry.number("last-ok-ping-reply").is_some_and(|since| since < MISSED_MS);
        !entry.flag("disconnected") && good || self.refuses(entry)
    }

    /// The servers that were looked at closely, the master first.
    pub(super) fn closer(&self) -> Vec<(&'a Endpoint, &'a Closer)> {
        let mut found: Vec<(&Endpoint, &Closer)> = self
            .servers
            .iter()
            .filter_map(|server| Some((&server.at, self.facts.closer(self.name, &server.at)?)))
            .collect();
        found.sort_by_key(|(at, _)| !self.is_master(at));
        found
    }

    /// The servers whose settings are known, the master first.
    pub(super) fn settings(&self) -> Vec<(&'a Endpoint, &'a Settings)> {
        let known = |(at, closer): (&'a Endpoint, &'a Closer)| Some((at, closer.settings.as_ref().ok()?));
        self.closer().into_iter().filter_map(known).collect()
    }

    /// What sentinels say of a server: of the master, or of a replica.
    pub(super) fn entries(&self, at: &Endpoint) -> Vec<(Who, &'a Fields)> {
        let mut entries = Vec::new();
        for said in &self.said {
            let of_group = said.group.replicas.iter().chain([&said.group.master]);
            let found = of_group.filter(|fields| place(fields).is_some_and(|place| place == *at));
            entries.extend(found.map(|fields| (said.who(), fields)));
        }
        entries
    }

    /// Whether another sentinel answers where this entry of a sentinel's list has one, or has taken its address.
    pub(super) fn is_stale(&self, entry: &Fields) -> bool {
        let id = entry.get("runid");
        let moved = place(entry).is_some_and(|at| {
            self.facts.picture.answering().any(|(sentinel, says)| {
                let there = sentinel.at == at || sentinel.also_at.contains(&at);
                there && !says.id.is_empty() && !id.is_empty() && says.id != id
            })
        });
        // Before 6.2.6 a sentinel kept an entry with the port 0 when another id said hello from its address.
        moved || entry.number("port") == Some(0)
    }

    /// Whether this is a sentinel in TILT.
    pub(super) fn is_tilted(&self, who: &Who) -> bool {
        self.said.iter().any(|said| is_tilted(said.says) && said.who() == *who)
    }

    /// How many sentinels the group has, as far as anybody knows; one that is known to be no more is none.
    pub(super) fn known(&self) -> usize {
        let listed = self.said.iter().flat_map(|said| &said.group.sentinels);
        let ids: BTreeSet<&str> = listed
            .filter(|entry| !self.is_stale(entry))
            .map(|entry| entry.get("runid"))
            .chain(self.said.iter().map(|said| said.says.id.as_str()))
            .filter(|id| !id.is_empty())
            .collect();
        ids.len().max(self.said.len())
    }

    /// A setting of the group in milliseconds, the most that a sentinel has.
    pub(super) fn longest(&self, name: &str) -> Option<i64> {
        self.said.iter().filter_map(|said| said.group.master.number(name)).max()
    }

    /// A setting of the group in milliseconds, the least that a sentinel has.
    pub(super) fn least(&self, name: &str) -> Option<i64> {
        self.said.iter().filter_map(|said| said.group.master.number(name)).min()
    }

    /// Whether a failover is going on.
    pub(super) fn in_failover(&self) -> bool {
        self.said.iter().any(|said| said.group.master.flag("failover_in_progress"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::code::Code;
    use crate::doctor::finding::Found;
    use crate::doctor::sample::facts;
    use crate::doctor::{replicas, sentinels};

    const REPLICA: &str =
        "role:slave master_host:h master_port:6379 master_link_status:up slave_priority:100";

    /// The sentinels behind the first name the replica.
    fn misled(facts: &mut Facts) {
        for sentinel in &mut facts.picture.sentinels[1..] {
            let group = &mut sentinel.says.as_mut().unwrap().groups[0];
            group.master = Fields::info("ip:h\r\nport:6380\r\nquorum:2\r\nflags:s_down,master\r\n");
        }
    }

    fn found_in(facts: &Facts, name: &str) -> Vec<Code> {
        let view = GroupView::of(facts, name).unwrap();
        let mut found = Found::default();
        sentinels::group(&view, &mut found);
        replicas::group(&view, &mut found);
        let told = found.findings.iter().map(|finding| finding.code);
        // What these made-up sentinels do not know of each other is not looked at.
        told.filter(|code| !matches!(code, Code::PeerUnknown | Code::TimingsDiffer)).collect()
    }

    #[test]
    fn the_master_of_what_most_sentinels_name_is_the_master_if_others_name_it() {
        let mut facts = facts(&[("master", 200); 3], Some("role:master"), &[REPLICA]);
        misled(&mut facts);
        assert_eq!(GroupView::of(&facts, "m").unwrap().master, Endpoint::new("h", 6379));
        assert_eq!(found_in(&facts, "m"), [Code::MasterDisputed]);
        // Without a word of that one, what most name counts.
        facts.picture.servers[0].says = Err(Failure::Silent(1000));
        assert_eq!(GroupView::of(&facts, "m").unwrap().master, Endpoint::new("h", 6380));
    }

    #[test]
    fn another_name_of_a_group_is_not_told_to_promote_its_replica() {
        let mut facts = facts(&[("master", 200); 2], Some("role:master"), &[REPLICA, REPLICA]);
        let mut alias = facts.picture.servers[1..].to_vec();
        for server in &mut alias {
            server.group = "alias".into();
        }
        facts.picture.servers.extend(alias);
        for sentinel in &mut facts.picture.sentinels {
            let says = sentinel.says.as_mut().unwrap();
            let mut alias = says.groups[0].clone();
            alias.name = "alias".into();
            alias.master = Fields::info("ip:h\r\nport:6380\r\nquorum:2\r\nflags:master\r\n");
            says.groups.push(alias);
        }
        assert_eq!(found_in(&facts, "alias"), []);
        // With a server of its own it is no other name of that group.
        facts.picture.servers[4].at = Endpoint::new("h", 7000);
        assert!(found_in(&facts, "alias").contains(&Code::NotAMaster));
    }
}
