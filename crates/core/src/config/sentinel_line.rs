//! What one `sentinel` line does to the configuration. When it runs is decided by `parse`; the words and their number
//! come from the table in `directive`.

use std::net::{IpAddr, Ipv4Addr};

use super::directive::{self, SENTINEL, SentinelDirective, SentinelKey};
use super::draft::Draft;
use super::error::Fault;
use super::number::{self, atoi, int, integer, strtoull};
use super::parse::Files;
use super::{GroupConfig, KnownPeer, ReplicaHome, Topology};
use crate::epoch::EPOCH_MAX;
use crate::id::{GroupName, SentinelId};
use crate::nearest::nearest;

const ID_LENGTH: usize = 40;

/// Executes a line. `words` includes `sentinel` and the directive's name.
pub(crate) fn run(
    config: &mut Draft<'_>,
    files: &mut dyn Files,
    found: Option<&SentinelDirective>,
    words: &[Vec<u8>],
) -> Result<(), Fault> {
    let unrecognized = || Fault::at(1, "Unrecognized sentinel configuration statement.");
    let Some(found) = found else {
        return Err(unrecognized().hint(unknown(&words[1])));
    };
    let args = words.get(2..).unwrap_or_default();
    if found.key == SentinelKey::KnownSentinel && args.len() + 1 == found.words.len() {
        // Very old files name a sentinel without its id; it will be met again.
        return Ok(());
    }
    if args.len() != found.words.len() {
        let expected = format!("expected `sentinel {} {}`", found.name, found.words.join(" "));
        let secret = matches!(found.key, SentinelKey::AuthPass | SentinelKey::SentinelPass);
        let blanks = secret && args.len() > found.words.len();
        let more = if blanks { "; a password with blanks in it is written in double quotes" } else { "" };
        return Err(unrecognized().hint(expected + more));
    }
    execute(config, files, found.key, args)
}

/// Advice for a name nobody knows.
fn unknown(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    if directive::general(name.as_bytes()).is_some() {
        return format!("did you mean `{name}`, without `sentinel` in front?");
    }
    match nearest(&name, SENTINEL.iter().map(|known| known.name)) {
        Some(like) => format!("did you mean `sentinel {like} ...`?"),
        None => "no directive of Redis 7, Valkey 8 or Watchkeeper has this name".into(),
    }
}

/// Milliseconds, 0 for never.
fn period_or_off(word: &[u8]) -> Result<u64, Fault> {
    let most = i64::MAX;
    u64::try_from(integer(word)).map_err(|_| {
        wrapped(word, 3, 0, most, atoi(word) >= 0).unwrap_or_else(|| Fault::at(3, number::TIME_OR_OFF))
    })
}

