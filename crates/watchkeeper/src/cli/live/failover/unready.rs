//! Why a failover is not asked for where a replica would be promoted that has not got the group's data, and what to do instead.

use crate::ask::Endpoint;
use crate::cli::lang::Lang;
use crate::live::{GroupStatus, Lacking, Writable, lacking, some};

/// Why it is not asked for, if a replica would be promoted, or may well be, that has not got the group's data. Sentinels do
/// not look at that.
pub(in crate::cli::live) fn unready(group: &GroupStatus, lang: Lang) -> Option<String> {
    let unready = group.unready();
    if unready.is_empty() {
        return None;
    }
    let (name, reach) = (crate::explain::plain(&group.name), &group.reach);
    let of = |(at, why): &(&Endpoint, Lacking)| match lang {
        Lang::En => format!("{at} is {}", lacking(*why, lang)),
        Lang::Zh => format!("{at} {}", lacking(*why, lang)),
    };
    let list = some(&unready.iter().map(of).collect::<Vec<_>>(), 3, lang);
    let list = crate::explain::plain(&list);
    let only_loads = unready.iter().all(|(_, why)| *why == Lacking::Loading);
    if only_loads && group.writable == Writable::No {
        return Some(loading_first(&list, &name, reach, lang));
    }
    let only_copy = unready.iter().find(|(at, why)| *why == Lacking::Loading && group.may_be_only_copy(at));
    let hint = if let [first, ..] = group.keeping() {
        save_first(first, lang)
    } else if let Some((at, _)) = only_copy {
        files_first(at, lang)
    } else if group.writable == Writable::No {
        without_source(group, lang)
    } else {
        match lang {
            Lang::En => format!("wait until `watchkeeper status {name}{reach}` shows it in step"),
            Lang::Zh => format!("等到 `watchkeeper status {name}{reach}` 显示它已同步"),
        }
    };
    Some(match lang {
        Lang::En => format!(
            "a replica would be promoted, or could be, that has not got the data: {list}; what it has not got would be lost, \
             up to all of it\nhint: {hint}. Who wants it all the same sends `SENTINEL FAILOVER {name}` to a sentinel, which \
             does not look at that"
        ),
        Lang::Zh => format!(
            "将被提升（或可能被提升）的副本没有完整的数据：{list}；缺少的数据会丢失，甚至全部丢失\n提示：{hint}。\
             若仍要执行，请向哨兵发送 `SENTINEL FAILOVER {name}`，哨兵不检查这一点"
        ),
    })
}

/// Why it is not asked for while the replica that would be promoted reads its data.
fn loading_first(list: &str, name: &str, reach: &str, lang: Lang) -> String {
    match lang {
        Lang::En => format!(
            "a replica would be promoted, or could be, that takes no orders yet: {list}\nhint: wait until `watchkeeper status {name}{reach}` shows it \
             no longer loading, and do not restart it"
        ),
        Lang::Zh => format!(
            "将被提升（或可能被提升）的副本目前不接受命令：{list}\n提示：等到 `watchkeeper status {name}{reach}` 不再显示它正在加载，不要重启它"
        ),
    }
}

/// What to do where the master has no keys, and a failover may take a replica that has none either.
fn save_first(at: &Endpoint, lang: Lang) -> String {
    match lang {
        Lang::En => format!(
            "the master has no keys, and {at} still has its own until it is connected: at once `BGSAVE` on it and copy the file (`dir`, `dbfilename`)"
        ),
        Lang::Zh => format!(
            "主节点没有任何键，而 {at} 在连上之前仍有自己的数据：立即在它上面执行 `BGSAVE` 并复制该文件（`dir`、`dbfilename`）"
        ),
    }
}

/// What to do where the master has no keys, and a server that was a master reads what it has.
fn files_first(at: &Endpoint, lang: Lang) -> String {
    match lang {
        Lang::En => format!(
            "the master has no keys, and what {at} reads may be the only copy: at once copy its files (`dir`: the RDB file, `appenddirname`) \
             elsewhere; it becomes a replica when it is done, and copies the emptiness"
        ),
        Lang::Zh => format!(
            "主节点没有任何键，{at} 读取的可能是唯一的一份数据：立即把它的文件（`dir` 下的 RDB 文件和 `appenddirname`）复制到别处；\
             它加载完成后会成为副本，复制空数据"
        ),
    }
}

/// What to do where there is nobody to get the data from.
fn without_source(group: &GroupStatus, lang: Lang) -> String {
    let master = &group.master;
    match lang {
        Lang::En => format!(
            "bring {master} back with its data first, if it still runs or keeps them on disk: it copies whoever is promoted \
             before, empty or not"
        ),
        Lang::Zh => format!(
            "若 {master} 仍在运行或数据存在磁盘上，先让它带着数据恢复：若先提升副本，它恢复后会复制该副本的数据，哪怕为空"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Problem;
    use crate::live::sample::chain;

    #[test]
    fn where_an_empty_replica_may_be_promoted_the_data_of_the_others_is_saved_first() {
        let mut group = chain("m");
        group.candidates[1].lacks = Some(Lacking::NoData);
        group.problems = vec![Problem::MasterEmpty(vec![Endpoint::new("10.0.0.1", 6380)])];
        for lang in Lang::ALL {
            let text = unready(&group, lang).unwrap();
            assert!(text.contains("`BGSAVE`") && text.contains("10.0.0.1:6380"), "{text}");
            let told = group.headline(lang).print(false);
            assert!(!told.contains("watchkeeper failover"), "{told}");
        }
    }

    #[test]
    fn a_replica_without_the_data_is_a_reason_not_to_ask() {
        let mut group = chain("m");
        assert_eq!(unready(&group, Lang::En), None);
        group.candidates[1].lacks = Some(Lacking::FullSync);
        for lang in Lang::ALL {
            let text = unready(&group, lang).unwrap();
            for words in ["10.0.0.1:6381", lang.pick("\nhint: wait", "\n提示："), "`SENTINEL FAILOVER m`"]
            {
                assert!(text.contains(words), "`{words}` is missing in {text}");
            }
            // Nobody gets in step without a master.
            let mut gone = group.clone();
            gone.writable = Writable::No;
            let text = unready(&gone, lang).unwrap();
            let words =
                lang.pick("\nhint: bring 10.0.0.1:6379 back with its data first", "10.0.0.1:6379 仍在运行");
            assert!(text.contains(words), "{text}");
        }
    }
}
