//! A rehearsal told to people, in both languages: the timeline, the verdict of each group, and what to do.

use std::fmt::Write;
use std::path::Path;

use watchkeeper_core::event::EventKind;
use watchkeeper_sim::rehearse::{Fate, How, Moment, Reason, Rehearsal, Topology, Verdict};

use crate::cli::lang::Lang;

/// The whole text.
pub(super) fn tell(course: &Rehearsal, topology: &Topology, targets: &[(How, String)], lang: Lang) -> String {
    let mut text = String::new();
    for (how, target) in targets {
        let what = match (how, lang) {
            (How::Kill, Lang::En) => format!("`{target}` is gone"),
            (How::Kill, Lang::Zh) => format!("`{target}` 消失"),
            (How::Hang, Lang::En) => format!("`{target}` hangs"),
            (How::Hang, Lang::Zh) => format!("`{target}` 卡死"),
        };
        line(&mut text, &format!("{:>9}  {what}", seconds(0)));
    }
    for moment in &course.moments {
        line(&mut text, &tell_moment(moment, lang));
    }
    for verdict in &course.verdicts {
        text.push('\n');
        tell_verdict(&mut text, verdict, lang);
    }
    if topology.place_assumed {
        line(&mut text, lang.pick(
            "\nnote: the file does not say where its sentinel runs; it was put on a host of its own\nhint: --self HOST",
            "\n注意：配置文件没有说明该哨兵运行在哪里，这里假定它独占一台主机\n提示：--self HOST",
        ));
    }
    text
}

fn line(text: &mut String, what: &str) {
    // A String takes everything.
    let _ = writeln!(text, "{what}");
}

/// `2.022 s`
pub(super) fn seconds(ms: u64) -> String {
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}

fn tell_moment(moment: &Moment, lang: Lang) -> String {
    let brief = moment.kind.text().brief.get(lang);
    let about = subject(moment);
    let about = if about.is_empty() { String::new() } else { format!(" {about}") };
    let by = moment.who.join(lang.pick(", ", "、"));
    format!("{:>9}  {}{about}: {brief}  [{by}]", seconds(moment.ms), moment.kind.spec().name)
}

/// Whom an event is about, as short as can be.
fn subject(moment: &Moment) -> String {
    let words: Vec<&str> = moment.payload.split(" @ ").next().unwrap_or("").split_whitespace().collect();
    match (moment.kind, &words[..]) {
        (EventKind::SwitchMaster, [_, old_ip, old_port, ip, port]) => {
            format!("{old_ip}:{old_port} -> {ip}:{port}")
        }
        (_, ["master", _, ip, port, ..]) => format!("{ip}:{port}"),
        (_, ["slave", name, ..]) => (*name).to_owned(),
        (_, ["sentinel", _, ip, port, ..]) => format!("{ip}:{port}"),
        (EventKind::VoteForLeader, [id, epoch]) => format!("{} {epoch}", id.get(..8).unwrap_or(id)),
        _ => String::new(),
    }
}

fn tell_verdict(text: &mut String, verdict: &Verdict, lang: Lang) {
    let group = &verdict.group;
    match &verdict.fate {
        Fate::Untouched => line(
            text,
            &match lang {
                Lang::En => format!("{group}: the master `{}` goes on.", verdict.master),
                Lang::Zh => format!("{group}：主节点 `{}` 不受影响。", verdict.master),
            },
        ),
        Fate::Promoted { server, after_ms, writable_ms } => {
            let after = seconds(*after_ms);
            line(
                text,
                &match lang {
                    Lang::En => format!("{group}: `{server}` is the master after {after}."),
                    Lang::Zh => format!("{group}：{after} 后 `{server}` 成为主节点。"),
                },
            );
            if let Some(ms) = writable_ms.map(seconds) {
                line(
                    text,
                    &match lang {
                        Lang::En => format!("  A client that asks sentinels can write again after {ms}."),
                        Lang::Zh => format!("  通过哨兵查询主节点的客户端在 {ms} 后可以重新写入。"),
                    },
                );
            }
        }
        Fate::Lost(reasons) => {
            line(
                text,
                &match lang {
                    Lang::En => format!(
                        "{group}: NOBODY IS PROMOTED. `{}` is gone and nothing takes its place:",
                        verdict.master
                    ),
                    Lang::Zh => format!("{group}：没有副本被提升。`{}` 消失后无人接替：", verdict.master),
                },
            );
            for reason in reasons {
                let (what, hint) = explain(reason, lang);
                line(text, &format!("  - {what}"));
                line(text, &format!("    {}{hint}", lang.pick("hint: ", "提示：")));
            }
        }
    }
    warn(text, verdict, lang);
}

