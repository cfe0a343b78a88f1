//! Whom to ask, and how to be let in: from options, the environment, or the file of a sentinel on this host.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use watchkeeper_core::Persona;
use watchkeeper_core::config::{Config, Tls};

use super::conn::{Conn, Failure};
use super::endpoint::Endpoint;
use crate::cli::lang::Lang;
use crate::daemon::{startup, strerror, tls};
use crate::said::told;

/// A password file may hold so many bytes.
const PASS_BYTES_MAX: u64 = 4096;
/// How long an answer may take of one who may well hang.
const BRIEF: Duration = Duration::from_millis(500);
/// The port of a sentinel where nothing says another.
const SENTINEL_PORT: u16 = 26379;

/// The options that all commands which ask have in common.
#[derive(Debug, Clone, clap::Args)]
pub struct ReachArgs {
    /// A sentinel; one is enough, it names the others [default: 127.0.0.1:26379]
    #[arg(long = "sentinel", value_name = "HOST:PORT")]
    pub sentinels: Vec<Endpoint>,
    /// A sentinel's configuration file, from which its address, passwords and certificates are taken
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// User at the sentinels [env: WATCHKEEPER_USER]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// File with the password at the sentinels [env: WATCHKEEPER_PASS, the password itself]
    #[arg(long, value_name = "FILE")]
    pass_file: Option<PathBuf>,
    /// User at the data servers [env: WATCHKEEPER_SERVER_USER]
    #[arg(long, value_name = "NAME")]
    server_user: Option<String>,
    /// File with the password at the data servers [env: WATCHKEEPER_SERVER_PASS, the password itself]
    #[arg(long, value_name = "FILE")]
    server_pass_file: Option<PathBuf>,
    /// Speak TLS with all of them
    #[arg(long)]
    tls: bool,
    /// The authorities to believe, with --tls
    #[arg(long, value_name = "FILE")]
    cacert: Option<String>,
    /// Certificate to show, with --tls
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<String>,
    /// Key of that certificate
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<String>,
    /// How long to wait for each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    timeout: u64,
}

/// Who we say we are. Without a password nothing is said.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// the user; the default one if none
    pub user: Option<String>,
    /// its password
    pub pass: Option<Vec<u8>>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The password is nobody's business.
        f.debug_struct("Login").field("user", &self.user).field("pass", &self.pass.is_some()).finish()
    }
}

/// What is needed to ask.
#[derive(Debug, Clone)]
pub struct Reach {
    /// the options it was made of
    args: ReachArgs,
    /// the sentinels to begin with, at least one
    pub sentinels: Vec<Endpoint>,
    /// at the sentinels
    pub sentinel_login: Login,
    /// at the data servers of groups that `group_logins` does not name
    pub server_login: Login,
    /// at the data servers of a group, as the sentinel's own file has it
    pub group_logins: BTreeMap<String, Login>,
    /// how TLS is spoken, where it is
    pub tls: Option<Arc<ClientConfig>>,
    /// how long an answer may take
    pub patience: Duration,
}