fn execute(
    config: &mut Draft<'_>,
    files: &mut dyn Files,
    key: SentinelKey,
    args: &[Vec<u8>],
) -> Result<(), Fault> {
    let global = &mut config.global;
    let first = &args[0];
    match key {
        SentinelKey::Myid => global.myid = Some(myid(first)?),
        SentinelKey::DenyScriptsReconfig => {
            global.deny_scripts_reconfig = yes_no(first, "deny-scripts-reconfig options")?
        }
        SentinelKey::ResolveHostnames => {
            global.resolve_hostnames = yes_no(first, "resolve-hostnames option")?
        }
        SentinelKey::AnnounceHostnames => {
            global.announce_hostnames = yes_no(first, "announce-hostnames option")?
        }
        SentinelKey::VoteWithoutDisk => global.vote_without_disk = yes_no(first, "vote-without-disk option")?,
        SentinelKey::TiltClock => global.tilt_clock_monotonic = tilt_clock(first)?,
        SentinelKey::CurrentEpoch => global.current_epoch = global.current_epoch.max(epoch(first, 2)?),
        SentinelKey::AnnounceIp => {
            global.announce_ip = Some(text(first, 2)?).filter(|address| !address.is_empty())
        }
        SentinelKey::AnnouncePort => global.announce_port = integer(first),
        SentinelKey::SentinelUser => {
            global.sentinel_user = Some(text(first, 2)?).filter(|user| !user.is_empty())
        }
        SentinelKey::SentinelPass => {
            global.sentinel_pass = Some(first.clone()).filter(|pass| !pass.is_empty())
        }
        SentinelKey::Monitor => monitor(config, args)?,
        SentinelKey::DownAfter => {
            let group = group(config, first)?;
            group.down_after_ms = positive(&args[1])?;
        }
        SentinelKey::FailoverTimeout => {
            let group = group(config, first)?;
            group.failover_timeout_ms = positive(&args[1])?;
        }
        SentinelKey::ParallelSyncs => group(config, first)?.parallel_syncs = int(&args[1]),
        SentinelKey::NotificationScript => {
            let path =
                script(config, files, args, "Notification script seems non existing or non executable.")?;
            group(config, first)?.notification_script = path;
        }
        SentinelKey::ClientReconfigScript => {
            let message = "Client reconfiguration script seems non existing or non executable.";
            let path = script(config, files, args, message)?;
            group(config, first)?.client_reconfig_script = path;
        }
        SentinelKey::AuthPass => group(config, first)?.auth_pass = Some(args[1].clone()),
        SentinelKey::AuthUser => {
            let group = group(config, first)?;
            group.auth_user = Some(text(&args[1], 3)?);
        }
        SentinelKey::RebootDownAfter => {
            group(config, first)?.reboot_down_after_ms = period_or_off(&args[1])?;
        }
        SentinelKey::RefusedDownAfter => {
            group(config, first)?.refused_down_after_ms = period_or_off(&args[1])?;
        }
        SentinelKey::ReplicationTopology => group(config, first)?.topology = topology(&args[1])?,
        SentinelKey::ConfigEpoch => config_epoch(config, args)?,
        SentinelKey::LeaderEpoch => {
            let group = group(config, first)?;
            group.leader_epoch = epoch(&args[1], 3)?;
        }
        SentinelKey::KnownReplica => known_replica(config, args)?,
        SentinelKey::ReplicaHome => replica_home(config, args)?,
        SentinelKey::KnownSentinel => known_sentinel(config, args)?,
        SentinelKey::RenameCommand => rename_command(group(config, first)?, &args[1], &args[2])?,
    }
    Ok(())
}

fn monitor(config: &mut Draft<'_>, args: &[Vec<u8>]) -> Result<(), Fault> {
    let name = GroupName(text(&args[0], 2)?);
    let quorum = i32::try_from(integer(&args[3])).ok().filter(|quorum| *quorum > 0);
    let quorum = quorum.ok_or_else(|| {
        let hint = "the quorum is how many sentinels must agree that the master is down: 1 to 2147483647";
        wrapped(&args[3], 5, 1, i32::MAX.into(), atoi(&args[3]) > 0)
            .unwrap_or_else(|| Fault::at(5, number::QUORUM).hint(hint))
    })?;
    let (host, port) = address(config, &args[1], &args[2])?;
    if config.has(&args[0]) {
        return Err(Fault::at(2, "Duplicate master name."));
    }
    config.push(GroupConfig::new(name, host, port, quorum.unsigned_abs()));
    Ok(())
}

fn group<'a>(config: &'a mut Draft<'_>, name: &[u8]) -> Result<&'a mut GroupConfig, Fault> {
    config.group(name).ok_or_else(|| {
        let hint = format!("a line `sentinel monitor {} ...` is missing", String::from_utf8_lossy(name));
        Fault::at(2, "No such master with specified name.").hint(hint)
    })
}

fn config_epoch(config: &mut Draft<'_>, args: &[Vec<u8>]) -> Result<(), Fault> {
    let group = group(config, &args[0])?;
    let epoch = epoch(&args[1], 3)?;
    group.config_epoch = epoch;
    config.global.current_epoch = config.global.current_epoch.max(epoch);
    Ok(())
}

