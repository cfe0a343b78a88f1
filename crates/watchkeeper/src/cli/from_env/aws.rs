//! This machine's address from the metadata service of EC2: version 2 with its token, version 1 where there is no token
//! to be had. Plain HTTP to a link-local address, so a few lines over a socket do; every wait has an end.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Where the service is on every instance.
const ENDPOINT: &str = "http://169.254.169.254";
/// How long everything may take.
const TIME_MAX: Duration = Duration::from_secs(4);
/// How long one step may take.
const STEP_MAX: Duration = Duration::from_secs(2);
/// An answer longer than this is not one.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// The private IPv4 address, or why there is none.
pub(super) fn local_address(endpoint: Option<&str>) -> Result<String, String> {
    let endpoint = endpoint.unwrap_or(ENDPOINT).trim_end_matches('/');
    let host = endpoint.strip_prefix("http://").unwrap_or(endpoint);
    let until = Instant::now() + TIME_MAX;
    let wish = "x-aws-ec2-metadata-token-ttl-seconds: 60\r\n";
    let token = match ask(host, "PUT", "/latest/api/token", wish, until)? {
        (200, token) => format!("x-aws-ec2-metadata-token: {token}\r\n"),
        (_, _) => String::new(),
    };
    match ask(host, "GET", "/latest/meta-data/local-ipv4", &token, until)? {
        (200, address) if address.parse::<IpAddr>().is_ok() => Ok(address),
        (200, other) => Err(format!("`{endpoint}` answered `{other}`, expected an IP")),
        (code, _) => Err(format!("`{endpoint}` answered with status {code}, expected 200")),
    }
}

/// One request; the status and the body.
fn ask(host: &str, method: &str, path: &str, header: &str, until: Instant) -> Result<(u16, String), String> {
    let failed = |error: std::io::Error| format!("`http://{host}{path}`: {error}");
    let timed_out = || failed(std::io::ErrorKind::TimedOut.into());
    let left =
        || Some(until.saturating_duration_since(Instant::now()).min(STEP_MAX)).filter(|left| !left.is_zero());
    let with_port = if host.rsplit(']').next().is_some_and(|rest| rest.contains(':')) {
        host.to_string()
    } else {
        format!("{host}:80")
    };
    let address = with_port.to_socket_addrs().map_err(failed)?.next().ok_or_else(timed_out)?;
    let mut stream = TcpStream::connect_timeout(&address, left().ok_or_else(timed_out)?).map_err(failed)?;
    stream.set_write_timeout(left()).map_err(failed)?;
    let request = format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\n{header}Content-Length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = Vec::new();
    let mut piece = [0; 1024];
    loop {
        stream.set_read_timeout(Some(left().ok_or_else(timed_out)?)).map_err(failed)?;
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => answer.extend(&piece[..count]),
            Err(error) => return Err(failed(error)),
        }
        if answer.len() as u64 > ANSWER_BYTES_MAX {
            break;
        }
    }
    read_answer(&answer).ok_or_else(|| format!("`http://{host}{path}` did not answer as a web server does"))
}

/// Status and body of an HTTP answer that ends with the connection.
fn read_answer(answer: &[u8]) -> Option<(u16, String)> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let code = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.trim_end().get(..3)?.parse().ok()?;
    Some((code, body.trim().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A service that answers each request with the next of these texts; the requests come back.
    fn service(answers: Vec<&'static str>) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let mut requests = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                let mut piece = [0; 256];
                while !request.ends_with(b"\r\n\r\n") {
                    let count = stream.read(&mut piece).unwrap();
                    request.extend(&piece[..count]);
                }
                stream.write_all(answer.as_bytes()).unwrap();
                requests.push(String::from_utf8(request).unwrap());
            }
            requests
        });
        (url, thread)
    }

    #[test]
    fn a_token_is_asked_for_first_and_shown_then() {
        let (url, asked) = service(vec![
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nT0k",
            "HTTP/1.1 200 OK\r\n\r\n10.0.0.7\n",
        ]);
        assert_eq!(local_address(Some(&url)), Ok("10.0.0.7".into()));
        let asked = asked.join().unwrap();
        assert!(asked[0].starts_with("PUT /latest/api/token HTTP/1.0\r\n"), "{asked:?}");
        assert!(asked[1].starts_with("GET /latest/meta-data/local-ipv4 "), "{asked:?}");
        assert!(asked[1].contains("\r\nx-aws-ec2-metadata-token: T0k\r\n"), "{asked:?}");
    }

    #[test]
    fn a_service_without_tokens_is_asked_all_the_same() {
        let (url, asked) = service(vec!["HTTP/1.0 404 Not Found\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n10.0.0.8"]);
        assert_eq!(local_address(Some(&url)), Ok("10.0.0.8".into()));
        assert!(!asked.join().unwrap()[1].contains("metadata-token"));
    }

    #[test]
    fn what_is_no_address_is_told() {
        let (url, _asked) = service(vec!["HTTP/1.0 404 x\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n<html>"]);
        assert!(local_address(Some(&url)).unwrap_err().contains("`<html>`, expected an IP"));
        let (url, _asked) = service(vec!["nonsense"]);
        assert!(local_address(Some(&url)).unwrap_err().contains("did not answer as a web server does"));
    }

    #[test]
    fn nobody_there_is_an_error_soon() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        assert!(local_address(Some(&url)).unwrap_err().contains("refused"));
    }
}
