//! Inline commands and configuration lines: no panic, no invention of bytes, and quoting what was split gives it back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchkeeper_resp::split_args;

fuzz_target!(|line: &[u8]| {
    let Some(words) = split_args(line) else { return };
    assert!(words.iter().map(Vec::len).sum::<usize>() <= line.len());
    let mut quoted = String::new();
    for word in &words {
        quoted.push('"');
        for byte in word {
            quoted.push_str(&format!("\\x{byte:02X}"));
        }
        quoted.push_str("\" ");
    }
    assert_eq!(split_args(quoted.as_bytes()), Some(words));
});