impl ReachArgs {
    /// The sentinel's file, if one is named.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn file(&self, lang: Lang) -> Result<Option<Config>, String> {
        self.config.as_deref().map(|path| read(path, lang)).transpose()
    }

    /// Puts options, environment and file together. What was said in an option wins over the environment, which wins
    /// over the file.
    ///
    /// # Errors
    /// What is wrong with which of them.
    pub fn reach(&self, lang: Lang, env: impl Fn(&str) -> Option<String>) -> Result<Reach, String> {
        let file = self.file(lang)?;
        let config = file.as_ref();
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        let mut sentinels = self.sentinels.clone();
        if sentinels.is_empty() {
            sentinels.push(config.map_or_else(|| Endpoint::new("127.0.0.1", SENTINEL_PORT), own_place));
        }
        let given = Login {
            user: self.user.clone().or_else(|| env("WATCHKEEPER_USER")),
            pass: password(self.pass_file.as_deref(), env("WATCHKEEPER_PASS"), lang)?,
        };
        let sentinel_login =
            if given.pass.is_some() { given } else { config.map(own_login).unwrap_or(given) };
        let server_login = Login {
            user: self.server_user.clone().or_else(|| env("WATCHKEEPER_SERVER_USER")),
            pass: password(self.server_pass_file.as_deref(), env("WATCHKEEPER_SERVER_PASS"), lang)?,
        };
        let group_logins = match (&server_login.pass, config) {
            (None, Some(config)) => config
                .groups
                .iter()
                .map(|group| {
                    let login = Login { user: group.auth_user.clone(), pass: group.auth_pass.clone() };
                    (group.name.0.clone(), login)
                })
                .collect(),
            (Some(_), _) | (None, None) => BTreeMap::new(),
        };
        Ok(Reach {
            args: self.clone(),
            sentinels,
            sentinel_login,
            server_login,
            group_logins,
            tls: self.tls(config, lang)?,
            patience: Duration::from_millis(self.timeout),
        })
    }

    /// The options with which another command of ours reaches the same deployment, each behind a blank, as a shell reads
    /// them; through this sentinel, if one was named.
    pub fn again(&self, sentinel: Option<&Endpoint>) -> String {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let given = [
            ("--sentinel", sentinel.map(ToString::to_string)),
            ("--config", path(&self.config)),
            ("--user", self.user.clone()),
            ("--pass-file", path(&self.pass_file)),
            ("--server-user", self.server_user.clone()),
            ("--server-pass-file", path(&self.server_pass_file)),
            ("--tls", self.tls.then(String::new)),
            ("--cacert", self.cacert.clone()),
            ("--cert", self.cert.clone()),
            ("--key", self.key.clone()),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.map(|(name, value)| format!(" {name}{}", shell_word(&value))).collect()
    }

    fn tls(&self, config: Option<&Config>, lang: Lang) -> Result<Option<Arc<ClientConfig>>, String> {
        let files = if self.tls || self.cacert.is_some() || self.cert.is_some() {
            Some(Tls {
                ca_cert_file: self.cacert.clone(),
                cert_file: self.cert.clone(),
                key_file: self.key.clone(),
                ..config.map(|config| config.general.tls.clone()).unwrap_or_default()
            })
        } else {
            config.map(|config| config.general.tls.clone()).filter(|tls| tls.replication)
        };
        let Some(files) = files else { return Ok(None) };
        if files.ca_cert_file.is_none() && files.ca_cert_dir.is_none() {
            return Err(lang.pick(
                "`--tls` needs to know which authorities to believe\nhint: `--cacert FILE`, or `--config` with the sentinel's own file",
                "`--tls` 需要知道信任哪些证书颁发机构\n提示：使用 `--cacert FILE`，或用 `--config` 指定哨兵自己的配置文件",
            ).into());
        }
        tls::client(&files).map(Some)
    }
}

impl Reach {
    /// The options with which another command of ours reaches the same deployment, through one of the sentinels that were
    /// named, and that answers if one does.
    pub fn again(&self, answers: impl Fn(&Endpoint) -> bool) -> String {
        let named = &self.args.sentinels;
        self.args.again(named.iter().find(|at| answers(at)).or(named.first()))
    }

    /// With little patience, for those who may well hang.
    #[must_use]
    pub fn brief(&self) -> Reach {
        Reach { patience: self.patience.min(BRIEF), ..self.clone() }
    }

    /// A connection to a sentinel.
    ///
    /// # Errors
    /// Why there is none.
    pub fn sentinel(&self, at: &Endpoint) -> Result<Conn, Failure> {
        Conn::open(at, &self.sentinel_login, self.tls.as_ref(), self.patience)
    }

    /// A connection to a data server of this group.
    ///
    /// # Errors
    /// Why there is none.
    pub fn server(&self, at: &Endpoint, group: &str) -> Result<Conn, Failure> {
        let login = self.group_logins.get(group).unwrap_or(&self.server_login);
        Conn::open(at, login, self.tls.as_ref(), self.patience)
    }
}

/// A word behind a blank, in quotes where a shell would take it for something else; nothing for an empty one.
fn shell_word(word: &str) -> String {
    let harmless = |c: char| c.is_alphanumeric() || "/.:_-@%+,=[]~".contains(c);
    if word.is_empty() {
        String::new()
    } else if word.chars().all(harmless) {
        format!(" {word}")
    } else {
        format!(" '{}'", word.replace('\'', r"'\''"))
    }
}

/// The password in a file (its first line), or in the environment.
fn password(file: Option<&Path>, env: Option<String>, lang: Lang) -> Result<Option<Vec<u8>>, String> {
    let Some(path) = file else { return Ok(env.map(String::into_bytes)) };
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(PASS_BYTES_MAX).read_to_end(&mut text));
    read.map_err(|error| match lang {
        Lang::En => format!("the password file `{}` can't be read: {}", path.display(), strerror(&error)),
        Lang::Zh => format!("无法读取密码文件 `{}`：{}", path.display(), told(&strerror(&error), lang)),
    })?;
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err(match lang {
            Lang::En => format!(
                "the password file `{}` is empty, expected the password in its first line",
                path.display()
            ),
            Lang::Zh => format!("密码文件 `{}` 为空，第一行应为密码", path.display()),
        });
    }
    Ok(Some(line.to_vec()))
}

