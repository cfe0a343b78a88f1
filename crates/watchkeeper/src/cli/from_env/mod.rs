//! A sentinel configured by environment variables, in the way of the redis-sentinel image of Stratus: for containers.
//!
//! [`variables`] is the one table of what there is; [`value`] reads values and says what is allowed; this module makes a
//! configuration of them. What the sentinel learns is kept in `STATE_DIR`, in a state file, and what stands there about
//! the present master, the epochs and the id wins over the environment (`watchkeeper_core::config`).

mod aws;
mod value;
pub(super) mod variables;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use watchkeeper_core::config::word;

use super::lang::Lang;
use value::{Place, Refused, Value};
use variables::{Key, VARIABLES, Variable};

/// The file in `STATE_DIR` that the sentinel keeps what it knows in.
pub(super) const STATE_FILE: &str = "watchkeeper-state.conf";
/// Where the file stands that a variable like `AUTH_PASS_FILE` names.
const FILE_SUFFIX: &str = "_FILE";

/// What the program is told from outside: variables and the machine's metadata service.
pub(super) trait Outside {
    /// A variable, if it is set.
    fn variable(&self, name: &str) -> Option<Vec<u8>>;
    /// The content of a file.
    fn file(&self, path: &str) -> std::io::Result<Vec<u8>>;
    /// This machine's address, from the metadata service at this URL.
    fn discover(&self, endpoint: Option<&str>) -> Result<String, String>;
}

/// The real environment.
#[derive(Debug)]
pub(super) struct Process;

impl Outside for Process {
    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        use std::os::unix::ffi::OsStringExt;
        std::env::var_os(name).map(OsStringExt::into_vec)
    }

    fn file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn discover(&self, endpoint: Option<&str>) -> Result<String, String> {
        aws::local_address(endpoint)
    }
}

/// Everything that was set, read and found good; what was not set has its default.
#[derive(Debug, Default)]
pub(super) struct Settings {
    values: BTreeMap<Key, Value>,
}

