//! Advice where too few sentinels are left to act: which condition is not met, and what meets it soonest. A failover needs
//! the quorum to hold the master for down, and a majority and the quorum to vote for one leader.

use watchkeeper_core::Lang;

use super::advice::{Both, both, no_line};
use super::findings::Finding;
use super::nobody::pointed_first;
use super::words::by_name;

/// How many there are of a group's sentinels, and how many it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Strength {
    /// those that are known, down ones included
    pub(super) known: usize,
    /// there are no others
    pub(super) all: bool,
    /// those that nobody holds for down
    pub(super) left: usize,
    pub(super) quorum: Option<u32>,
}

impl Strength {
    fn majority(self) -> usize {
        self.known / 2 + 1
    }

    /// How many a failover takes.
    pub(super) fn needed(self) -> usize {
        self.majority().max(self.quorum.unwrap_or(0) as usize)
    }

    /// No failover can happen by itself.
    pub(super) fn too_weak(self) -> bool {
        self.all && self.left < self.needed()
    }

    /// How many a failover takes, in words: without the quorum only the least is known.
    fn needs(self) -> (String, String) {
        let needed = self.needed();
        match self.quorum {
            Some(_) => (needed.to_string(), format!(" {needed} 个")),
            None => (format!("at least {needed}"), format!("至少 {needed} 个")),
        }
    }

    /// Too few are left to act by themselves, where somebody may have made them act.
    fn alone(self) -> (String, String) {
        let (left, (needs, needs_zh)) = (self.left, self.needs());
        let are = if left == 1 { "is" } else { "are" };
        (
            format!("{left} {are} left, and a failover that begins by itself needs {needs}"),
            format!("只剩 {left} 个，而自动故障转移需要{needs_zh}"),
        )
    }

    /// How many are left, and what that means, as far as it can be told. `most`: others may be gone, too.
    fn told(self, most: bool) -> (String, String) {
        let left = self.left;
        let are = if left == 1 { "is" } else { "are" };
        let (needs, needs_zh) = self.needs();
        let high = self.quorum_too_high();
        let (quorum, quorum_zh) = if high { (", its quorum", "（法定票数）") } else { ("", "") };
        let (most, most_zh) = if most { ("at most ", "至多") } else { ("", "") };
        if self.too_weak() {
            return (
                format!(
                    "{most}{left} {are} left, and a failover needs {needs}{quorum}: none can happen by itself"
                ),
                format!("{most_zh}只剩 {left} 个，而故障转移需要{needs_zh}{quorum_zh}：无法自动切换"),
            );
        }
        if self.all {
            return (
                format!("{most}{left} {are} left, a failover needs {needs}"),
                format!("{most_zh}还剩 {left} 个，故障转移需要{needs_zh}"),
            );
        }
        (
            format!("at least {left} {are} left, whether that is enough these logs do not tell"),
            format!("至少还剩 {left} 个，是否足够，日志中没有"),
        )
    }

    /// There are not as many sentinels as the quorum asks for, whoever runs.
    fn beyond_all(self) -> bool {
        self.all && self.quorum.is_some_and(|quorum| quorum as usize > self.known)
    }

    /// It is only the quorum that keeps those that are left from acting.
    fn quorum_too_high(self) -> bool {
        self.too_weak() && self.left >= self.majority()
    }
}

/// Too few missed the master for a failover to begin.
pub(super) fn of_no_quorum(finding: &Finding, lang: Lang) -> Both {
    let Finding::NoQuorum { saw, silent, strength, down, unread, pointed } = finding else {
        return Both::default();
    };
    let here = (!unread).then_some(&silent[..]);
    no_quorum(saw, here, *strength, down, pointed.as_deref(), lang)
}

/// Sentinels that never came back.
pub(super) fn of_sentinels_gone(finding: &Finding, lang: Lang) -> Both {
    let Finding::SentinelsGone { group, who, strength, unread, nameless, goes_on, most, pointed } = finding
    else {
        return Both::default();
    };
    let told = [*unread, *nameless, *goes_on, *most];
    sentinels_gone(group, who, *strength, told, pointed.as_deref(), lang)
}

