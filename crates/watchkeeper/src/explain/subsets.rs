//! A subset of the logs contradicts nothing of the whole. Whoever is woken has often only one sentinel's log: what is told of
//! it must be true by the logs of all, or be worded as unknown. Every subset of every recorded incident is held against the
//! report of all its logs.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use watchkeeper_core::Lang;

use super::advice::advise;
use super::book::Other;
use super::findings::{Finding, Names, voter};
use super::incident::{At, Cause, Incident, Outcome, Voter, is_address};
use super::phases::{self, Phase, Took};
use super::report::{Log, Report};
use super::{Format, endings, slow};

/// Words by which a sentence says that it holds for these logs only.
const HEDGES: &[&str] = &[
    "in these logs",
    "not here",
    "is here",
    "logs are here",
    "if it is down",
    "if they are down",
    "told from them",
    "at most",
    "did not answer.",
    "end too soon",
    "these logs tell",
    "these logs do not tell",
    "these events do not tell",
    "they do not tell",
    "no line after this",
    "log goes on",
    "log of theirs goes on",
    "add the logs",
    "would show",
    "日志中没有",
    "这些事件没有说明",
    "这些日志中",
    "不在此处",
    "无法得知",
    "加上",
    "日志所见",
    "要看",
    "在此之后没有记录",
    "日志还在继续",
    "确已下线",
    "至多",
    "没有应答。",
    "过早结束",
];

/// Findings that name those who saw or did something: fewer logs name fewer.
const LISTS: &[&str] = &[
    "tilt",
    "tilt-in-incident",
    "sentinels-disagree",
    "reset-in-outage",
    "quorums-differ",
    "pointed-by-hand",
    "late-replicas",
    "two-promoted",
];

/// Findings that tell of what is so, or how often it was, to the end of the logs.
const TO_THE_END: &[&str] = &[
    "sentinels-gone",
    "no-replica-left",
    "old-master-gone",
    "still-down",
    "logs-end-early",
    "down-after-low",
];

/// Sentinels see the same thing at times that differ by so much, in ms.
const APART_MS: At = 1_500;

/// A log's name and text.
type Text = (String, String);

fn read(logs: &[Text]) -> Report {
    let log = |(name, text): &Text| {
        let text = text.clone();
        let open = move || Ok(Box::new(Cursor::new(text.clone())) as Box<dyn io::BufRead>);
        Log { name: name.clone(), year: Some(2026), open: Box::new(open), again: true }
    };
    Report::read(&logs.iter().map(log).collect::<Vec<_>>()).unwrap()
}

/// The recorded incidents, each with its logs.
fn recorded() -> Vec<(String, Vec<Text>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/incidents");
    let entries = |dir: &Path| {
        let mut paths: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|it| it.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let logs = |dir: &PathBuf| {
        let logs = entries(dir).into_iter().filter(|path| !name(path).starts_with("report."));
        let logs = logs.map(|path| (name(&path), fs::read_to_string(path).unwrap()));
        (name(dir), logs.collect())
    };
    entries(&dir).iter().map(logs).collect()
}

/// What a report of some of the logs says, held against that of all.
struct Held<'a> {
    part: &'a Report,
    whole: &'a Report,
    lang: Lang,
    wrong: Vec<String>,
}

