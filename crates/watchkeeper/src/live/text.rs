//! A deployment for people: the summary first, then a screen a group.

use watchkeeper_core::Lang;

use super::line::{Line, Tone};
use super::model::{
    GroupStatus, MasterDown, SentinelState, SentinelStatus, ServerState, ServerStatus, Status, Verdict,
    Writable,
};
use super::table::{self, Cell};
use super::words::{self, bytes, roughly, some};
use crate::ask::MISSED_MS;
use crate::explain::wrap;

/// Problems told in a headline; the others have a line each.
const NAMED: usize = 1;
/// Columns of a sentence.
const WIDTH: usize = 96;

impl Status {
    /// All of it.
    pub fn screen(&self, lang: Lang) -> Vec<Line> {
        let mut lines = vec![self.summary(lang)];
        for (at, why) in &self.unheard {
            lines.push(Line::of(Tone::Warn, &format!("  {}", words::unheard(at, why, lang))));
        }
        for group in &self.groups {
            lines.push(Line::new());
            lines.extend(group.screen(lang));
        }
        lines
    }

    /// The first line: whether all is well.
    pub fn summary(&self, lang: Lang) -> Line {
        let wrong: Vec<String> = self
            .groups
            .iter()
            .filter(|group| !group.problems.is_empty())
            .map(|group| group.name.clone())
            .collect();
        let (count, bad) = (self.groups.len(), wrong.len());
        let names = some(&wrong, 5, lang);
        let (tone, text) = match (self.verdict(), lang) {
            (Verdict::Fine, Lang::En) if count == 1 => (Tone::Good, "1 group, all is well".to_owned()),
            (Verdict::Fine, Lang::En) => (Tone::Good, format!("{count} groups, all is well")),
            (Verdict::Fine, Lang::Zh) => (Tone::Good, format!("{count} 个组，一切正常")),
            (Verdict::Wrong, Lang::En) if count == 1 => {
                (Tone::Bad, format!("1 group, something is wrong with {names}"))
            }
            (Verdict::Wrong, Lang::En) => {
                (Tone::Bad, format!("{count} groups, something is wrong with {bad}: {names}"))
            }
            (Verdict::Wrong, Lang::Zh) => (Tone::Bad, format!("{count} 个组，其中 {bad} 个有问题：{names}")),
            (Verdict::Unknown, Lang::En) if self.answered > 0 => {
                (Tone::Warn, "the sentinels watch no such group".to_owned())
            }
            (Verdict::Unknown, Lang::Zh) if self.answered > 0 => {
                (Tone::Warn, "哨兵没有监视这样的组".to_owned())
            }
            (Verdict::Unknown, Lang::En) => (Tone::Bad, "no sentinel could be asked".to_owned()),
            (Verdict::Unknown, Lang::Zh) => (Tone::Bad, "没有哨兵可以询问".to_owned()),
        };
        Line::of(tone, &text)
    }
}

impl GroupStatus {
    /// The group's screen.
    pub fn screen(&self, lang: Lang) -> Vec<Line> {
        self.screen_in(lang, usize::MAX)
    }

    /// The same, and versions are left out where there are not as many columns.
    pub fn screen_in(&self, lang: Lang, width: usize) -> Vec<Line> {
        let mut lines = vec![self.headline(lang), self.master_line(lang)];
        lines.extend(self.problem_lines(lang));
        lines.extend(self.waiting_lines(lang));
        lines.push(Line::new());
        lines.extend(table::lines_in(&self.server_rows(lang), 2, width));
        lines.push(Line::new());
        lines.extend(table::lines_in(&self.sentinel_rows(lang), 2, width));
        lines
    }