/// Reads all variables. All that are wrong are told, not the first alone.
pub(super) fn read(outside: &dyn Outside, lang: Lang) -> Result<Settings, Vec<Refused>> {
    let mut settings = Settings::default();
    let mut refused = Vec::new();
    for variable in VARIABLES {
        match read_one(variable, outside, lang) {
            Ok(Some(value)) => {
                settings.values.insert(variable.key, value);
            }
            Ok(None) => {}
            Err(wrong) => refused.push(wrong),
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    if settings.yes(Key::AwsIpDiscovery) {
        let endpoint = settings.text(Key::AwsEndpoint);
        match outside.discover(endpoint.as_deref()) {
            Ok(address) => {
                settings.values.insert(Key::AnnounceIp, Value::Text(address.into_bytes()));
            }
            Err(reason) => return Err(vec![value::not_discovered(&reason, lang)]),
        }
    }
    settings.check_together(lang)?;
    Ok(settings)
}

/// As [`read`], with the default in place of whatever is wrong: for those who only look.
pub(super) fn read_quietly(outside: &dyn Outside, lang: Lang) -> Settings {
    let rows = VARIABLES.iter();
    let read = rows.filter_map(|row| Some((row.key, read_one(row, outside, lang).ok()??)));
    Settings { values: read.collect() }
}

/// A variable that is empty counts as not set: compose files pass `${NAME:-}` on like that.
fn read_one(variable: &Variable, outside: &dyn Outside, lang: Lang) -> Result<Option<Value>, Refused> {
    let set = |name: &str| outside.variable(name).filter(|text| !text.is_empty());
    if let Some(text) = set(variable.name) {
        return value::parse(variable, &text, lang).map(Some);
    }
    if !variable.secret() {
        return Ok(None);
    }
    let name = format!("{}{FILE_SUFFIX}", variable.name);
    let Some(path) = set(&name) else { return Ok(None) };
    let path = String::from_utf8_lossy(&path).into_owned();
    match outside.file(&path) {
        Ok(mut text) => {
            while text.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                text.pop();
            }
            value::parse(variable, &text, lang).map(Some)
        }
        Err(error) => Err(value::no_file(&name, &path, &error, lang)),
    }
}

impl Settings {
    fn yes(&self, key: Key) -> bool {
        matches!(self.values.get(&key), Some(Value::Yes(true)))
    }

    /// A value as text, if it was set.
    pub(super) fn text(&self, key: Key) -> Option<String> {
        self.bytes(key).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A value as it goes into the configuration.
    pub(super) fn bytes(&self, key: Key) -> Option<Vec<u8>> {
        match self.values.get(&key)? {
            Value::Text(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string().into_bytes()),
            Value::Yes(yes) => Some(if *yes { b"yes".to_vec() } else { b"no".to_vec() }),
            Value::Places(places) => places.first().map(|place| place.host.clone().into_bytes()),
        }
    }

    fn places(&self, key: Key) -> &[Place] {
        match self.values.get(&key) {
            Some(Value::Places(places)) => places,
            Some(Value::Text(_) | Value::Number(_) | Value::Yes(_)) | None => &[],
        }
    }

    fn number(&self, key: Key) -> Option<u64> {
        match self.values.get(&key) {
            Some(Value::Number(number)) => Some(*number),
            Some(Value::Text(_) | Value::Places(_) | Value::Yes(_)) | None => None,
        }
    }

    /// The port of a sentinel.
    pub(super) fn sentinel_port(&self) -> u16 {
        self.number(Key::SentinelPort).and_then(|port| u16::try_from(port).ok()).unwrap_or(26379)
    }

    /// The port of data servers that come without one. `DEFAULT_PORT` is an older name of `REDIS_PORT`.
    fn redis_port(&self) -> u64 {
        let old = self.number(Key::DefaultPort);
        self.number(Key::RedisPort).filter(|port| *port != 6379).or(old).unwrap_or(6379)
    }

    fn master(&self) -> Place {
        self.places(Key::Master).first().cloned().unwrap_or(Place { host: "127.0.0.1".into(), port: None })
    }

    /// Names are resolved where one is used, unless it is said otherwise.
    fn resolves_names(&self) -> bool {
        let is_name = |host: &str| host.parse::<std::net::IpAddr>().is_err();
        match self.values.get(&Key::ResolveHostnames) {
            Some(Value::Yes(yes)) => *yes,
            Some(Value::Text(_) | Value::Number(_) | Value::Places(_)) | None => {
                is_name(&self.master().host)
                    || self.places(Key::Slaves).iter().any(|place| is_name(&place.host))
                    || self.text(Key::AnnounceIp).is_some_and(|host| is_name(&host))
                    || self.yes(Key::AnnounceHostnames)
            }
        }
    }

    /// What is wrong only in company.
    fn check_together(&self, lang: Lang) -> Result<(), Vec<Refused>> {
        let mut refused = Vec::new();
        let names = self.places(Key::Master).iter().chain(self.places(Key::Slaves));
        if !self.resolves_names() {
            for place in names {
                if place.host.parse::<std::net::IpAddr>().is_err() {
                    refused.push(value::name_not_resolved(&place.host, lang));
                }
            }
        }
        for (user, pass) in [(Key::AuthUser, Key::AuthPass), (Key::SentinelUser, Key::SentinelPass)] {
            if self.values.contains_key(&user) && !self.values.contains_key(&pass) {
                refused.push(value::without(variables::of(user), variables::of(pass), lang));
            }
        }
        if refused.is_empty() { Ok(()) } else { Err(refused) }
    }

    /// The configuration: what `watchkeeper config from-env` prints, and `run --from-env` reads.
    pub(super) fn configuration(&self) -> Vec<u8> {
        let mut text = Lines::default();
        let master = self.master();
        let name = self.bytes(Key::MasterName).unwrap_or_else(|| b"mymaster".to_vec());
        text.line("port", &[self.sentinel_port().to_string().as_bytes()]);
        text.line("dir", &[&self.bytes(Key::StateDir).unwrap_or_else(|| b".".to_vec())]);
        text.line("state-file", &[STATE_FILE.as_bytes()]);
        text.given(self, "loglevel", &[], Key::LogLevel);
        text.given(self, "requirepass", &[], Key::Requirepass);
        text.given(self, "aclfile", &[], Key::AclFile);
        text.given(self, "sentinel myid", &[], Key::SentinelId);
        if self.resolves_names() {
            text.line("sentinel resolve-hostnames", &[b"yes"]);
        }
        text.given(self, "sentinel announce-hostnames", &[], Key::AnnounceHostnames);
        text.given(self, "sentinel announce-ip", &[], Key::AnnounceIp);
        text.given(self, "sentinel announce-port", &[], Key::AnnouncePort);
        text.given(self, "sentinel sentinel-user", &[], Key::SentinelUser);
        text.given(self, "sentinel sentinel-pass", &[], Key::SentinelPass);
        let port = master.port.map_or(self.redis_port(), u64::from).to_string();
        let quorum = self.number(Key::Quorum).unwrap_or(2).to_string();
        text.line("sentinel monitor", &[&name, master.host.as_bytes(), port.as_bytes(), quorum.as_bytes()]);
        let timing = [
            ("sentinel down-after-milliseconds", Key::DownAfter, 30_000),
            ("sentinel failover-timeout", Key::FailoverTimeout, 180_000),
            ("sentinel parallel-syncs", Key::ParallelSyncs, 1),
        ];
        for (directive, key, default) in timing {
            let value = self.number(key).unwrap_or(default).to_string();
            text.line(directive, &[&name, value.as_bytes()]);
        }
        let group = [&name[..]];
        text.given(self, "sentinel notification-script", &group, Key::NotificationScript);
        text.given(self, "sentinel client-reconfig-script", &group, Key::ClientReconfigScript);
        text.given(self, "sentinel auth-pass", &group, Key::AuthPass);
        text.given(self, "sentinel auth-user", &group, Key::AuthUser);
        text.given(self, "sentinel refused-down-after-milliseconds", &group, Key::RefusedDownAfter);
        text.given(self, "sentinel replication-topology", &group, Key::ReplicationTopology);
        for replica in self.places(Key::Slaves) {
            let port = replica.port.map_or(self.redis_port(), u64::from).to_string();
            text.line("sentinel known-replica", &[&name, replica.host.as_bytes(), port.as_bytes()]);
        }
        text.0
    }
}

/// The text of a configuration.
#[derive(Debug, Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn line(&mut self, directive: &str, words: &[&[u8]]) {
        self.0.extend(directive.bytes());
        for value in words {
            self.0.push(b' ');
            self.0.extend(word(value));
        }
        self.0.push(b'\n');
    }

    /// A line for a value that was set.
    fn given(&mut self, settings: &Settings, directive: &str, before: &[&[u8]], key: Key) {
        if let Some(value) = settings.bytes(key) {
            let words: Vec<&[u8]> = before.iter().copied().chain([&value[..]]).collect();
            self.line(directive, &words);
        }
    }
}

/// What to print about wrong variables.
pub(super) fn told(refused: &[Refused], lang: Lang) -> String {
    let mut text = String::new();
    let title = lang.pick("error: ", "错误：");
    for wrong in refused {
        writeln!(text, "{title}{}\nhint: {}", wrong.what, wrong.hint)
            .expect("writing to a String never fails");
    }
    text
}

#[cfg(test)]
mod tests;