impl Held<'_> {
    fn check(&mut self) {
        for (incident, findings) in self.part.incidents() {
            let them: Vec<_> = self.whole.incidents().filter(|(it, _)| is_same(incident, it)).collect();
            let outcome = endings::outcome(incident, &self.part.names, incident.timed, self.lang);
            // That it was only its new connection, the switch before tells.
            if self.sighted(incident) {
                continue;
            }
            if them.is_empty() {
                self.wrong.push(format!("there was no such incident: {outcome}"));
                continue;
            }
            let theirs: Vec<&Incident> = them.iter().map(|(it, _)| *it).collect();
            if [Outcome::NobodyTookOver, Outcome::GivenUp].contains(&incident.outcome()) && self.ends_before()
            {
                continue;
            }
            for wrong in outcome_wrong(incident, &theirs) {
                self.wrong.push(format!("{wrong}: {outcome}"));
            }
            self.votes(incident);
            let known: Vec<&Finding> =
                them.iter().flat_map(|(_, found)| *found).chain(&self.whole.general).collect();
            findings.iter().for_each(|finding| self.finding(finding, &known));
            self.explanation(incident, findings, &them);
        }
        let known: Vec<&Finding> = self.whole.general.iter().collect();
        self.part.general.iter().for_each(|finding| self.finding(finding, &known));
    }

    /// The whole tells that this new master was missed for a moment only, or so the first time.
    fn sighted(&self, part: &Incident) -> bool {
        let mut others = self.whole.book.others.iter();
        others.any(|(what, often)| {
            let of = matches!(what, Other::Sight(_, place, _) if *place == part.master);
            of && part.began <= often.last + APART_MS && often.first <= part.last + APART_MS
        })
    }

    /// Who voted for whom, and who was elected.
    fn votes(&mut self, incident: &Incident) {
        // A vote does not say for which of several groups it is.
        let theirs = self.whole.incidents().map(|(it, _)| it).filter(|it| at_once(incident, it));
        let theirs: Vec<&Incident> = theirs.collect();
        let told = |report: &Report, it: &Incident, epoch: u64| -> BTreeSet<String> {
            let elections = it.elections.iter().filter(|election| election.epoch == epoch);
            let votes = elections.clone().flat_map(|election| election.counted()).map(|vote| {
                // Releases before 3.2 name voters by addresses, which only some of the logs have.
                let address = matches!(&vote.voter, Voter::Id(id) if is_address(id));
                let by = voter(&vote.voter, &report.names);
                let by = if address { "somebody" } else { by.as_str() };
                format!("{by} for {}", report.names.id(&vote.candidate))
            });
            let elected = elections.filter_map(|election| election.elected);
            let elected = elected.map(|(who, _)| who).chain(it.runs.iter().map(|run| run.who));
            votes.chain(elected.map(|who| format!("{} leads", report.names.who(who)))).collect()
        };
        for election in &incident.elections {
            let all = theirs.iter().flat_map(|it| told(self.whole, it, election.epoch));
            let somebody = |vote: String| match vote.split_once(" for ") {
                Some((_, to)) => vec![format!("somebody for {to}"), vote.clone()],
                None => vec![vote],
            };
            let all: BTreeSet<String> = all.flat_map(somebody).collect();
            for vote in told(self.part, incident, election.epoch) {
                let vote = self.named(&vote);
                if !all.contains(&vote) {
                    self.wrong.push(format!("epoch {}: {vote}", election.epoch));
                }
            }
        }
    }

    fn finding(&mut self, finding: &Finding, known: &[&Finding]) {
        let (text, _) = advise(finding, self.lang);
        let same = known.iter().filter(|it| it.code() == finding.code() || both_masters(finding, it));
        let true_of = |it: &&&Finding| {
            // Two that were asked at once may have chosen the same replica, whoever was first.
            let at_once = matches!((finding, it), (Finding::SameChosen { .. }, Finding::CalledTwice { .. }));
            if both_masters(finding, it) || at_once {
                return true;
            }
            let (mine, all) = (self.words(&text), self.words(&advise(it, self.lang).0));
            if LISTS.contains(&finding.code()) { mine.is_subset(&all) } else { mine == all }
        };
        let near = |it: &&&Finding| match (lasted(finding), lasted(it)) {
            (Some(ms), Some(all)) => {
                let least = matches!(finding, Finding::StayedMaster { least: true, .. });
                ms <= all + APART_MS && (least || all <= ms + APART_MS)
            }
            (_, _) => true,
        };
        // What a RESET wiped is so, whoever else forgot the others.
        // And that a master was missed so often is so, whatever came of it.
        let cut = self.part.book.present().any(|(who, _)| !self.part.book.is_whole(who));
        if cut && finding.code() == "sentinels-strangers" {
            return;
        }
        if let Finding::DownAfterLow { times, .. } = finding {
            let as_often =
                |it: &&Finding| matches!(it, Finding::DownAfterLow { times: all, .. } if times <= all);
            if cut || known.iter().any(as_often) {
                return;
            }
        }
        // Whole logs are told apart before they are read.
        let apart = self.whole.book.apart.iter().any(|names| !names.is_empty());
        if finding.code() == "several-deployments" && apart {
            return;
        }
        if self.ends_before() && TO_THE_END.contains(&finding.code()) {
            return;
        }
        if !same.clone().filter(near).any(|it| true_of(&it)) && !hedged(&text) {
            self.wrong.push(format!("{}: {text}", finding.code()));
        }
    }

    /// Why the longest part took so long. The same part must have taken as long by all logs.
    fn explanation(&mut self, incident: &Incident, findings: &[Finding], them: &[(&Incident, &[Finding])]) {
        let Some(parts) = phases::worth_telling(incident).filter(|_| incident.timed) else { return };
        let Some(longest) = phases::to_shorten(&parts, findings) else { return };
        let text = slow::longest(longest.phase, incident, self.lang);
        let took = |part: &Took| {
            part.phase == longest.phase
                && (part.ms() - longest.ms()).abs() <= APART_MS
                && part.to == longest.to
        };
        let leads = |it: &Incident| {
            let promoted = it.runs.iter().filter_map(|run| run.promoted.as_ref());
            longest.phase == Phase::Promotion && promoted.map(|(_, at)| *at).any(|at| at == longest.to)
        };
        // Whose sentinels they are, a log that begins late may not tell: then it is what is so of all.
        let known = |it: &Incident| Incident { maker: incident.maker.and(it.maker), ..it.clone() };
        let so = them.iter().any(|(it, _)| {
            (phases::phases(it).iter().any(took) || leads(it))
                && text == slow::longest(longest.phase, &known(it), self.lang)
        });
        // That nobody took over explains it wherever the master came back.
        let so =
            so || (longest.phase == Phase::Waiting && them.iter().any(|(it, _)| it.came_back().is_some()));
        if !so && !hedged(&text) {
            self.wrong.push(format!("{}: {text}", longest.phase.code()));
        }
    }

    /// These logs end before the whole does.
    fn ends_before(&self) -> bool {
        self.part.book.last < self.whole.book.last
    }

    /// A text in which sentinels without logs are called as in the whole.
    fn named(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (id, place) in &self.whole.book.places {
            text = text.replace(id.get(..8).unwrap_or(id), place);
        }
        // A name that only one deployment of these logs has needs no addition.
        let apart = self.whole.book.apart.iter().flatten();
        apart.for_each(|(name, here)| text = text.replace(here.as_str(), name));
        for (who, speaker) in self.whole.book.present() {
            let name = self.whole.names.who(who);
            let id = speaker.id.as_ref().and_then(|id| id.get(..8));
            let place = speaker.id.as_ref().and_then(|id| self.whole.book.places.get(id));
            for other in id.into_iter().chain(place.map(String::as_str)) {
                text = text.replace(other, &name);
            }
        }
        text
    }

    fn words(&self, text: &str) -> BTreeSet<String> {
        words(&self.named(text))
    }
}