/// The same; `silent` are those whose logs have no line after it, if all logs are here.
fn no_quorum(
    saw: &[String],
    silent: Option<&[String]>,
    strength: Strength,
    down: &[String],
    pointed: Option<&str>,
    lang: Lang,
) -> Both {
    let Some(silent) = silent else { return no_quorum_here(saw, strength, down, pointed, lang) };
    let (none, none_zh) = no_line(silent, lang);
    let (seen_by, missing) = (by_name(saw, lang), by_name(down, lang));
    let (needed, needed_zh) = strength.quorum.map_or((String::new(), String::new()), |quorum| {
        (format!(" (quorum {quorum})"), format!("（法定票数 {quorum}）"))
    });
    let (en, zh) = match down.len() {
        0 => (String::new(), String::new()),
        1 => (format!(" Down was the sentinel {missing}."), format!("已下线的哨兵：{missing}。")),
        _ => (format!(" Down were the sentinels {missing}."), format!("已下线的哨兵：{missing}。")),
    };
    let hint = || no_quorum_hint(saw.len(), strength, !down.is_empty());
    let (hint, hint_zh) = pointed.map_or_else(hint, pointed_first);
    both(
        format!("Too few sentinels missed the master: {seen_by}{needed}. No failover could begin.{en}{none}"),
        &hint,
        format!("认为主节点下线的哨兵不足：{seen_by}{needed_zh}，故障转移无法开始。{zh}{none_zh}"),
        &hint_zh,
    )
}

/// Too few whose logs are here missed the master; what the others saw is not known.
fn no_quorum_here(
    saw: &[String],
    strength: Strength,
    down: &[String],
    pointed: Option<&str>,
    lang: Lang,
) -> Both {
    let (seen_by, missing) = (by_name(saw, lang), by_name(down, lang));
    let (needed, needed_zh) = strength.quorum.map_or((String::new(), String::new()), |quorum| {
        (format!(" (quorum {quorum})"), format!("（法定票数 {quorum}）"))
    });
    let (en, zh) = if down.is_empty() {
        (String::new(), String::new())
    } else {
        (format!(" {missing} did not answer."), format!("{missing} 没有应答。"))
    };
    let one = saw.len() == 1;
    let (only, only_zh) = if one {
        ("; if only that one missed it, it is cut off", "；若只有它认为主节点下线，则是它自己被隔离")
    } else {
        ("", "")
    };
    let hint = if strength.beyond_all() {
        lower_quorum("<group>", "<组>", strength)
    } else {
        (
            format!(
                "add the logs of the other sentinels, and ask these who is the master (`SENTINEL GET-MASTER-ADDR-BY-NAME`) before you \
                 promote anything; see whether they run and can be reached from here (`SENTINEL CKQUORUM`){only}"
            ),
            format!(
                "请加上其他哨兵的日志，并在提升任何节点之前先向它们查询主节点（`SENTINEL GET-MASTER-ADDR-BY-NAME`）；\
                 检查它们是否运行、能否互通（`SENTINEL CKQUORUM`）{only_zh}"
            ),
        )
    };
    let (hint, hint_zh) = pointed.map_or(hint, pointed_first);
    both(
        format!(
            "In these logs only {seen_by} missed the master{needed}, too few for a failover; whether others did, theirs would show.{en}"
        ),
        &hint,
        format!(
            "在这些日志中只有 {seen_by} 认为主节点下线{needed_zh}，不足以故障转移；其他哨兵是否也这样认为，要看它们的日志。{zh}"
        ),
        &hint_zh,
    )
}

fn no_quorum_hint(saw: usize, strength: Strength, some_down: bool) -> (String, String) {
    if strength.beyond_all() {
        return lower_quorum("<group>", "<组>", strength);
    }
    if some_down && strength.quorum_too_high() {
        let (en, zh) = lower_quorum("<group>", "<组>", strength);
        return (
            format!("start the sentinels that are down, and see why nothing else did; {en}"),
            format!("启动已下线的哨兵，并查明为何没有自动启动；{zh}"),
        );
    }
    if some_down && strength.too_weak() {
        let (told, told_zh) = strength.alone();
        return (
            format!("start the sentinels that are down, and see why nothing else did: {told}"),
            format!("启动已下线的哨兵，并查明为何没有自动启动：{told_zh}"),
        );
    }
    let (start, start_zh) = if some_down {
        ("start the sentinels that are down; ", "启动已下线的哨兵；")
    } else {
        ("", "")
    };
    let (alone, alone_zh) = if saw == 1 {
        (
            "; a master that only one sentinel misses, while others reach it, is cut off from that sentinel alone",
            "；若只有一个哨兵认为主节点下线，而其他哨兵能连通它，则只是该哨兵与主节点之间的网络不通",
        )
    } else {
        ("", "")
    };
    (
        format!(
            "{start}check that the other sentinels run and can be reached from here (`SENTINEL CKQUORUM`){alone}"
        ),
        format!("{start_zh}检查其他哨兵是否运行、能否互通（`SENTINEL CKQUORUM`）{alone_zh}"),
    )
}

