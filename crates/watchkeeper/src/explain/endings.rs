//! How an incident ended, in one or two sentences. What most incidents end with is said in `words`; here are those that
//! somebody ended by hand.

use watchkeeper_core::Lang;

use super::findings::Names;
use super::incident::{At, Incident};
use super::words::{self, duration, list};

/// The incident in a few sentences.
pub(super) fn outcome(incident: &Incident, names: &dyn Names, timed: bool, lang: Lang) -> String {
    let forced = incident.forced_at().zip(incident.new_master.as_ref());
    if let Some((at, new)) = forced {
        return by_hand(incident, at, new, names, timed, lang);
    }
    words::outcome(incident, timed, lang)
}

/// The sentinels did not act, an operator made one of them.
fn by_hand(incident: &Incident, at: At, new: &str, names: &dyn Names, timed: bool, lang: Lang) -> String {
    let old = &incident.master;
    let after = |at: At| duration(at - incident.outage_began(), lang);
    let who: Vec<String> = incident.asked.last().map(|(who, _)| names.who(*who)).into_iter().collect();
    let who = list(&who, lang);
    let few = incident.agreed.is_empty();
    let told = after(incident.first_told().unwrap_or(incident.last));
    match lang {
        Lang::En => {
            let few = if few { " and too few sentinels missed it" } else { "" };
            let when = if timed { format!(" {} later", after(at)) } else { String::new() };
            let told = if timed { format!(" Clients were told after {told}.") } else { String::new() };
            format!(
                "The master {old} failed{few}; an operator forced the failover on {who}{when}. {new} took over.{told}"
            )
        }
        Lang::Zh => {
            let few = if few { "，而认为它下线的哨兵不足" } else { "" };
            let when = if timed { format!("{}后", after(at)) } else { String::new() };
            let told = if timed { format!("{told}后客户端得知新地址。") } else { String::new() };
            format!("主节点 {old} 故障{few}；{when}有人在 {who} 上强制故障转移，由 {new} 接替。{told}")
        }
    }
}