/// The words of a text, without those that only join them, and without durations.
fn words(text: &str) -> BTreeSet<String> {
    const JOINTS: &[&str] = &["and", "was", "were", "about", "at", "least", "name", "names", ""];
    let all = text.split(|c: char| " ,;()，；。（）、：".contains(c)).map(|word| word.trim_end_matches('.'));
    let short = all.filter(|word| !JOINTS.contains(word) && word.parse::<f64>().is_err_and(|_| true));
    short.map(|word| word.replace(['约', '至', '少'], "")).collect()
}

/// How long something lasted.
fn lasted(finding: &Finding) -> Option<At> {
    if let Finding::TwoMasters { ms, .. } | Finding::StayedMaster { ms, .. } = finding {
        return *ms;
    }
    if let Finding::OnlyCameBack { ms, .. } = finding { Some(*ms) } else { None }
}

/// Both say that the old master went on as one: after it was back, or without having been away.
fn both_masters(one: &Finding, other: &Finding) -> bool {
    let code = |it: &Finding| matches!(it, Finding::TwoMasters { .. } | Finding::StayedMaster { .. });
    code(one) && code(other)
}

fn hedged(text: &str) -> bool {
    HEDGES.iter().any(|hedge| text.to_lowercase().contains(hedge))
}

/// Both are at one time, as far as they have times.
fn at_once(part: &Incident, whole: &Incident) -> bool {
    !part.timed || (part.began <= whole.last + APART_MS && whole.began <= part.last + APART_MS)
}