/// What to do about a quorum that those who are left cannot meet.
fn lower_quorum(group: &str, group_zh: &str, strength: Strength) -> (String, String) {
    let (left, majority) = (strength.left, strength.majority());
    let quorum = strength.needed();
    if strength.beyond_all() {
        let known = strength.known;
        return (
            format!(
                "the quorum {quorum} is higher than the number of sentinels, {known}: no failover can begin by itself, whoever runs. \
                 `SENTINEL SET {group} quorum {majority}` on each of them (a majority is enough)"
            ),
            format!(
                "法定票数 {quorum} 大于哨兵总数 {known}：无论哪些哨兵在运行，都不会自动故障转移。在每个哨兵上执行 \
                 `SENTINEL SET {group_zh} quorum {majority}`（多数即可）"
            ),
        );
    }
    let are = if left == 1 { "is" } else { "are" };
    (
        format!(
            "the quorum {quorum} is too high for the {left} that {are} left: until the others are back, `SENTINEL SET {group} quorum \
             {majority}` on each of these lets them act (a majority is enough)"
        ),
        format!(
            "法定票数 {quorum} 对剩下的 {left} 个哨兵来说过高：在其余哨兵恢复之前，在剩下的每个哨兵上执行 `SENTINEL SET {group_zh} quorum \
             {majority}`，它们就能自动故障转移（多数即可）"
        ),
    )
}

/// What to do about sentinels that never came back. Whether one is down whose log is not here, or only those that miss it are
/// cut off, nobody knows.
fn sentinels_gone(
    group: &str,
    who: &[String],
    strength: Strength,
    [unread, nameless, goes_on, most]: [bool; 4],
    pointed: Option<&str>,
    lang: Lang,
) -> Both {
    let (first, first_zh) = pointed
        .map(pointed_first)
        .map_or((String::new(), String::new()), |(en, zh)| (format!("{en}. Then "), format!("{zh}。然后")));
    let (who, one) = (by_name(who, lang), who.len() == 1);
    let (does, sentinels) = if one { ("does", "sentinel") } else { ("do", "sentinels") };
    let (en, zh) = strength.told(most);
    let high = strength.quorum_too_high();
    let (lower, lower_zh) = if high {
        let (en, zh) = lower_quorum(group, group, strength);
        (format!("{en}; "), format!("{zh}；"))
    } else if strength.all {
        (String::new(), String::new())
    } else {
        (
            format!("`SENTINEL CKQUORUM {group}` on one of the others tells whether enough are left; "),
            format!("在其余的一个哨兵上执行 `SENTINEL CKQUORUM {group}`，可知剩下的是否足够；"),
        )
    };
    let (so, so_zh) = match (unread, one) {
        (false, true) if goes_on => {
            (" (but its own log goes on); if it is so still,", "（但它自己的日志还在继续）；若现在仍是如此，")
        }
        (false, false) if goes_on => (
            " (but a log of theirs goes on); if it is so still,",
            "（但它们中有的日志还在继续）；若现在仍是如此，",
        ),
        (false, _) => (";", "；"),
        (true, true) if nameless => ("; if it is down,", "；若它确已下线，"),
        (true, false) if nameless => ("; if they are down,", "；若它们确已下线，"),
        (true, true) => (" (its log is not here); if it is down,", "（它的日志不在此处）；若它确已下线，"),
        (true, false) => {
            (" (not all their logs are here); if they are down,", "（并非都有日志）；若它们确已下线，")
        }
    };
    both(
        format!("{group}: the {sentinels} {who} {does} not answer to the end of the logs{so} {en}."),
        &format!(
            "{first}start what is down again, and see why nothing else did; {lower}one that is gone for good must be forgotten (`SENTINEL \
             RESET` on each of the others in turn, while the master is up and all its servers are back: a server that is down is forgotten, too, and \
             stays a second master when it is started after that)"
        ),
        format!("{group}：到日志结束时哨兵 {who} 仍没有应答{so_zh}{zh}。"),
        &format!(
            "{first_zh}重新启动它，并查明为何没有自动启动；{lower_zh}永久下线的哨兵要忘掉（在主节点正常、其所有服务器都已恢复时，逐个在其余哨兵上执行 `SENTINEL RESET`：下线的服务器也会被忘掉，此后再启动就会成为第二个主节点）"
        ),
    )
}