fn known_replica(config: &mut Draft<'_>, args: &[Vec<u8>]) -> Result<(), Fault> {
    group(config, &args[0])?;
    let replica = address(config, &args[1], &args[2])?;
    let replicas = &mut group(config, &args[0])?.replicas;
    // Redis 7.0 can write the same replica twice (as known-slave and as known-replica) and then refuses its own file.
    if !replicas.contains(&replica) {
        replicas.push(replica);
    }
    Ok(())
}

fn replica_home(config: &mut Draft<'_>, args: &[Vec<u8>]) -> Result<(), Fault> {
    group(config, &args[0])?;
    let replica = address(config, &args[1], &args[2])?;
    let home =
        address(config, &args[3], &args[4]).map_err(|fault| Fault { word: fault.word + 2, ..fault })?;
    let away = match &args[5].to_ascii_lowercase()[..] {
        b"here" => false,
        b"away" => true,
        _ => return Err(Fault::at(7, "Please specify here or away for the replica-home option.")),
    };
    let homes = &mut group(config, &args[0])?.homes;
    // Two names may have become one address, as with known replicas.
    homes.retain(|known| known.replica != replica);
    homes.push(ReplicaHome { replica, home, away });
    Ok(())
}

fn known_sentinel(config: &mut Draft<'_>, args: &[Vec<u8>]) -> Result<(), Fault> {
    group(config, &args[0])?;
    let (host, port) = address(config, &args[1], &args[2])?;
    let id = SentinelId(text(&args[3], 5)?);
    let peers = &mut group(config, &args[0])?.peers;
    if peers.iter().any(|peer| peer.id == id) {
        return Err(Fault::at(5, "Duplicate runid for sentinel."));
    }
    peers.push(KnownPeer { host, port, id });
    Ok(())
}

fn rename_command(group: &mut GroupConfig, old: &[u8], new: &[u8]) -> Result<(), Fault> {
    let (old, new) = (text(old, 3)?, text(new, 4)?);
    if group.renames.iter().any(|(before, _)| before.eq_ignore_ascii_case(&old)) {
        return Err(Fault::at(3, "Same command renamed multiple times with rename-command."));
    }
    group.renames.push((old, new));
    Ok(())
}

/// Host and port of an instance; the words of a line are group, host, port.
fn address(config: &Draft<'_>, host: &[u8], port: &[u8]) -> Result<(String, u16), Fault> {
    let port = u16::try_from(integer(port)).map_err(|_| {
        wrapped(port, 4, 0, u16::MAX.into(), u16::try_from(atoi(port)).is_ok())
            .unwrap_or_else(|| Fault::at(4, number::PORT).hint("a port is 0 to 65535"))
    })?;
    let name = text(host, 3)?;
    let numeric = numeric_address(&name);
    if let (Some(ip), false) = (numeric, config.global.announce_hostnames) {
        return Ok((ip.to_string(), port));
    }
    let usable = numeric.is_some() || (config.global.resolve_hostnames && !name.is_empty());
    if !usable {
        let hint = if resembles_ipv4(&name) {
            format!("`{name}` is no IPv4 address: it has four numbers of 0 to 255, such as 192.0.2.10")
        } else {
            "write an IP address, or set `sentinel resolve-hostnames yes`".into()
        };
        let log = format!("Failed to resolve hostname '{name}'");
        return Err(Fault::at(3, "Can't resolve instance hostname.").hint(hint).logged(log));
    }
    Ok((name, port))
}

/// The address a text stands for without asking anybody: also in the short and the hexadecimal forms that
/// `inet_aton` knows, since the C library accepts them.
pub fn numeric_address(host: &str) -> Option<IpAddr> {
    host.parse().ok().or_else(|| {
        let parts = host.split('.').map(c_number).collect::<Option<Vec<u32>>>()?;
        let (last, heads) = parts.split_last()?;
        let room = u32::MAX.checked_shr(8 * u32::try_from(heads.len()).ok()?)?;
        if heads.iter().any(|part| *part > 255) || *last > room {
            return None;
        }
        let bits = heads.iter().zip([24, 16, 8]).fold(*last, |bits, (part, shift)| bits | (part << shift));
        Some(IpAddr::V4(Ipv4Addr::from(bits)))
    })
}

