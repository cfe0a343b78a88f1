//! Facts that tests make up: one group `m`, its master at `h:6379`, its replicas at the ports behind.

use std::collections::BTreeMap;

use super::facts::{Closer, Facts, Settings};
use super::names::Names;
use crate::ask::{
    Endpoint, Failure, Fields, GroupAnswer, Picture, SentinelAnswer, SentinelSays, ServerAnswer,
};

/// INFO, its lines written with blanks between them.
fn info(words: &str) -> Fields {
    Fields::info(&words.replace(' ', "\r\n"))
}

/// Sentinels with a quorum of two that say this of the master (flags, and milliseconds since it answered), and what servers
/// say in INFO; a master that says nothing is silent here.
pub(super) fn facts(said: &[(&str, i64)], master: Option<&str>, replicas: &[&str]) -> Facts {
    let sentinels = said.iter().zip(1u16..).map(|((flags, since), number)| SentinelAnswer {
        at: Endpoint::new("s", number),
        also_at: Vec::new(),
        named: true,
        says: Ok(SentinelSays {
            id: format!("id{number}"),
            info: Fields::default(),
            config: Fields::default(),
            rtt_us: 0,
            groups: vec![GroupAnswer {
                name: "m".into(),
                master: info(&format!(
                    "ip:h port:6379 quorum:2 down-after-milliseconds:2000 flags:{flags} last-ok-ping-reply:{since}"
                )),
                replicas: Vec::new(),
                sentinels: Vec::new(),
                quorum_check: Ok(String::new()),
            }],
            masters: Vec::new(),
        }),
    });
    let all = [master].into_iter().chain(replicas.iter().copied().map(Some));
    let servers = all.zip(6379..).map(|(words, port)| ServerAnswer {
        at: Endpoint::new("h", port),
        group: "m".into(),
        says: words.map(|words| (info(words), 0)).ok_or(Failure::Silent(1000)),
    });
    Facts {
        picture: Picture { unix_ms: 0, sentinels: sentinels.collect(), servers: servers.collect() },
        closer: BTreeMap::new(),
        strangers: Vec::new(),
        watchers: BTreeMap::new(),
        names: Names::default(),
        local: BTreeMap::new(),
        own_login: Vec::new(),
    }
}

/// The replica of this number has neither snapshots nor a log of what is written.
pub(super) fn keeps_nothing(facts: &mut Facts, replica: usize) {
    let server = &facts.picture.servers[replica];
    let closer = Closer {
        info: info("role:slave aof_enabled:0 slave_priority:100"),
        rate: None,
        settings: Ok(Settings::made_up(info("save:"))),
        rights: Vec::new(),
        accounts: BTreeMap::new(),
        one_user: true,
        ahead_ms: None,
        not_after: None,
        open_to_all: false,
    };
    facts.closer.insert(("m".into(), server.at.clone()), closer);
}
