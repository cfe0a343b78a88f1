//! Reading a command line: words, flags, and options with a value. What is not taken is an error.

use std::collections::{BTreeMap, BTreeSet};
use watchkeeper_core::config::Topology;

use watchkeeper_sim::fault::Kind;
use watchkeeper_sim::options::Overrides;
use watchkeeper_sim::setup::Shape;

/// The options and words of one command.
#[derive(Debug)]
pub(crate) struct Args {
    words: Vec<String>,
    flags: BTreeSet<String>,
    values: BTreeMap<String, String>,
}

impl Args {
    /// Reads them; `flags` are the options without a value.
    pub(crate) fn read(args: &[String], flags: &[&str]) -> Result<Args, String> {
        let mut read = Args { words: Vec::new(), flags: BTreeSet::new(), values: BTreeMap::new() };
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let Some(name) = arg.strip_prefix("--") else {
                read.words.push(arg.clone());
                continue;
            };
            if flags.contains(&name) {
                read.flags.insert(name.to_owned());
                continue;
            }
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (name, rest.next().cloned()),
            };
            let value = value.ok_or_else(|| format!("`--{name}` has no value\nhint: `sim --help`"))?;
            if read.values.insert(name.to_owned(), value).is_some() {
                return Err(format!("`--{name}` is given twice"));
            }
        }
        Ok(read)
    }

    /// Whether a flag is there.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.flags.contains(name)
    }

    /// Takes a word.
    #[cfg(watchkeeper_canary)]
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.values.remove(name)
    }

    /// Takes a number.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>, String> {
        let Some(value) = self.values.remove(name) else { return Ok(None) };
        parse(&value)
            .map(Some)
            .ok_or_else(|| format!("`--{name} {value}` is not a number, expected 0 or more"))
    }

    /// Takes the one seed that the command is about.
    pub(crate) fn seed(&mut self) -> Result<u64, String> {
        match &self.words[..] {
            [word] => parse(word).ok_or_else(|| format!("`{word}` is not a seed, expected a number")),
            _ => Err("one seed is needed\nhint: sim seed 17".to_owned()),
        }
    }

    /// Takes the changes to the options of a seed; then nothing may be left.
    pub(crate) fn overrides(mut self) -> Result<Overrides, String> {
        let small = |value: Option<u64>| value.map(|value| value as usize);
        let overrides = Overrides {
            without: self.kinds("without")?.unwrap_or_default(),
            only: self.kinds("only")?,
            sentinels: small(self.number("sentinels")?),
            servers: small(self.number("servers")?),
            groups: small(self.number("groups")?),
            topology: self.topology()?,
            shape: self.shape()?,
            seconds: self.number("seconds")?,
        };
        self.end()?;
        Ok(overrides)
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), String> {
        match self.values.keys().next() {
            Some(name) => {
                Err(format!("`--{name}` is no option of this command\nhint: `sim --help` lists them"))
            }
            None => Ok(()),
        }
    }

    fn topology(&mut self) -> Result<Option<Topology>, String> {
        let Some(value) = self.values.remove("topology") else { return Ok(None) };
        let found = Topology::parse(value.as_bytes());
        found.map(Some).ok_or_else(|| format!("`{value}` is no topology, expected star, keep or chain"))
    }

    fn shape(&mut self) -> Result<Option<Shape>, String> {
        let Some(value) = self.values.remove("shape") else { return Ok(None) };
        Shape::parse(&value)
            .map(Some)
            .ok_or_else(|| format!("`{value}` is no shape, expected star, chain or tree"))
    }

    fn kinds(&mut self, name: &str) -> Result<Option<BTreeSet<Kind>>, String> {
        let Some(value) = self.values.remove(name) else { return Ok(None) };
        let names = value.split(',').filter(|name| !name.is_empty());
        let kind = |name: &str| {
            Kind::parse(name)
                .ok_or_else(|| format!("`{name}` is no kind of fault\nhint: `sim kinds` lists them"))
        };
        names.map(kind).collect::<Result<BTreeSet<Kind>, String>>().map(Some)
    }
}

fn parse(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