/// A sentinel's file.
fn read(path: &Path, lang: Lang) -> Result<Config, String> {
    startup::config_of(path, Persona::Redis).map_err(|what| crate::cli::refusal_text(&what, lang))
}

/// Where the sentinel of this file listens, seen from this host.
fn own_place(config: &Config) -> Endpoint {
    let general = &config.general;
    let port = if general.port == 0 || general.tls.replication && general.tls.port != 0 {
        general.tls.port
    } else {
        general.port
    };
    let bound = general.bind.iter().map(|bind| bind.trim_start_matches('-'));
    let bound = bound.into_iter().find(|bind| !bind.contains('*') && !["0.0.0.0", "::"].contains(bind));
    Endpoint::new(bound.unwrap_or("127.0.0.1"), port)
}

/// How the sentinel of this file logs in at others, which is how others log in at it.
fn own_login(config: &Config) -> Login {
    let global = &config.global;
    let pass = global.sentinel_pass.clone().or_else(|| config.general.requirepass.clone());
    Login { user: global.sentinel_user.clone(), pass }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        reach: ReachArgs,
    }

    fn reach(words: &str, env: &[(&str, &str)]) -> Result<Reach, String> {
        let cli = Cli::try_parse_from(["x"].into_iter().chain(words.split_whitespace())).unwrap();
        cli.reach.reach(Lang::En, |name| {
            env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn without_anything_the_sentinel_of_this_host_is_asked() {
        let reach = reach("", &[]).unwrap();
        assert_eq!(reach.sentinels, [Endpoint::new("127.0.0.1", 26379)]);
        assert_eq!(reach.sentinel_login, Login::default());
    }

    #[test]
    fn the_file_of_a_sentinel_says_where_it_is_and_how_to_log_in() {
        let conf = file(
            "port 26999\nbind 127.0.0.1 -::1\nrequirepass outer\nsentinel monitor m 10.0.0.1 6379 2\n\
             sentinel auth-user m watch\nsentinel auth-pass m inner\n",
        );
        let words = format!("--config {}", conf.path().display());
        let reach = reach(&words, &[]).unwrap();
        assert_eq!(reach.sentinels, [Endpoint::new("127.0.0.1", 26999)]);
        assert_eq!(reach.sentinel_login.pass.as_deref(), Some(&b"outer"[..]));
        let group = &reach.group_logins["m"];
        assert_eq!((group.user.as_deref(), group.pass.as_deref()), (Some("watch"), Some(&b"inner"[..])));
        assert!(!format!("{reach:?}").contains("inner"), "a password in the debug output");
    }

    #[test]
    fn other_commands_are_told_the_same_way() {
        let again = |words: &str, at: Option<Endpoint>| {
            let cli = Cli::try_parse_from(["x"].into_iter().chain(words.split('|'))).unwrap();
            cli.reach.again(at.as_ref())
        };
        assert_eq!(again("--timeout|5", None), "");
        let named = again("--sentinel|s1", Some(Endpoint::new("s1", 26379)));
        assert_eq!(named, " --sentinel s1:26379");
        let words = "--config|/etc/my file|--user|o'p|--tls|--cacert|/ca.pem";
        assert_eq!(again(words, None), r" --config '/etc/my file' --user 'o'\''p' --tls --cacert /ca.pem");
    }

    #[test]
    fn an_option_wins_over_the_environment() {
        let pass = file("from-file\r\nsecond line\n");
        let env = [
            ("WATCHKEEPER_PASS", "from-env"),
            ("WATCHKEEPER_SERVER_PASS", "server"),
            ("WATCHKEEPER_USER", "u"),
        ];
        let words = format!("--sentinel s1 --sentinel s2:7 --pass-file {}", pass.path().display());
        let reach = reach(&words, &env).unwrap();
        assert_eq!(reach.sentinels, [Endpoint::new("s1", 26379), Endpoint::new("s2", 7)]);
        assert_eq!(reach.sentinel_login.pass.as_deref(), Some(&b"from-file"[..]));
        assert_eq!(reach.sentinel_login.user.as_deref(), Some("u"));
        assert_eq!(reach.server_login.pass.as_deref(), Some(&b"server"[..]));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let empty = file("");
        assert!(
            reach(&format!("--pass-file {}", empty.path().display()), &[]).unwrap_err().contains("is empty")
        );
        assert!(reach("--pass-file /nonexistent/x", &[]).unwrap_err().contains("`/nonexistent/x`"));
        assert!(reach("--config /nonexistent/x", &[]).unwrap_err().contains("`/nonexistent/x`"));
        assert!(reach("--tls", &[]).unwrap_err().contains("hint: `--cacert FILE`"));
        assert!(reach("--cacert /nonexistent/x", &[]).unwrap_err().contains("/nonexistent/x"));
    }
}