    /// Its name and how it is, in a line.
    pub fn headline(&self, lang: Lang) -> Line {
        let colon = lang.pick(": ", "：");
        let line = Line::of(Tone::Bold, &self.name).with(Tone::Plain, colon);
        let (tone, writable) = match self.writable {
            Writable::Yes => (Tone::Good, lang.pick("writable", "可写入")),
            Writable::No if self.other_name().is_some() => {
                (Tone::Bad, lang.pick("NOT WRITABLE by this name", "以此组名不可写入"))
            }
            Writable::No | Writable::Refused => (Tone::Bad, lang.pick("NOT WRITABLE", "不可写入")),
            Writable::Unknown => (Tone::Warn, lang.pick("not known whether writable", "不知是否可写入")),
        };
        let line = line.with(tone, writable);
        if !self.problems.is_empty() {
            let problems: Vec<String> =
                self.problems.iter().map(|it| words::problem(it, self, lang)).collect();
            let rest = problems.len().saturating_sub(NAMED);
            let more = match (rest, lang) {
                (0, _) => String::new(),
                (_, Lang::En) => format!(", {rest} more below"),
                (_, Lang::Zh) => format!("，另有 {rest} 项见下"),
            };
            let named = problems[..problems.len().min(NAMED)].join(lang.pick("; ", "；"));
            let line = line.with(Tone::Plain, lang.pick("; ", "；"));
            return line.with(Tone::Bad, &named).with(Tone::Plain, &more);
        }
        let (replicas, up) = (self.servers.len().saturating_sub(1), self.acting());
        line.with(
            Tone::Plain,
            &match lang {
                Lang::En => {
                    let replicas =
                        if replicas == 1 { "1 replica".to_owned() } else { format!("{replicas} replicas") };
                    let up = if up == 1 { "1 sentinel".to_owned() } else { format!("{up} sentinels") };
                    format!(", {replicas} in step, {up} up")
                }
                Lang::Zh => format!("，{replicas} 个副本同步，{up} 个哨兵正常"),
            },
        )
    }

    /// Who the master is, since when, and who would be next.
    pub fn master_line(&self, lang: Lang) -> Line {
        let (epoch, voters) = (self.config_epoch, self.voters);
        let quorum = match (self.quorums.first(), self.quorums.last()) {
            (Some(least), Some(most)) if least != most => match lang {
                Lang::En => format!("{least} to {most}"),
                Lang::Zh => format!("{least}~{most}"),
            },
            _ => self.quorum.to_string(),
        };
        let since = self.master_for_ms.map(|ms| roughly(ms, lang));
        let line = Line::of(Tone::Plain, "  ").with(Tone::Plain, lang.pick("master ", "主节点 "));
        let line = line.with(Tone::Name, &self.master.to_string());
        let text = match (lang, since) {
            (Lang::En, Some(since)) => format!(" for at least {since}, config epoch {epoch}"),
            (Lang::En, None) => format!(", config epoch {epoch}"),
            (Lang::Zh, Some(since)) => format!(" 至少已有 {since}，配置纪元 {epoch}"),
            (Lang::Zh, None) => format!("，配置纪元 {epoch}"),
        };
        let line = line.with(Tone::Plain, &text).with(
            Tone::Plain,
            &match lang {
                Lang::En if voters == 1 => format!("; quorum {quorum}, 1 sentinel known"),
                Lang::Zh if voters == 1 => format!("；法定票数 {quorum}，已知 1 个哨兵"),
                Lang::En => format!("; quorum {quorum} of {voters}"),
                Lang::Zh => format!("；法定票数 {quorum}/{voters}"),
            },
        );
        if let Some(promoted) = self.promoted() {
            let next = line.with(Tone::Plain, lang.pick("; next: ", "；下一个："));
            return next.with(Tone::Plain, &promoted.to_string());
        }
        if self.failover.is_some() { line } else { self.next(line, lang) }
    }

    /// The line with who would be next, and with those that had better not be.
    fn next(&self, line: Line, lang: Lang) -> Line {
        let Some(heir) = self.heir() else { return line };
        let equals = self.equals().len();
        let more = match lang {
            _ if equals == 0 => String::new(),
            Lang::En => format!(" or {equals} equal"),
            Lang::Zh => format!("（另有 {equals} 个条件相同）"),
        };
        let line = line.with(Tone::Plain, lang.pick("; next: ", "；下一个："));
        let line = line.with(Tone::Plain, &format!("{}{more}", heir.at));
        let unready = self.unready();
        let Some((at, why)) = unready.iter().find(|(at, _)| **at == heir.at).or(unready.first()) else {
            return line;
        };
        let why = words::lacking(*why, lang);
        let text = match lang {
            Lang::En if **at == heir.at => format!(" ({why})"),
            Lang::Zh if **at == heir.at => format!("（{why}）"),
            Lang::En => format!(", or {at} ({why})"),
            Lang::Zh => format!("，或 {at}（{why}）"),
        };
        line.with(Tone::Bad, &text)
    }

