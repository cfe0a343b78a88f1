//! `watchkeeper healthcheck`: whether the sentinel on this host answers. For the HEALTHCHECK of an image, where there is
//! no shell and no client: exit status 0 is healthy, 1 is not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use watchkeeper_resp::encode_command;

use super::from_env::variables::Key;
use super::from_env::{self, Process};
use super::lang::Lang;
use super::out::{complain, finish};

/// How long each step may take.
const STEP_MAX: Duration = Duration::from_secs(2);
/// Longer than the answers to AUTH and PING are.
const ANSWER_BYTES_MAX: usize = 512;

/// `watchkeeper healthcheck`
#[derive(Debug, clap::Args)]
pub(super) struct HealthArgs {
    /// The port the sentinel listens on [default: SENTINEL_PORT, else 26379]
    #[arg(long)]
    port: Option<u16>,
}

/// Asks, and says what came of it.
pub(super) fn run(args: &HealthArgs, lang: Lang) -> ExitCode {
    // A sentinel that refused its environment does not run; what is wrong with it stands in its log.
    let settings = from_env::read_quietly(&Process, lang);
    let port = args.port.unwrap_or_else(|| settings.sentinel_port());
    match ask(port, settings.bytes(Key::Requirepass).as_deref()) {
        Ok(answer) => finish(answer + "\n", 0, 1, lang),
        Err(reason) => {
            let why = match lang {
                Lang::En => format!("no sentinel answers on port `{port}`: {reason}"),
                Lang::Zh => format!("端口 `{port}` 上没有哨兵回复：{reason}"),
            };
            complain(why, lang);
            ExitCode::FAILURE
        }
    }
}

/// PING, behind AUTH where there is a password. A sentinel that wants another login than this one does answer, so it
/// is healthy.
fn ask(port: u16, password: Option<&[u8]>) -> Result<String, String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut stream =
        TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), STEP_MAX).map_err(failed)?;
    stream.set_read_timeout(Some(STEP_MAX)).map_err(failed)?;
    stream.set_write_timeout(Some(STEP_MAX)).map_err(failed)?;
    let mut request = Vec::new();
    if let Some(password) = password {
        request.extend(encode_command(&[&b"AUTH"[..], password]));
    }
    request.extend(encode_command(&[b"PING"]));
    stream.write_all(&request).map_err(failed)?;
    let wanted = 1 + usize::from(password.is_some());
    let mut answer = Vec::new();
    let mut piece = [0; 256];
    while answer.iter().filter(|byte| **byte == b'\n').count() < wanted {
        let count = stream.read(&mut piece).map_err(failed)?;
        if count == 0 || answer.len() > ANSWER_BYTES_MAX {
            return Err("the connection was closed before the answer".into());
        }
        answer.extend(&piece[..count]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let last = text.lines().last().unwrap_or_default().trim();
    match last {
        "+PONG" => Ok("PONG".into()),
        other if other.starts_with("-NOAUTH") => Ok(other.trim_start_matches('-').into()),
        other => Err(format!("it answered `{other}`, expected `+PONG`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answered(answer: &'static str, password: Option<&[u8]>) -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut piece = [0; 64];
            let _ = stream.read(&mut piece).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let result = ask(port, password);
        server.join().unwrap();
        result
    }

    #[test]
    fn a_pong_is_health() {
        assert_eq!(answered("+PONG\r\n", None), Ok("PONG".into()));
        assert_eq!(answered("+OK\r\n+PONG\r\n", Some(b"p")), Ok("PONG".into()));
        assert!(answered("-NOAUTH Authentication required.\r\n", None).is_ok());
        assert!(answered("-LOADING\r\n", None).unwrap_err().contains("`-LOADING`"));
        assert!(answered("", None).is_err());
    }
}