/// Both are of one master, and at one time. Of two masters at once some missed the one, some the other.
fn is_same(part: &Incident, whole: &Incident) -> bool {
    let its = whole.downs.iter().any(|down| down.of == part.master);
    (part.master == whole.master || its) && at_once(part, whole)
}

/// What the first sentences say of an incident that all logs tell otherwise.
fn outcome_wrong(part: &Incident, theirs: &[&Incident]) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    let switched: Vec<&&Incident> = theirs.iter().filter(|it| it.new_master == part.new_master).collect();
    // Of two masters at once each was named by somebody.
    let named =
        |it: &&&Incident| it.learned.iter().any(|learned| Some(&learned.to) == part.new_master.as_ref());
    if part.new_master.is_some() && !theirs.iter().any(|it| named(&it)) {
        wrong.push("another server became the master");
    }
    let first = |when: fn(&Incident) -> Option<At>| switched.iter().filter_map(|it| when(it)).min();
    let later = |when: fn(&Incident) -> Option<At>| when(part).zip(first(when)).filter(|_| part.timed);
    if later(Incident::took_writes)
        .is_some_and(|(mine, all)| mine < all || (mine > all && !part.noticed_late()))
    {
        wrong.push("it took writes at another time");
    }
    if part.new_master.is_some()
        && !part.headless()
        && part.cause() != Cause::Unknown
        && later(Incident::first_told).is_some_and(|(mine, all)| mine < all || (mine > all && !part.unread))
    {
        wrong.push("clients were told at another time");
    }
    if !outcome_fits(part, theirs) {
        wrong.push("it ended otherwise");
    }
    wrong
}

fn outcome_fits(part: &Incident, theirs: &[&Incident]) -> bool {
    let any = |of: &[Outcome]| theirs.iter().any(|it| of.contains(&it.outcome()));
    let failed = [Outcome::Failover, Outcome::Forced];
    match part.outcome() {
        Outcome::Switched | Outcome::UnderWay | Outcome::Missed => true,
        Outcome::Failover => any(&failed),
        Outcome::PromotedByOthers => any(&[Outcome::PromotedByOthers]),
        // Whether the master was missed before somebody asked, a log that begins late does not tell, nor does its report.
        Outcome::AskedFor => any(&[Outcome::AskedFor, Outcome::Switchover, Outcome::Forced]),
        same @ (Outcome::Switchover | Outcome::Forced) => any(&[same]),
        same @ (Outcome::PromotedUnseen
        | Outcome::Returned
        | Outcome::Repointed
        | Outcome::Isolated
        | Outcome::CameBack
        | Outcome::GivenUp
        | Outcome::NobodyTookOver) => any(&[same]) || part.unread,
    }
}

/// What is wrong in a report of these, as both languages tell it.
fn wrong_in(part: &[Text], whole: &Report) -> Vec<String> {
    let part = read(part);
    let mut wrong = Vec::new();
    for lang in [Lang::En, Lang::Zh] {
        let mut held = Held { part: &part, whole, lang, wrong: Vec::new() };
        held.check();
        wrong.append(&mut held.wrong);
    }
    wrong
}

#[test]
fn a_subset_of_the_logs_contradicts_nothing_of_the_whole() {
    let mut wrong = Vec::new();
    for (name, logs) in recorded() {
        let whole = read(&logs);
        for chosen in 1..(1_usize << logs.len()) - 1 {
            let some = logs.iter().enumerate().filter(|(at, _)| chosen & (1 << at) != 0);
            let some: Vec<Text> = some.map(|(_, log)| log.clone()).collect();
            let names = some.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ");
            wrong.extend(wrong_in(&some, &whole).iter().map(|it| format!("{name} {names}: {it}")));
        }
    }
    assert!(wrong.is_empty(), "{} contradictions\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong where each log is cut at each of its lines, alone and beside the others.
fn wrong_where_cut(left: fn(&[&str], usize) -> String) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, logs) in recorded() {
        // Not these: clocks that were set back are known by what both logs tell, votes of two groups by the lines before,
        // and streams without times have no order but that of their epochs.
        let others = ["clock", "stream", "two-groups-redis"];
        if others.iter().any(|it| name.contains(it)) {
            continue;
        }
        let whole = read(&logs);
        for (at, (log, text)) in logs.iter().enumerate() {
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            for line in 1..lines.len() {
                let cut = (log.clone(), left(&lines, line));
                let mut beside = logs.clone();
                beside[at] = cut.clone();
                for some in [vec![cut], beside] {
                    let it = wrong_in(&some, &whole);
                    wrong.extend(
                        it.iter().map(|it| format!("{name} {log} at {line} of {}: {it}", some.len())),
                    );
                }
            }
        }
    }
    wrong
}