/// What is no longer possible although all is well now.
fn warn(text: &mut String, verdict: &Verdict, lang: Lang) {
    if matches!(verdict.fate, Fate::Lost(_)) {
        return;
    }
    let (alive, known, needed) = verdict.sentinels;
    if alive < needed {
        line(
            text,
            &match lang {
                Lang::En => format!(
                    "  warning: no further failover is possible: {alive} of {known} sentinels are left, {needed} are needed."
                ),
                Lang::Zh => format!(
                    "  警告：之后无法再进行故障转移：{known} 个哨兵只剩 {alive} 个，需要 {needed} 个。"
                ),
            },
        );
    }
    if verdict.replicas_left == 0 {
        line(
            text,
            lang.pick(
                "  warning: no replica is left: what is written now is in one place only.",
                "  警告：没有可用的副本，此后写入的数据只有一份。",
            ),
        );
    }
}

/// What stands in the way, and what to do about it.
pub(super) fn explain(reason: &Reason, lang: Lang) -> (String, String) {
    let pick = |en: String, zh: String| if lang == Lang::Zh { zh } else { en };
    match reason {
        Reason::NoQuorum { alive, quorum } => (
            pick(
                format!("the quorum is out of reach: {quorum} sentinels must agree that the master is down, {alive} are left"),
                format!("达不到 quorum：需要 {quorum} 个哨兵同意主节点下线，只剩 {alive} 个"),
            ),
            pick(
                "more sentinels, on hosts of their own, or a smaller quorum (`SENTINEL SET`)".to_owned(),
                "在独立的主机上增加哨兵，或者减小 quorum（`SENTINEL SET`）".to_owned(),
            ),
        ),
        Reason::NoMajority { alive, known, needed } => (
            pick(
                format!("no majority: {alive} of {known} sentinels are left, {needed} votes are needed to elect the one that acts"),
                format!("没有多数：{known} 个哨兵只剩 {alive} 个，选出执行者需要 {needed} 票"),
            ),
            pick(
                "put the sentinels on at least three hosts, so that no host holds half of them; sentinels that are gone for good must be forgotten (`SENTINEL RESET`, only while the master is up)".to_owned(),
                "把哨兵放在至少三台主机上，使任何一台都不占一半；永久下线的哨兵要用 `SENTINEL RESET` 忘掉（仅在主节点正常时）".to_owned(),
            ),
        ),
        Reason::NoReplica => (
            pick("the group has no replica".to_owned(), "该组没有副本".to_owned()),
            pick("add one; replicas that the file does not know: --replica HOST:PORT".to_owned(), "增加副本；配置文件里没有的副本用 --replica HOST:PORT 指定".to_owned()),
        ),
        Reason::Refused { replica, why } => (
            pick(format!("`{replica}` can't be promoted: {why}"), format!("`{replica}` 不能被提升：{why}")),
            pick("keep at least one replica on another host, with a replica-priority above 0".to_owned(), "至少在另一台主机上保留一个 replica-priority 大于 0 的副本".to_owned()),
        ),
        Reason::Unknown => (
            pick("the sentinels did not come to a decision in a minute".to_owned(), "哨兵在一分钟内没有做出决定".to_owned()),
            pick("the timeline above shows how far they came".to_owned(), "上面的时间线显示进行到了哪一步".to_owned()),
        ),
    }
}

/// The first file monitors nothing.
pub(super) fn nothing_monitored(path: &Path, lang: Lang) -> String {
    let path = path.display();
    match lang {
        Lang::En => format!(
            "`{path}` has no `sentinel monitor` line, so there is nothing to rehearse\nhint: give the file of a running sentinel"
        ),
        Lang::Zh => format!(
            "`{path}` 里没有 `sentinel monitor`，没有可以演练的内容\n提示：请给出正在运行的哨兵的配置文件"
        ),
    }
}

/// Neither `--kill` nor `--hang`.
pub(super) fn no_target(topology: &Topology, lang: Lang) -> String {
    let known = topology.known().join(", ");
    match lang {
        Lang::En => format!("nothing is to be killed\nhint: --kill with one of {known}"),
        Lang::Zh => format!("没有指定要终止的对象\n提示：--kill 后面可以是 {known}"),
    }
}

/// A word names nothing.
pub(super) fn unknown(word: &str, topology: &Topology, lang: Lang) -> String {
    let known = topology.known().join(", ");
    match lang {
        Lang::En => {
            format!("`{word}` is no host, server or sentinel of this configuration\nhint: it knows {known}")
        }
        Lang::Zh => format!("`{word}` 不是该配置中的主机、服务器或哨兵\n提示：其中有 {known}"),
    }
}
