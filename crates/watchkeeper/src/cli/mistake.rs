//! A command line that clap does not take, or answers itself with help: printed once, in the language of whoever typed it.

use std::error::Error as _;
use std::io::{self, IsTerminal, Write as _};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::lang::Lang;
use super::out::finish;
use super::status;
use crate::said::told;

/// Help could not be written.
const UNWRITTEN: i32 = 1;

/// Prints it; the exit status is `wrong` unless what was asked for is help.
pub(super) fn print(error: &clap::Error, wrong: i32, lang: Lang) -> ExitCode {
    if !error.use_stderr() {
        let text = error.render();
        let colours =
            io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
        let text = if colours { text.ansi().to_string() } else { text.to_string() };
        return finish(text, 0, UNWRITTEN, lang);
    }
    // If the stream is closed, there is nobody to tell.
    if lang == Lang::Zh && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = write!(io::stderr(), "{}", chinese(error));
    } else {
        let _ = error.print();
    }
    status(wrong)
}

/// What the error is about, if it says.
fn about(error: &clap::Error, kind: ContextKind) -> Option<String> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "clap may add others at any time")]
    let text = match error.get(kind)? {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join("、"),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(texts) => {
            texts.iter().map(ToString::to_string).collect::<Vec<_>>().join("、")
        }
        ContextValue::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// The whole error in Chinese.
fn chinese(error: &clap::Error) -> String {
    let of = |kind| about(error, kind);
    let arg = of(ContextKind::InvalidArg).unwrap_or_default();
    let what = match (error.kind(), of(ContextKind::InvalidValue)) {
        (ErrorKind::UnknownArgument, _) => format!("没有 `{arg}` 这个选项或参数"),
        (ErrorKind::InvalidSubcommand, _) => {
            format!("没有 `{}` 这个命令", of(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        (ErrorKind::InvalidValue, None) => format!("`{arg}` 需要一个值"),
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Some(value)) => {
            let why = error.source().map(|why| format!("：{}", told(&why.to_string(), Lang::Zh)));
            format!("`{arg}` 的值 `{value}` 无效{}", why.unwrap_or_default())
        }
        (ErrorKind::MissingRequiredArgument, _) => format!("缺少 {arg}"),
        (ErrorKind::MissingSubcommand, _) => "缺少命令".to_owned(),
        (ErrorKind::ArgumentConflict, _) => match of(ContextKind::PriorArg).filter(|prior| *prior != arg) {
            Some(prior) => format!("`{arg}` 不能与 `{prior}` 同时使用"),
            None => format!("`{arg}` 只能给出一次"),
        },
        // Rare ones: clap's own words, without its advice.
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    };
    let mut text = format!("错误：{what}\n");
    if let Some(values) = of(ContextKind::ValidValue) {
        text += &format!("可选：{values}\n");
    }
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    if let Some(near) = near.into_iter().find_map(of) {
        text += &format!("提示：是否想写 `{near}`？\n");
    }
    if let Some(usage) = of(ContextKind::Usage) {
        // Clap puts what was given into its usage, as if it had to be.
        let usage = usage.replace("Usage: ", "用法：").replace(" --lang <LANG>", "");
        text += &format!("{}\n", usage.trim_end());
    }
    text + "提示：`--help` 列出全部用法\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::own::command;

    fn refused(line: &str) -> String {
        chinese(&command(Lang::Zh).try_get_matches_from(line.split(' ')).unwrap_err())
    }

    #[test]
    fn mistakes_are_told_in_chinese() {
        for (line, expected) in [
            ("w doctor --groop x", "错误：没有 `--groop` 这个选项或参数\n提示：是否想写 `--group`？\n"),
            ("w doktor", "错误：没有 `doktor` 这个命令\n提示：是否想写 `doctor`？\n"),
            ("w doctor --timeout abc", "错误：`--timeout <MS>` 的值 `abc` 无效：应为整数\n"),
            ("w doctor --timeout 0", "错误：`--timeout <MS>` 的值 `0` 无效：0 不在 1..=600000 范围内\n"),
            ("w doctor --format xml", "错误：`--format <FORMAT>` 的值 `xml` 无效\n可选：text、json\n"),
            ("w doctor --group", "错误：`--group <NAME>` 需要一个值\n"),
            ("w doctor a:b", "应为 HOST:PORT，例如 10.0.0.2:26379 或 [fd00::2]:26379\n"),
            ("w doctor --cert x", "错误：缺少 --key <FILE>\n"),
            ("w check", "错误：缺少 <FILE>...\n"),
            ("w check --list x", "错误：`--list` 不能与 `[FILE]...` 同时使用\n"),
            ("w check --list --list", "错误：`--list` 只能给出一次\n"),
        ] {
            let told = refused(line);
            assert!(told.contains(expected), "{line}: {told}");
            for word in ["error", "Usage", "tip:", "For more", "invalid"] {
                assert!(!told.contains(word), "{line}: `{word}` in {told}");
            }
        }
    }
}