/// Logs that were rotated, or collected too late.
#[test]
fn a_log_that_begins_late_contradicts_nothing_of_the_whole() {
    let wrong = wrong_where_cut(|lines, from| lines[from..].concat());
    assert!(wrong.is_empty(), "{} contradictions\n{}", wrong.len(), wrong.join("\n"));
}

/// Logs that were collected too early.
#[test]
fn a_log_that_ends_early_contradicts_nothing_of_the_whole() {
    let mut wrong = wrong_where_cut(|lines, to| lines[..to].concat());
    // Not these: one that others missed may have died, whatever it said later; and what the rest tells of flapping, or of who
    // is gone, is true without being told of the whole.
    let others = [
        "leader-dies-redis",
        "tilt-during-crash",
        "flapping",
        "sentinel-isolated",
        "pointed-by",
        "two-deployments",
    ];
    wrong.retain(|it| !others.iter().any(|other| it.starts_with(other)));
    assert!(wrong.is_empty(), "{} contradictions\n{}", wrong.len(), wrong.join("\n"));
}

/// The text of a report on one line, in English and in Chinese.
fn told(logs: &[Text]) -> (String, String) {
    let report = read(logs);
    let one_line = |lang, between| {
        let text = report.tell(Format::Text, false, lang);
        text.lines().map(str::trim).collect::<Vec<_>>().join(between)
    };
    (one_line(Lang::En, " "), one_line(Lang::Zh, ""))
}

/// Some logs of a recorded incident.
fn some_of(incident: &str, names: &[&str]) -> Vec<Text> {
    let (_, logs) = recorded().into_iter().find(|(name, _)| name == incident).unwrap();
    logs.into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect()
}

/// A log of these lines, each so many seconds after ten o'clock.
fn log(lines: &[(u32, &str)]) -> Vec<Text> {
    let line = |(second, text): &(u32, &str)| format!("7:X 28 Nov 2026 10:00:{second:02}.000 # {text}\n");
    vec![("s1.log".to_owned(), lines.iter().map(line).collect())]
}

#[test]
fn what_a_missing_log_would_tell_is_said_to_be_missing() {
    // The first leader's log is missing: it promoted the replica, and the next one had voted for it.
    let (en, zh) = told(&some_of("leader-dies-promoted-ours", &["s1.log"]));
    for part in ["somebody else", "nobody's failover", "Votes came late", "It took writes after"] {
        assert!(!en.contains(part), "`{part}` in:\n{en}");
    }
    assert!(en.contains("is a master; by whom, is not in these logs") && zh.contains("由谁提升"), "{en}{zh}");
    assert!(en.contains("attempts that failed") && en.contains("finds that 127.0.0.1:22842 is a"), "{en}");
    let (en, _) = told(&some_of("leader-dies-promoted-redis", &["s1.log", "s2.log"]));
    assert!(!en.contains("up to 2 s later") && en.contains("did not hear of it from the leader"), "{en}");
    // One that is cut off cannot tell it from the outage of all others.
    let logs = some_of("sentinel-isolated-redis", &["s1.log"]);
    let (en, zh) = told(&logs);
    for part in [
        "Not all sentinels' logs are here",
        "NO SENTINEL WHOSE LOG IS HERE TOOK OVER",
        "ask the other sentinels first who is the master",
        "(not all their logs are here); if they are down, 1 is left",
    ] {
        assert!(en.contains(part), "`{part}` is missing in:\n{en}");
    }
    assert!(zh.contains("并非所有哨兵的日志都在此处") && zh.contains("若它们确已下线"), "{zh}");
    assert!(read(&logs).tell(Format::Json, false, Lang::En).contains("\"complete\":false"));
}

