//! Reading and replacing the `aclfile`, off thread `sentinel`.

use std::path::PathBuf;

use watchkeeper_core::io::Ticket;

use super::outside::{Outside, Sender};
use super::persist::replace_file;
use super::strerror::strerror;

/// An `aclfile` larger than this, in bytes, is no ACL file.
const ACL_BYTES: u64 = 64 * 1024 * 1024;

/// Reads the file; the answer comes as [`Outside::AclText`].
pub(super) fn read(ticket: Ticket, path: String, answer: Sender) {
    tokio::task::spawn_blocking(move || {
        let result = read_limited(&path);
        // The receiver is gone only when the process ends.
        let _ = answer.blocking_send(Outside::AclText { ticket, result });
    });
}

fn read_limited(path: &str) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(path).map_err(|e| strerror(&e))?.len();
    if size > ACL_BYTES {
        return Err(format!("`{path}` has {size} bytes, at most {ACL_BYTES} are read"));
    }
    std::fs::read(path).map_err(|e| strerror(&e))
}

/// Replaces the file; the answer comes as [`Outside::AclWritten`].
pub(super) fn write(ticket: Ticket, path: String, text: Vec<u8>, answer: Sender) {
    tokio::task::spawn_blocking(move || {
        let result = replace_file(&PathBuf::from(path), &text).map_err(|e| e.reason());
        let _ = answer.blocking_send(Outside::AclWritten { ticket, result });
    });
}
