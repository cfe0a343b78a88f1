//! Standard output of commands: what cannot be written is an error. Only a reader that has gone away has seen enough.

use std::io::{self, Write};
use std::process::ExitCode;

use super::lang::Lang;
use super::status;
use crate::daemon::strerror;
use crate::said::told;

/// Standard output took not all of it.
#[derive(Debug, thiserror::Error)]
#[error("{}", match .lang {
    Lang::En => format!("standard output can't be written: {}", strerror(.error)),
    Lang::Zh => format!("无法写入标准输出：{}", told(&strerror(.error), Lang::Zh)),
})]
pub(super) struct Unwritten {
    lang: Lang,
    #[source]
    error: io::Error,
}

/// Writes all of it. False: the reader has gone away.
pub(super) fn say(text: impl AsRef<[u8]>, lang: Lang) -> Result<bool, Unwritten> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Unwritten { lang, error }),
    }
}

/// Tells on standard error what went wrong.
pub(super) fn complain(why: impl std::fmt::Display, lang: Lang) {
    // If the stream is closed, there is nobody to tell.
    let _ = writeln!(io::stderr(), "{}{why}", lang.pick("error: ", "错误："));
}

/// The last words of a command and its status; `unwritten`, if they cannot be written.
pub(super) fn finish(text: impl AsRef<[u8]>, code: i32, unwritten: i32, lang: Lang) -> ExitCode {
    match say(text, lang) {
        Ok(_) => status(code),
        Err(error) => {
            complain(error, lang);
            status(unwritten)
        }
    }
}