/// What to do about an even number of them.
pub(super) fn even(group: &str, sentinels: usize) -> Both {
    let (less, needed) = (sentinels - 1, sentinels / 2 + 1);
    // One alone is no remedy for two.
    let (hint, hint_zh) = if sentinels == 2 {
        ("one sentinel more, on a host of its own", "增加一个，并放在独立的主机上")
    } else {
        ("one sentinel more or less, on hosts of their own", "增加或减少一个，并放在独立的主机上")
    };
    both(
        format!(
            "{group} has {sentinels} sentinels: {needed} are needed, so no more may fail than with {less}."
        ),
        hint,
        format!("{group} 有 {sentinels} 个哨兵：需要 {needed} 个同意，容错能力并不比 {less} 个强。"),
        hint_zh,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(known: usize, left: usize, quorum: u32) -> Strength {
        Strength { known, all: true, left, quorum: Some(quorum) }
    }

    fn gone(strength: Strength) -> [String; 4] {
        let (en, zh) = sentinels_gone("m", &["s2".to_owned()], strength, [false; 4], None, Lang::En);
        [en.0, en.1, zh.0, zh.1]
    }

    #[test]
    fn a_quorum_above_what_is_left_is_named_and_lowered() {
        let [en, hint, zh, hint_zh] = gone(of(5, 3, 4));
        assert!(
            en.contains("3 are left, and a failover needs 4, its quorum: none can happen by itself"),
            "{en}"
        );
        assert!(zh.contains("需要 4 个（法定票数）：无法自动切换"), "{zh}");
        for text in [&hint, &hint_zh] {
            assert!(text.contains("`SENTINEL SET m quorum 3`"), "{text}");
        }
        // Without a majority no quorum helps.
        let [en, hint, ..] = gone(of(5, 2, 4));
        assert!(en.contains("needs 4: none can happen") && !hint.contains("SENTINEL SET"), "{en} {hint}");
        let [en, ..] = gone(of(5, 3, 3));
        assert!(en.ends_with("3 are left, a failover needs 3."), "{en}");
    }

    #[test]
    fn the_advice_for_too_few_is_that_of_the_cause() {
        let hint = |saw: usize, strength: Strength, down: usize| {
            let named = |number: usize| (0..number).map(|s| format!("s{s}")).collect::<Vec<_>>();
            let (en, zh) = no_quorum(&named(saw), Some(&[]), strength, &named(down), None, Lang::En);
            (en.1, zh.1)
        };
        let alone = ("cut off from that sentinel alone", "只是该哨兵与主节点之间的网络不通");
        // All run, as far as anybody knows: one of them may be the one that errs.
        let (en, zh) = hint(1, of(3, 3, 2), 0);
        assert!(en.contains(alone.0) && zh.contains(alone.1), "{en} {zh}");
        let (en, zh) = hint(2, of(3, 3, 3), 0);
        assert!(!en.contains(alone.0) && !zh.contains(alone.1), "{en} {zh}");
        // The others are down.
        let (en, zh) = hint(1, of(3, 1, 2), 2);
        assert!(!en.contains(alone.0) && !zh.contains(alone.1), "{en} {zh}");
        assert!(en.starts_with("start the sentinels that are down") && en.contains("1 is left"), "{en}");
        assert!(zh.starts_with("启动已下线的哨兵") && zh.contains("只剩 1 个"), "{zh}");
        let (en, zh) = hint(2, of(3, 2, 3), 1);
        assert!(
            en.contains("the quorum 3 is too high") && en.contains("`SENTINEL SET <group> quorum 2`"),
            "{en}"
        );
        assert!(zh.contains("法定票数 3") && zh.contains("`SENTINEL SET <组> quorum 2`"), "{zh}");
    }

    #[test]
    fn nobody_is_sent_from_two_sentinels_to_one() {
        let hints = |sentinels| (even("m", sentinels).0.1, even("m", sentinels).1.1);
        let (en, zh) = hints(2);
        assert!(!en.contains("less") && !zh.contains("减少"), "{en} {zh}");
        let (en, zh) = hints(4);
        assert!(en.contains("less") && zh.contains("减少"), "{en} {zh}");
    }
}
