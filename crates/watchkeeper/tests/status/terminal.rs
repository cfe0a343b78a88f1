//! A terminal with the program in it, which can be closed.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, ExitStatus};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::running;

/// The program in a terminal of 80 or 81 columns and 24 rows.
pub(crate) struct Terminal {
    side: Option<OwnedFd>,
    child: Child,
    shown: Vec<u8>,
    wider: bool,
}

impl Terminal {
    /// `controls`: the terminal controls the process, which is told by a signal when it goes away.
    pub(crate) fn start(args: &[&str], controls: bool) -> Terminal {
        let side = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&side).unwrap();
        unlockpt(&side).unwrap();
        let name = ptsname(&side, Vec::new()).unwrap();
        let tty = File::options().read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).unwrap();
        rustix::fs::fcntl_setfl(&side, OFlags::NONBLOCK).unwrap();
        let plain = running::command(args);
        let mut command = Command::new("setsid");
        command.args(controls.then_some("--ctty")).arg(plain.get_program()).args(plain.get_args());
        command.env("LANG", "C").env_remove("LC_ALL").env("NO_COLOR", "1").env("TERM", "xterm");
        let out = |tty: &File| tty.try_clone().unwrap();
        let mut terminal = Terminal {
            child: command.stdin(out(&tty)).stdout(out(&tty)).stderr(tty).spawn().unwrap(),
            side: Some(side),
            shown: Vec::new(),
            wider: false,
        };
        terminal.resize();
        terminal
    }

    /// Has the whole screen drawn again.
    fn resize(&mut self) {
        self.wider = !self.wider;
        let columns = 80 + u16::from(self.wider);
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(self.side.as_ref().unwrap(), size).unwrap();
    }

    /// All that was shown since the last [`Terminal::forget`], without colours, places and blanks: these are not written
    /// where nothing stood.
    pub(crate) fn shown(&mut self) -> String {
        self.resize();
        let mut piece = [0; 64 * 1024];
        while let Ok(count @ 1..) = rustix::io::read(self.side.as_ref().unwrap(), &mut piece) {
            self.shown.extend(&piece[..count]);
        }
        let text = String::from_utf8_lossy(&self.shown).into_owned();
        let mut plain = String::new();
        for (index, part) in text.split('\x1b').enumerate() {
            let letter = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
            plain += if index == 0 { part } else { &part[letter..] };
        }
        plain.retain(|c| c != ' ');
        plain
    }

    pub(crate) fn forget(&mut self) {
        self.shown.clear();
    }

    /// The connection breaks, the window is closed.
    pub(crate) fn close(&mut self) {
        self.side = None;
    }

    pub(crate) fn ended(&mut self) -> Result<ExitStatus, String> {
        self.child.try_wait().unwrap().ok_or_else(|| "it runs".to_owned())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
