//! What is asked for.

use std::path::PathBuf;

use anyhow::{Context, bail};

/// Fewer say nothing about the range.
const ROUNDS: usize = 7;

/// The command line, as `cargo xtask bench` makes it.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) rounds: usize,
    /// Where the figures go, besides the table.
    pub(crate) json: Option<PathBuf>,
    /// The program `wxpay`, for the cold start.
    pub(crate) program: Option<PathBuf>,
    /// Clients whose name has none of these words are left out.
    pub(crate) only: Vec<String>,
}

impl Arguments {
    pub(crate) fn parse(words: &[String]) -> anyhow::Result<Self> {
        let mut arguments = Self {
            rounds: ROUNDS,
            json: None,
            program: None,
            only: Vec::new(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words
                .next()
                .with_context(|| format!("{word} needs a value"))?;
            match &**word {
                "--rounds" => arguments.rounds = value.parse()?,
                "--json" => arguments.json = Some(value.into()),
                "--program" => arguments.program = Some(value.into()),
                "--only" => arguments.only = value.split(',').map(str::to_owned).collect(),
                _ => bail!("unknown argument {word}"),
            }
        }
        Ok(arguments)
    }

    pub(crate) fn wants(&self, client: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| client.contains(&**word))
    }
}