#[test]
fn what_one_leader_promoted_is_not_told_of_the_next_ones_master() {
    let (en, zh) = told(&log(&[
        (0, "Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=7, just started"),
        (0, "Sentinel ID is aaaaaaaaaa"),
        (1, "+sentinel sentinel bbbbbbbbbb 10.0.0.9 26379 @ m 10.0.0.1 6379"),
        (10, "+sdown master m 10.0.0.1 6379"),
        (10, "+odown master m 10.0.0.1 6379 #quorum 2/2"),
        (10, "+new-epoch 1"),
        (10, "+try-failover master m 10.0.0.1 6379"),
        (10, "+vote-for-leader aaaaaaaaaa 1"),
        (11, "+elected-leader master m 10.0.0.1 6379"),
        (11, "+selected-slave slave x 10.0.0.2 6379 @ m 10.0.0.1 6379"),
        (12, "+promoted-slave slave x 10.0.0.2 6379 @ m 10.0.0.1 6379"),
        // It is killed and starts again. Another has promoted another.
        (40, "Sentinel ID is aaaaaaaaaa"),
        (41, "+new-epoch 2"),
        (41, "+config-update-from sentinel bbbbbbbbbb 10.0.0.9 26379 @ m 10.0.0.1 6379"),
        (41, "+switch-master m 10.0.0.1 6379 10.0.0.3 6379"),
    ]));
    assert!(en.contains("clients were told after 31.000 s at the latest."), "{en}");
    assert!(zh.contains("最迟 31.000 秒后客户端得知新地址。"), "{zh}");
    assert!(!en.contains("took writes after") && !zh.contains("后可写入"), "{en}{zh}");
}

/// Between +sdown and +odown, and behind both.
#[test]
fn a_log_that_begins_in_an_outage_is_told_as_one() {
    let lines = [
        (10, "+odown master m 10.0.0.1 6379 #quorum 2/2"),
        (10, "+new-epoch 1"),
        (10, "+try-failover master m 10.0.0.1 6379"),
        (10, "+vote-for-leader aaaaaaaaaa 1"),
        (11, "+elected-leader master m 10.0.0.1 6379"),
        (11, "+selected-slave slave x 10.0.0.2 6379 @ m 10.0.0.1 6379"),
        (12, "+promoted-slave slave x 10.0.0.2 6379 @ m 10.0.0.1 6379"),
        (13, "+failover-end master m 10.0.0.1 6379"),
        (13, "+switch-master m 10.0.0.1 6379 10.0.0.2 6379"),
        (20, "+sdown slave y 10.0.0.1 6379 @ m 10.0.0.2 6379"),
        (30, "-sdown slave y 10.0.0.1 6379 @ m 10.0.0.2 6379"),
        (40, "+convert-to-slave slave y 10.0.0.1 6379 @ m 10.0.0.2 6379"),
    ];
    let (en, zh) = told(&log(&lines));
    assert!(en.contains("The logs begin in the middle of it: when the outage began is not known."), "{en}");
    assert!(zh.contains("日志从事故中途开始"), "{zh}");
    assert!(!en.contains("planned") && !en.contains("took writes after"), "{en}");
    assert!(en.contains("came back as a master and stayed one for about 10.000 s"), "{en}");
    assert!(zh.contains("持续约 10.000 秒"), "{zh}");
    let (en, _) = told(&log(&lines[1..]));
    assert!(!en.contains("planned") && en.contains("came back as a master"), "{en}");
    // Its end alone is an incident, too.
    let (en, zh) = told(&log(&[(10, "-sdown master m 10.0.0.1 6379")]));
    assert!(
        en.contains("gets answers from the master 10.0.0.1:6379 again") && en.contains("came back"),
        "{en}"
    );
    assert!(zh.contains("重新得到主节点 10.0.0.1:6379 的应答"), "{zh}");
}

