//! `cargo xtask coverage` and `mutants`: the lines that the tests run, and the faults that they
//! miss.

use anyhow::{Result, ensure};

use crate::tidy;
use crate::workspace::Workspace;

/// Counts the lines that the tests run, file by file. The report is in target/coverage.
pub(crate) fn coverage(ws: &Workspace) -> Result<()> {
    // `--follow-exec` counts the programs that tests start, too.
    ws.run(
        "cargo tarpaulin --engine llvm --workspace --exclude xtask --exclude-files xtask/* --locked \
         --all-features --follow-exec --skip-clean --timeout 600 --out json \
         --output-dir target/coverage --target-dir target/coverage/target",
    )
}

/// Puts small faults into the pure crates, one at a time, and checks that a test fails for each.
/// Such a fault would be a wrong signature or a wrong request. Exceptions are in
/// .cargo/mutants.toml.
pub(crate) fn mutants(ws: &Workspace, names: &[String]) -> Result<()> {
    for name in tidy::PURE.split(' ').filter(|it| ws.member(it).is_ok()) {
        if !names.is_empty() && names.iter().all(|wanted| wanted != name) {
            continue;
        }
        let folder = format!("target/mutants/{name}");
        ws.sh.create_dir(&folder)?;
        let mutants = format!("cargo mutants -p {name} --test-package {name} -o {folder}");
        let mutants = ws.line(&mutants);
        // A quarter of the cases of each property is enough to find a mutant.
        let mutants = mutants.env("PROPTEST_CASES", "64");
        // The diagnosis tries thousands of keys, seven times as fast with this.
        let mutants = mutants.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        mutants.ignore_status().run()?;
        let missed = ws.sh.read_file(folder + "/mutants.out/missed.txt")?;
        let problem = "no test finds these: write one, or the reason in .cargo/mutants.toml";
        ensure!(missed.is_empty(), "{problem}\n{missed}");
    }
    Ok(())
}
