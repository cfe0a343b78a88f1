//! Another sentinel, as one group knows it. Its connection is shared by all groups and lives in [`crate::shared`].

use std::net::IpAddr;

use crate::addr::Addr;
use crate::epoch::{ConfigEpoch, EPOCH_MAX};
use crate::group::GroupId;
use crate::hello::{CHANNEL, HelloText};
use crate::id::SentinelId;
use crate::io::{LinkId, Why};
use crate::link::{Credentials, Down, Owner, Pending, Ping, Renames, Slot};
use crate::names::Names;
use crate::server::Pace;
use crate::shared::{PeerLink, Shared};
use crate::time::Mono;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) id: SentinelId,
    pub(crate) addr: Addr,
    pub(crate) down: Down,
    /// it says that the master is down
    pub(crate) master_down: bool,
    /// who it voted for, and in which epoch
    pub(crate) vote: Option<SentinelId>,
    pub(crate) vote_epoch: u64,
    /// its last answer to an ask; its creation before the first
    pub(crate) answered_at: Mono,
    /// the newest candidacy it has answered, whatever the answer
    pub(crate) answered_epoch: Option<u64>,
    pub(crate) asked_at: Option<Mono>,
    /// the link over which the last ask went, with the candidacy it carried, until it is answered
    pub(crate) ask_owed: Option<(LinkId, Option<u64>)>,
    /// the link over which the last hello went, until it is answered
    pub(crate) publish_owed: Option<LinkId>,
    /// ask again now, whatever the period says
    pub(crate) ask_now: bool,
    pub(crate) hello_at: Mono,
    /// the configuration its last hello carried: epoch and the master's address
    pub(crate) hello_config: Option<(ConfigEpoch, Addr)>,
    /// its last hello as it came, if nothing in it is a name to be looked up
    pub(crate) hello_text: Box<[u8]>,
    /// our own configuration then
    pub(crate) hello_ours: (ConfigEpoch, Option<IpAddr>, u16),
    /// when a server last passed on a hello of it
    pub(crate) heard_at: Option<Mono>,
    /// since when its hellos name another master than ours in the same configuration epoch
    pub(crate) disputes_since: Option<Mono>,
    pub(crate) published_at: Mono,
    pub(crate) publish_error_at: Option<Mono>,
    pub(crate) hello_now: bool,
}

impl Peer {
    pub(crate) fn new(id: SentinelId, addr: Addr, now: Mono) -> Peer {
        Peer {
            id,
            addr,
            down: Down::default(),
            master_down: false,
            vote: None,
            vote_epoch: 0,
            answered_at: now,
            answered_epoch: None,
            asked_at: None,
            ask_owed: None,
            publish_owed: None,
            ask_now: false,
            hello_at: now,
            hello_config: None,
            hello_text: Box::default(),
            hello_ours: (ConfigEpoch::default(), None, 0),
            heard_at: None,
            disputes_since: None,
            published_at: now,
            publish_error_at: None,
            hello_now: true,
        }
    }

    /// Forgets what it said about a master that is no longer the master.
    pub(crate) fn forget_master(&mut self) {
        self.master_down = false;
        self.vote = None;
        self.answered_epoch = None;
        self.asked_at = None;
        self.ask_owed = None;
        self.ask_now = false;
    }

    /// Whether the answer to a hello is still to come over this link.
    pub(crate) fn owes_publish(&self, link: &PeerLink) -> bool {
        self.publish_owed.is_some() && self.publish_owed == link.conn.id
    }

    /// Whether the answer to an ask with this candidacy is still to come over this link.
    pub(crate) fn owes_ask(&self, link: &PeerLink, epoch: Option<u64>) -> bool {
        self.ask_owed.is_some() && self.ask_owed == link.conn.id.map(|id| (id, epoch))
    }

    /// Takes its answer to an ask: is the master down, and whom it voted for (`None`: nobody it names).
    pub(crate) fn answered(&mut self, down: bool, vote: Option<SentinelId>, epoch: i64, now: Mono) -> bool {
        self.answered_at = now;
        self.master_down = down;
        let Some(vote) = vote else { return false };
        let Ok(epoch) = u64::try_from(epoch) else { return false };
        if epoch > EPOCH_MAX {
            return false;
        }
        let news = self.vote_epoch != epoch || self.vote.is_none();
        self.vote = Some(vote);
        self.vote_epoch = epoch;
        news
    }

    /// Whether this hello says what the last one said, to us who are as we were: it changes nothing then.
    pub(crate) fn says_again(&self, payload: &[u8], ours: (ConfigEpoch, Option<IpAddr>, u16)) -> bool {
        *self.hello_text == *payload && self.hello_ours == ours && self.disputes_since.is_none()
    }