/// Whether a text that is no address was meant as one: digits and dots, as no name has them.
pub fn resembles_ipv4(host: &str) -> bool {
    let shape = host.contains('.') && host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    shape && host.starts_with(|c: char| c.is_ascii_digit()) && numeric_address(host).is_none()
}

fn c_number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

fn script(
    config: &mut Draft<'_>,
    files: &mut dyn Files,
    args: &[Vec<u8>],
    message: &str,
) -> Result<Option<String>, Fault> {
    group(config, &args[0])?;
    let path = text(&args[1], 3)?;
    if !files.executable(&path) {
        return Err(Fault::at(3, message).hint(format!("`{path}` must be there and executable by this user")));
    }
    Ok(Some(path))
}

fn myid(id: &[u8]) -> Result<SentinelId, Fault> {
    if id.len() != ID_LENGTH {
        let hint = "an id has 40 characters; without the line a new one is made";
        return Err(Fault::at(2, "Malformed Sentinel id in myid option.").hint(hint));
    }
    text(id, 2).map(SentinelId)
}

fn yes_no(value: &[u8], option: &str) -> Result<bool, Fault> {
    match &value.to_ascii_lowercase()[..] {
        b"yes" => Ok(true),
        b"no" => Ok(false),
        _ => Err(Fault::at(2, format!("Please specify yes or no for the {option}."))),
    }
}

fn tilt_clock(value: &[u8]) -> Result<bool, Fault> {
    match &value.to_ascii_lowercase()[..] {
        b"wall" => Ok(false),
        b"monotonic" => Ok(true),
        _ => Err(Fault::at(2, "Please specify wall or monotonic for the tilt-clock option.")),
    }
}

fn topology(value: &[u8]) -> Result<Topology, Fault> {
    Topology::parse(value).ok_or_else(|| {
        let hint = "star: all follow the master; keep: the shape stays as it is; chain: one line";
        Fault::at(3, "Please specify star, keep or chain for the replication-topology option.").hint(hint)
    })
}

fn positive(value: &[u8]) -> Result<u64, Fault> {
    let milliseconds = u64::try_from(integer(value)).ok().filter(|time| *time > 0);
    milliseconds.ok_or_else(|| {
        wrapped(value, 3, 1, i64::MAX, atoi(value) > 0)
            .unwrap_or_else(|| Fault::at(3, number::TIME).hint("write milliseconds, for example 5000"))
    })
}

/// A number that is out of range here and in range upstream, which keeps its lowest 32 bits.
fn wrapped(value: &[u8], word: usize, least: i64, most: i64, accepted: bool) -> Option<Fault> {
    let (shown, theirs) = (String::from_utf8_lossy(value), atoi(value));
    let message = format!("Number `{shown}` is out of range: expected {least} to {most}.");
    let hint = format!("redis-sentinel reads {theirs} here, without a word; write the number that is meant");
    accepted.then(|| Fault::at(word, message).hint(hint).only_here())
}

/// An epoch. Upstream takes anything here; one that is nearly the largest number would end all elections for good.
fn epoch(value: &[u8], word: usize) -> Result<u64, Fault> {
    let (negative, number) = strtoull(value);
    let accepted = number <= EPOCH_MAX && (!negative || number == 0);
    accepted.then_some(number).ok_or_else(|| {
        let shown = String::from_utf8_lossy(value);
        Fault::at(word, format!("Epoch `{shown}` is out of range: expected 0 to {EPOCH_MAX}."))
            .hint(
                "such an epoch would end all elections, of the other sentinels too; \
             write the epoch the other sentinels show as config-epoch, or remove the line",
            )
            .only_here()
    })
}

fn text(value: &[u8], word: usize) -> Result<String, Fault> {
    super::typed::text(value).map_err(|fault| Fault { word, ..fault })
}