    /// What is wrong beyond what the headline says.
    pub fn problem_lines(&self, lang: Lang) -> Vec<Line> {
        let rest = self.problems.iter().skip(NAMED);
        rest.map(|it| Line::of(Tone::Bad, &format!("  - {}", words::problem(it, self, lang)))).collect()
    }

    /// Why nothing happens.
    pub fn waiting_lines(&self, lang: Lang) -> Vec<Line> {
        let mut lines = Vec::new();
        if self.waiting.is_empty() {
            return lines;
        }
        let title = lang.pick("  why there is no failover now:", "  为什么现在没有故障转移：");
        lines.push(Line::of(Tone::Warn, title));
        for waiting in &self.waiting {
            let (text, parts) = words::waiting(waiting, lang);
            let text = text.replace("{reach}", &self.reach);
            for (index, piece) in wrap(&text, WIDTH - 4).iter().enumerate() {
                let start = if index == 0 { "  - " } else { "    " };
                lines.push(Line::of(Tone::Plain, &format!("{start}{piece}")));
            }
            lines.extend(parts.iter().map(|part| Line::of(Tone::Plain, &format!("      {part}"))));
        }
        lines
    }

    /// The tree of servers.
    pub fn server_lines(&self, lang: Lang) -> Vec<Line> {
        table::lines(&self.server_rows(lang), 2)
    }

    fn server_rows(&self, lang: Lang) -> Vec<Vec<Cell>> {
        let titles = match lang {
            Lang::En => ["SERVER", "ROLE", "STATE", "BEHIND", "PRIORITY", "VERSION"],
            Lang::Zh => ["服务器", "角色", "状态", "落后", "优先级", "版本"],
        };
        let mut rows = vec![titles.map(|title| (Tone::Dim, title.to_owned())).to_vec()];
        rows.extend(self.servers.iter().map(|server| self.server_row(server, lang)));
        rows
    }

    fn server_row(&self, server: &ServerStatus, lang: Lang) -> Vec<Cell> {
        let behind = match (server.lag_bytes, server.lag_s) {
            (Some(lag), Some(s)) => format!("{}, {s} {}", bytes(lag), lang.pick("s", "秒")),
            (Some(lag), None) => bytes(lag),
            (None, _) => String::new(),
        };
        let (tone, mut state) = words::server_state(&server.state, lang);
        let answers = !matches!(server.state, ServerState::Silent(_));
        if server.down_by > 0 && answers {
            state += &match lang {
                Lang::En => format!(" ({} see it down)", server.down_by),
                Lang::Zh => format!("（{} 个哨兵认为下线）", server.down_by),
            };
        }
        let astray = server.depth == 0 && server.at != self.master;
        if let Some(source) = server.follows.as_ref().filter(|_| astray) {
            state += &format!(" → {source}");
        }
        let master = server.at == self.master;
        vec![
            (if master { Tone::Name } else { Tone::Plain }, format!("{}{}", server.branch, server.at)),
            (Tone::Plain, words::role(server.role, lang).to_owned()),
            (tone, state),
            (Tone::Plain, behind),
            (Tone::Plain, server.priority.map(|it| it.to_string()).unwrap_or_default()),
            (Tone::Dim, server.version.clone()),
        ]
    }

    /// The sentinels.
    fn sentinel_rows(&self, lang: Lang) -> Vec<Vec<Cell>> {
        let titles = match lang {
            Lang::En => ["SENTINEL", "ID", "STATE", "SEES", "LAST VOTE", "VERSION"],
            Lang::Zh => ["哨兵", "ID", "状态", "看到", "最近投票", "版本"],
        };
        let mut rows = vec![titles.map(|title| (Tone::Dim, title.to_owned())).to_vec()];
        rows.extend(self.sentinels.iter().map(|sentinel| self.sentinel_row(sentinel, lang)));
        rows
    }