    pub(crate) fn link<'a>(&self, sh: &'a Shared) -> Option<&'a PeerLink> {
        sh.peers.get(&self.id)
    }

    pub(crate) fn disconnected(&self, sh: &Shared) -> bool {
        self.link(sh).is_none_or(|link| !link.conn.exists())
    }

    /// Connected and not down: it can vote.
    pub(crate) fn is_up(&self, sh: &Shared) -> bool {
        !self.down.is && self.link(sh).is_some_and(|link| link.conn.up)
    }

    /// When the hello is due to it. A peer that servers pass hellos on of reaches them, and hears us there, too: what is sent
    /// to it straight is only a second way, for a server that dies and a line that breaks. What was lost with its link is sent
    /// again at once.
    pub(crate) fn hello_due_at(&self, pace: Pace, sh: &Shared) -> Mono {
        let heard = self.heard_at.is_some_and(|at| sh.now.mono.since(at) <= 2 * pace.publish);
        let slot = pace.slot(if heard && !pace.hurried { SPARE_HELLO * pace.publish } else { pace.publish });
        let link = self.link(sh).and_then(|link| link.conn.id);
        let lost = self.publish_owed.is_some() && link.is_some() && link != self.publish_owed;
        let by_period = if self.hello_now || lost { Mono(0) } else { slot.after(self.published_at) };
        self.publish_error_at.map_or(by_period, |at| by_period.max(at + 1_000))
    }

    /// Publishes the hello when due. To peers it goes as a command; only those already known can be reached so.
    pub(crate) fn publish(
        &mut self,
        group: GroupId,
        renames: Renames<'_>,
        (hello, pace): (&HelloText, Pace),
        sh: &mut Shared,
    ) {
        if self.hello_due_at(pace, sh) > sh.now.mono {
            return;
        }
        let pending = Pending::Publish(group);
        let id = self.id.clone();
        with_link(&id, sh, |link, sh| {
            let Some(local) = link.conn.local else { return };
            if link.conn.takes_more(sh) && !self.owes_publish(link) {
                self.hello_now = false;
                self.publish_owed = link.conn.id;
                let text = hello.from(local.ip());
                link.conn.send(&[renames.word("PUBLISH"), CHANNEL, &text], pending, sh);
            }
        });
    }
}

/// So many hello periods pass between two hellos that are sent to a peer straight while all is well.
const SPARE_HELLO: u64 = 5;

/// Runs `work` on the link to a peer, if there is one.
pub(crate) fn with_link(id: &SentinelId, sh: &mut Shared, work: impl FnOnce(&mut PeerLink, &mut Shared)) {
    if let Some(mut link) = sh.peers.remove(id) {
        work(&mut link, sh);
        sh.peers.insert(id.clone(), link);
    }
}

impl PeerLink {
    pub(crate) fn new(addr: Addr, now: Mono) -> PeerLink {
        PeerLink {
            conn: crate::link::Conn::default(),
            addr,
            ping: Ping::new(now),
            groups: std::collections::BTreeSet::new(),
        }
    }

    /// Opens the link when it is missing and pings when due.
    pub(crate) fn upkeep(
        &mut self,
        id: &SentinelId,
        renames: Renames<'_>,
        ping_period: u64,
        sh: &mut Shared,
    ) {
        let now = sh.now.mono;
        if !self.conn.exists() && self.addr.port != 0 && self.conn.reconnect_at(sh) <= now {
            self.conn.last_attempt = Some(now);
            let mut addr = self.addr.clone();
            sh.resolve(&mut addr);
            self.addr = addr;
            if let Some(socket) = self.addr.socket() {
                self.conn.open(socket, Owner::Peer(id.clone()), sh);
                let (user, pass) = sh.peer_credentials();
                let credentials = Credentials { user: user.as_deref(), pass: pass.as_deref() };
                self.conn.introduce(credentials, "cmd", renames, sh);
                if Names::is_name(&self.addr.host) {
                    self.conn.send(&[renames.word("SENTINEL"), "MYID"], Pending::Identity, sh);
                }
                self.send_ping(renames, sh);
            }
        }
        if self.conn.takes_more(sh) && self.ping_due_at(ping_period) <= now {
            self.send_ping(renames, sh);
        }
    }

    fn send_ping(&mut self, renames: Renames<'_>, sh: &mut Shared) {
        self.ping.note_sent(sh.now.mono);
        self.conn.send(&[renames.word("PING")], Pending::Ping, sh);
    }

    fn ping_due_at(&self, period: u64) -> Mono {
        self.ping.due_at(Slot { period, phase: 0 }, period / 2)
    }

    /// When [`PeerLink::upkeep`] has something to do, and what.
    pub(crate) fn upkeep_at(&self, ping_period: u64, sh: &Shared) -> (Mono, Why) {
        let mut next = (Mono(u64::MAX), Why::Tick);
        if !self.conn.exists() && self.addr.port != 0 {
            next = next.min((self.conn.reconnect_at(sh), Why::Reconnect));
        }
        if self.conn.takes_more(sh) {
            next = next.min((self.ping_due_at(ping_period), Why::Ping));
        }
        next
    }
}
