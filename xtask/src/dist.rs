//! `cargo xtask dist`: the program for this platform, as it is given to people.

mod archive;
mod build;
mod licences;
mod linked;
mod sbom;
mod sums;

use std::{fs, path::Path, process::Command};

use anyhow::{Context, ensure};

use crate::{metadata::Metadata, release::git::Git};
use build::Build;
use linked::Linked;

/// What to do beside.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Build what is committed once more in another folder, and compare byte for byte
    #[arg(long)]
    check_reproducible: bool,
}

pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let git = Git(root);
    if args.check_reproducible {
        git.require_clean()?;
    }
    let build = Build::new(git.committed_at()?)?;
    let program = build.run(root)?;
    if args.check_reproducible {
        let elsewhere = tempfile::tempdir().context("no temporary folder")?;
        let clone = elsewhere.path().join("another place");
        git.clone_to(&clone)?;
        compare(&program, &build.run(&clone)?)?;
        println!("two builds in different folders are the same, byte for byte");
    }
    let metadata = Metadata::load(root)?;
    let package = metadata.member("wxpay-cli").context("no wxpay-cli")?;
    let name = format!("wxpay-{}-{}", package.version, build.target());
    let folder = root.join("target/dist").join(&name);
    fill(root, &folder, &program, &build, &metadata)?;
    let archive = archive::pack(&folder, build.time())?;
    sums::write(&root.join("target/dist/SHA256SUMS"), &[archive.as_path()])?;
    println!("{}", archive.display());
    Ok(())
}

fn fill(
    root: &Path,
    folder: &Path,
    program: &Path,
    build: &Build,
    metadata: &Metadata,
) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| cannot("empty", folder))?;
    }
    let [man, completions] = ["man", "completions"].map(|name| folder.join(name));
    for folder in [&man, &completions] {
        fs::create_dir_all(folder).with_context(|| cannot("make", folder))?;
    }
    let name = program.file_name().context("the program has a name")?;
    fs::copy(program, folder.join(name)).with_context(|| cannot("copy", program))?;
    for file in [
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "README.zh-CN.md",
    ] {
        fs::copy(root.join(file), folder.join(file)).with_context(|| cannot("copy", file))?;
    }
    ask(Command::new(program).arg("man").arg(&man))?;
    for (shell, file) in [
        ("bash", "wxpay.bash"),
        ("elvish", "wxpay.elv"),
        ("fish", "wxpay.fish"),
        ("powershell", "_wxpay.ps1"),
        ("zsh", "_wxpay"),
    ] {
        let script = ask(Command::new(program).args(["completions", shell]))?;
        write(&completions.join(file), script)?;
    }
    let linked = Linked::load(root, metadata, build.target())?;
    write(&folder.join("LICENSES.txt"), licences::texts(&linked)?)?;
    write(
        &folder.join("sbom.cdx.json"),
        sbom::json(&linked, build.time())?,
    )
}

fn compare(one: &Path, other: &Path) -> anyhow::Result<()> {
    let read = |path: &Path| fs::read(path).with_context(|| cannot("read", path));
    ensure!(
        read(one)? == read(other)?,
        "two builds in different folders differ: {} and one in a temporary folder",
        one.display()
    );
    Ok(())
}

fn ask(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.output().context("cannot start what was built")?;
    ensure!(
        output.status.success(),
        "what was built fails: {}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(output.stdout)
}

fn write(path: &Path, content: impl AsRef<[u8]>) -> anyhow::Result<()> {
    fs::write(path, content).with_context(|| cannot("write", path))
}

fn cannot(what: &str, path: impl AsRef<Path>) -> String {
    format!("cannot {what} {}", path.as_ref().display())
}
