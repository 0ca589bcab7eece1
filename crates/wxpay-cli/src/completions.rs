//! `wxpay completions`.

use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;

use crate::{
    args::{Cli, CompletionsArgs},
    terminal,
};

pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    // Not straight to standard output: clap_complete panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "wxpay", &mut script);
    let script = String::from_utf8(script).context("the completions are not UTF-8")?;
    terminal::print(script.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