    fn sentinel_row(&self, sentinel: &SentinelStatus, lang: Lang) -> Vec<Cell> {
        let vote = sentinel.vote.as_ref().map(|vote| {
            let leader: String = vote.leader.chars().take(8).collect();
            let epoch = vote.epoch;
            match lang {
                Lang::En => format!("{leader}, epoch {epoch}"),
                Lang::Zh => format!("{leader}，纪元 {epoch}"),
            }
        });
        let (tone, sees) = self.sees(sentinel, lang);
        let (state_tone, state) = words::sentinel_state(&sentinel.state, lang);
        vec![
            (Tone::Plain, sentinel.at.to_string()),
            (Tone::Dim, sentinel.id.chars().take(8).collect()),
            (state_tone, state),
            (tone, sees),
            (Tone::Plain, vote.unwrap_or_else(|| lang.pick("? (none heard)", "？（未听到）").to_owned())),
            (Tone::Dim, sentinel.version.clone()),
        ]
    }

    /// What a sentinel sees, in a few words where it is what all see.
    fn sees(&self, sentinel: &SentinelStatus, lang: Lang) -> (Tone, String) {
        if matches!(sentinel.state, SentinelState::Silent(..)) {
            return (Tone::Plain, String::new());
        }
        let down = match sentinel.master_down {
            MasterDown::No => None,
            MasterDown::Subjectively => Some(lang.pick("master down", "主节点下线")),
            MasterDown::Objectively => Some(lang.pick("master down, quorum", "主节点下线，已达人数")),
        };
        if let Some(other) = sentinel.names.as_ref().filter(|names| **names != self.master) {
            let epoch = sentinel.config_epoch.unwrap_or(0);
            if self.leads(sentinel) {
                return (Tone::Warn, lang.pick("does the failover", "正在执行故障转移").to_owned());
            }
            let behind = epoch < self.config_epoch;
            return match lang {
                Lang::En if behind => (Tone::Warn, format!("still {other}, epoch {epoch}")),
                Lang::Zh if behind => (Tone::Warn, format!("仍为 {other}，纪元 {epoch}")),
                Lang::En => (Tone::Bad, format!("master {other}, epoch {epoch}")),
                Lang::Zh => (Tone::Bad, format!("主节点 {other}，纪元 {epoch}")),
            };
        }
        if let Some(down) = down {
            return (Tone::Bad, down.to_owned());
        }
        if let Some(ms) = sentinel.heard_ms.filter(|ms| *ms > MISSED_MS) {
            let since = roughly(ms, lang);
            let text = match lang {
                Lang::En => format!("no answer for {since}"),
                Lang::Zh => format!("{since}无应答"),
            };
            return (Tone::Warn, text);
        }
        let few = sentinel.knows.filter(|(peers, _)| (*peers as usize) + 1 < self.voters);
        match (few, lang) {
            (Some((1, _)), Lang::En) => (Tone::Warn, "only 1 other sentinel".to_owned()),
            (Some((peers, _)), Lang::En) => (Tone::Warn, format!("only {peers} other sentinels")),
            (Some((peers, _)), Lang::Zh) => (Tone::Warn, format!("只认识 {peers} 个其他哨兵")),
            (None, _) => (Tone::Good, lang.pick("master up", "主节点正常").to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::columns;
    use crate::live::sample::{assert_screen, chain, status, stuck};

    #[test]
    fn screens_are_as_they_were_looked_at() {
        for lang in Lang::ALL {
            let seen = status(vec![chain("mymaster"), stuck("cache")]);
            let lines: Vec<String> = seen.screen(lang).iter().map(|line| line.print(false)).collect();
            assert_screen(&format!("status.{}.txt", lang.code()), &(lines.join("\n") + "\n"));
            for line in lines {
                assert!(columns(&line) <= 100, "too wide: {line}");
            }
        }
    }

    #[test]
    fn nobody_and_no_group_are_told_apart() {
        let mut seen = status(Vec::new());
        let heard = seen.summary(Lang::En);
        seen.answered = 0;
        assert_ne!(heard, seen.summary(Lang::En));
    }
}