/// Whether a failover that somebody asked for was planned, a log that begins late does not tell: neither in words nor in JSON.
#[test]
fn what_was_asked_for_is_not_called_planned_by_a_log_that_begins_late() {
    let mut lines = vec![
        (1, "+sentinel sentinel bbbbbbbbbb 10.0.0.9 26379 @ m 10.0.0.1 6379"),
        (10, "Executing user requested FAILOVER of 'm'"),
        (10, "+new-epoch 1"),
        (10, "+try-failover master m 10.0.0.1 6379"),
        (10, "+elected-leader master m 10.0.0.1 6379"),
        (10, "+selected-slave slave x 10.0.0.2 6379 @ m 10.0.0.1 6379"),
    ];
    let (en, zh) = told(&log(&lines));
    assert!(en.contains("Somebody asked for a failover from 10.0.0.1:6379, and it was under way"), "{en}");
    assert!(zh.contains("有人要求对 10.0.0.1:6379 进行切换"), "{zh}");
    lines.extend([
        (11, "+promoted-slave slave x 10.0.0.2 6379 @ m 10.0.0.1 6379"),
        (12, "+failover-end master m 10.0.0.1 6379"),
        (12, "+switch-master m 10.0.0.1 6379 10.0.0.2 6379"),
    ]);
    let outcome = |logs: &[Text]| {
        let json = read(logs).tell(Format::Json, false, Lang::En);
        let (_, rest) = json.split_once("\"outcome\":\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    assert_eq!(outcome(&log(&lines)), "asked-for");
    assert!(told(&log(&lines)).0.contains("Somebody asked for a failover from 10.0.0.1:6379: "));
    lines.insert(0, (0, "Sentinel ID is aaaaaaaaaa"));
    assert_eq!(outcome(&log(&lines)), "switchover");
}

/// Its sentinel had nothing to say, or the log was collected too early: which, nothing tells.
#[test]
fn a_log_that_ends_before_an_incident_does_proves_nothing() {
    let logs = |s1: &[(u32, &str)], s2: &[(u32, &str)]| -> Vec<Text> {
        let meets = |id: &str| format!("+sentinel sentinel {id} 10.0.0.9 26379 @ m 10.0.0.1 6379");
        let named = |name: &str, own: &str, other: &str, lines: &[(u32, &str)]| {
            let (own, other) = (format!("Sentinel ID is {own}"), meets(other));
            let all: Vec<_> =
                [(0, own.as_str()), (1, &other)].into_iter().chain(lines.iter().copied()).collect();
            (name.to_owned(), log(&all).remove(0).1)
        };
        vec![named("s1.log", "aaaaaaaaaa", "bbbbbbbbbb", s1), named("s2.log", "bbbbbbbbbb", "aaaaaaaaaa", s2)]
    };
    let down = (10, "+sdown master m 10.0.0.1 6379");
    let up = (12, "-sdown master m 10.0.0.1 6379");
    let (en, zh) = told(&logs(&[down, up], &[]));
    assert!(en.contains("only s1 missed the master. The log of s2 has no line after this"), "{en}");
    assert!(zh.contains("只有 s1 认为主节点下线。s2 的日志在此之后没有记录"), "{zh}");
    assert!(
        !en.contains("did not agree") && en.contains("if a log ends too early, collect it again"),
        "{en}"
    );
    // It spoke later, and not of that.
    let later = (30, "+set master m 10.0.0.1 6379 quorum 2");
    let (en, _) = told(&logs(&[down, up], &[later]));
    assert!(en.contains("The sentinels did not agree: s1 missed the master, s2 did not."), "{en}");
    // Who misses the master in its last line may have had answers since, as another had.
    let (en, zh) = told(&logs(&[down], &[down, up, later]));
    assert!(en.contains("came back by itself. No sentinel whose log is here took over"), "{en}");
    assert!(zh.contains("自行恢复") && !en.contains("NOBODY") && !en.contains("NO SENTINEL"), "{en}{zh}");
    // Who is missed to the end speaks when those who miss it have no more lines.
    let gone = (20, "+sdown sentinel bbbbbbbbbb 10.0.0.9 26379 @ m 10.0.0.1 6379");
    let (en, zh) = told(&logs(&[gone], &[later]));
    assert!(
        en.contains("s2 does not answer to the end of the logs (but its own log goes on); if it is so still"),
        "{en}"
    );
    assert!(zh.contains("（但它自己的日志还在继续）；若现在仍是如此，"), "{zh}");
    let (en, _) = told(&logs(&[gone], &[]));
    assert!(!en.contains("its own log goes on"), "{en}");
}
