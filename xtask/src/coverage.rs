//! `cargo xtask coverage` and `mutants`: what the tests run, and what they would not notice.

use anyhow::{Result, ensure};

use crate::tidy;
use crate::workspace::Workspace;

/// How many lines the tests run, file by file. The report is in target/coverage.
pub(crate) fn coverage(ws: &Workspace) -> Result<()> {
    // The instrumented programs of tests that start `wxpay` count too.
    ws.run(
        "cargo tarpaulin --engine llvm --workspace --exclude xtask --exclude-files xtask/* --locked \
         --all-features --follow-exec --skip-clean --timeout 600 --out json \
         --output-dir target/coverage --target-dir target/coverage/target",
    )
}

/// The pure crates with small faults put in, one at a time, to see that a test fails for each: there it
/// would be a wrong signature or a wrong request. What is left out, and why, is in .cargo/mutants.toml.
pub(crate) fn mutants(ws: &Workspace, names: &[String]) -> Result<()> {
    for name in tidy::PURE.split(' ').filter(|it| ws.member(it).is_ok()) {
        if !names.is_empty() && names.iter().all(|wanted| wanted != name) {
            continue;
        }
        let folder = format!("target/mutants/{name}");
        ws.sh.create_dir(&folder)?;
        let mutants = format!("cargo mutants -p {name} --test-package {name} -o {folder}");
        let mutants = ws.line(&mutants);
        // Each mutant meets every property: a quarter of the cases is enough to see it.
        let mutants = mutants.env("PROPTEST_CASES", "64");
        // The diagnosis tries thousands of keys: seven times as fast, and hardly longer to build.
        let mutants = mutants.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        mutants.ignore_status().run()?;
        let missed = ws.sh.read_file(folder + "/mutants.out/missed.txt")?;
        let problem = "no test sees these: write one, or the reason in .cargo/mutants.toml";
        ensure!(missed.is_empty(), "{problem}\n{missed}");
    }
    Ok(())
}
