//! What `bind` accepts and what it says when it cannot.

use super::*;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn general(port: u16, bind: &[&str]) -> General {
    General { port, bind: bind.iter().map(|&word| word.to_owned()).collect(), ..General::default() }
}

#[test]
fn a_busy_port_refuses_the_start_in_the_known_words() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = bind(&general(port, &["127.0.0.1"])).unwrap_err();
    let last_two = &error.lines[error.lines.len() - 2..];
    assert_eq!(
        last_two,
        [
            format!(
                "Warning: Could not create server TCP listening socket 127.0.0.1:{port}: bind: Address already in use"
            ),
            format!("Failed listening on port {port} (TCP), aborting."),
        ]
    );
}

#[test]
fn an_optional_address_that_is_not_there_is_only_a_warning() {
    let port = free_port();
    let listeners = bind(&general(port, &["127.0.0.1", "-192.0.2.7"])).unwrap();
    assert_eq!(listeners.tcp.len(), 1);
    let warned =
        listeners.warnings.iter().any(|line| line.contains(&format!("192.0.2.7:{port}: bind: Cannot")));
    assert!(warned, "{:?}", listeners.warnings);
    drop(listeners);
    assert!(bind(&general(port, &["127.0.0.1", "192.0.2.7"])).is_err(), "without `-` it must be there");
}

#[test]
fn every_address_of_both_families_on_one_port() {
    let port = free_port();
    let listeners = bind(&general(port, &["*", "-::*"])).unwrap();
    assert!(!listeners.tcp.is_empty());
    for listener in &listeners.tcp {
        assert!(listener.local_addr().unwrap().ip().is_unspecified());
    }
}

#[test]
fn nothing_to_listen_on_refuses_the_start() {
    let nowhere = "Configured to not listen anywhere, exiting.".to_owned();
    assert_eq!(bind(&general(0, &["*"])).unwrap_err().lines.last(), Some(&nowhere));
    assert_eq!(bind(&general(free_port(), &[""])).unwrap_err().lines.last(), Some(&nowhere));
}

#[test]
fn a_unix_socket_replaces_a_dead_one_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sock");
    let text = path.display().to_string();
    let general = General { unixsocket: Some(text), unixsocketperm: 0o600, ..general(0, &[]) };
    drop(bind(&general).unwrap());
    assert!(path.exists(), "dropping is not the clean exit: a killed process leaves its socket");
    let listeners = bind(&general).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(listeners);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "precious").unwrap();
    let error = bind(&general).unwrap_err();
    assert_eq!(error.lines.last().unwrap(), "Failed opening Unix socket: bind: Address already in use");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}
