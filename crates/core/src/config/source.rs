//! The text to be read: file, standard input and command-line options become one. Reading files and printing usage are
//! left to the shell.

use super::args::{quote, split_args};

/// The main text and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// absolute path of the configuration file
    pub path: String,
    /// what [`assemble`] made
    pub text: Vec<u8>,
}

/// What a command line says about the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommandLine {
    /// the configuration file as written; to be made absolute before anything else happens
    pub file: Option<Vec<u8>>,
    /// `-`: directives are also read from standard input
    pub stdin: bool,
    /// whether `--sentinel` stands among the arguments
    pub sentinel: bool,
    /// directives made of the `--name value` options, one a line
    pub options: Vec<u8>,
}

impl CommandLine {
    /// Reads the arguments after the program's name. `-v`, `-h` and the like as first argument are the caller's.
    pub fn read(args: &[Vec<u8>]) -> CommandLine {
        let mut line =
            CommandLine { sentinel: args.iter().any(|arg| arg == b"--sentinel"), ..CommandLine::default() };
        let mut rest = args;
        if let Some((first, others)) = args.split_first() {
            if !first.starts_with(b"-") {
                line.file = Some(first.clone());
                rest = others;
            }
        }
        let skipped = args.len() - rest.len();
        // A name takes what follows as its value, even `--x`, once; then `--` begins the next name.
        let mut value_seen = true;
        for (index, arg) in rest.iter().enumerate() {
            let next = rest.get(index + 1);
            if arg == b"-" && (index + skipped == 0 || next.is_none()) {
                line.stdin = true;
                continue;
            }
            let name = arg.strip_prefix(b"--").filter(|_| value_seen);
            let Some(name) = name else {
                line.options.extend(quote(arg).bytes());
                line.options.push(b' ');
                value_seen = true;
                continue;
            };
            let last = next.is_none_or(|next| next.starts_with(b"--"));
            if !line.options.is_empty() {
                line.options.push(b'\n');
            }
            line.options.extend(name);
            line.options.push(b' ');
            value_seen = split_args(name).is_none_or(|words| words.len() > 1);
            if last && name.eq_ignore_ascii_case(b"save") {
                line.options.extend(b"\"\"");
                value_seen = true;
            }
            // The switch alone is a line without effect, which counts in the line numbers of errors.
            if last && name.eq_ignore_ascii_case(b"sentinel") {
                value_seen = true;
            }
        }
        line
    }
}

/// The one text that is read: the file, then standard input, then the options on lines of their own.
pub fn assemble(file: &[u8], stdin: &[u8], options: &[u8]) -> Vec<u8> {
    let mut text = [file, stdin].concat();
    if !options.is_empty() {
        text.push(b'\n');
        text.extend(options);
    }
    text
}

/// The lines of a text as they are counted: split at newlines, blanks trimmed.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    whole_lines(text).map(|(number, line)| (number, trim(line)))
}

/// The same lines with the blanks around them.
pub(crate) fn whole_lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    text.split(|&byte| byte == b'\n').enumerate().map(|(index, line)| (index + 1, line))
}

/// A line without blanks around it.
pub(crate) fn trim(line: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let start = line.iter().position(|byte| !blank(byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    &line[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> CommandLine {
        CommandLine::read(&args.iter().map(|arg| arg.as_bytes().to_vec()).collect::<Vec<_>>())
    }

    #[test]
    fn options_become_directives() {
        let line = read(&["/etc/s.conf", "--supervised", "systemd", "--daemonize", "no"]);
        assert_eq!(line.file.as_deref(), Some(&b"/etc/s.conf"[..]));
        assert_eq!(line.options, b"supervised \"systemd\" \ndaemonize \"no\" ");
        assert_eq!(read(&["f", "--port 6380", "--hz", "10"]).options, b"port 6380 \nhz \"10\" ");
    }

    #[test]
    fn a_value_may_look_like_an_option() {
        assert_eq!(read(&["f", "--requirepass", "--foo"]).options, b"requirepass \"--foo\" ");
        assert_eq!(read(&["f", "--", "--hz", "1"]).options, b" \"--hz\" \"1\" ");
    }

    #[test]
    fn sentinel_is_a_switch_or_a_directive() {
        let switch = read(&["f", "--sentinel", "--port", "1"]);
        assert!(switch.sentinel);
        assert_eq!(switch.options, b"sentinel \nport \"1\" ");
        assert_eq!(read(&["f", "--port", "1", "--sentinel"]).options, b"port \"1\" \nsentinel ");
        let directive = read(&["f", "--sentinel", "myid", "x"]);
        assert_eq!(directive.options, b"sentinel \"myid\" \"x\" ");
    }

    #[test]
    fn a_dash_is_standard_input_only_first_or_last() {
        assert!(read(&["-"]).stdin && read(&["-"]).file.is_none());
        assert!(read(&["f", "--port", "1", "-"]).stdin);
        assert_eq!(read(&["f", "--port", "-", "--hz", "1"]).options, b"port \"-\" \nhz \"1\" ");
    }

    #[test]
    fn the_texts_are_put_together_with_one_newline() {
        assert_eq!(assemble(b"a\n", b"b", b"c d"), b"a\nb\nc d");
        assert_eq!(assemble(b"a\n", b"", b""), b"a\n");
    }
}
