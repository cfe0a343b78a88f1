//! The commands clients send, and the replies they get.
//!
//! `table` knows every command; [`clients`] keeps the connections, answers all that needs no engine and hands the
//! rest on as [`clients::EngineCommand`].

mod acl;
mod acl_cmd;
mod acl_log;
pub(crate) mod acl_rules;
mod client_cmd;
mod client_list;
pub mod clients;
mod command_cmd;
mod help;
mod info;
mod instances;
mod login;
mod pubsub;
#[cfg(test)]
mod replay;
pub mod reply;
mod sentinel;
mod settings;
mod sha256;
pub mod table;
mod table_clients;
mod table_general;
mod table_sentinel;
#[cfg(test)]
mod tests_of_clients;

pub use acl::{Mistake, mistakes_of_file, mistakes_of_lines};
pub use help::{sentinel_help, syntax};
pub(crate) use settings::{WAITING_SETS_MAX, WaitingSet};

/// A password as `ACL GETUSER` shows it: its SHA-256 in hexadecimal.
pub fn password_hash(password: &[u8]) -> String {
    sha256::hex(&sha256::sha256(password))
}

/// An integer argument, read as strictly as upstream does: optional `-`, no `+`, no blanks, no leading zeros.
pub(crate) fn strict_int(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let plain = match digits {
        [b'0'] => text.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !plain {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::strict_int;

    #[test]
    fn integers_are_strict() {
        assert_eq!(strict_int(b"0"), Some(0));
        assert_eq!(strict_int(b"-7"), Some(-7));
        assert_eq!(strict_int(b"-9223372036854775808"), Some(i64::MIN));
        for bad in ["", "-", "+1", " 1", "1 ", "01", "-0", "1a", "9223372036854775808", "0x1"] {
            assert_eq!(strict_int(bad.as_bytes()), None, "{bad}");
        }
    }
}
