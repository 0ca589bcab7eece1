//! `cargo xtask msrv`, `minimal-versions` and `package`: checks of what the manifests promise.

use anyhow::{Context, Result, ensure};
use cargo_metadata::semver::Version;

use crate::workspace::{Workspace, cargo_home, require_none};

/// A lower `rust-version` would not build, and a higher one would exclude users for nothing.
pub(crate) fn msrv(ws: &Workspace) -> Result<()> {
    let (mut promised, mut needed) = (None, None);
    for member in ws.published() {
        let declared = member.rust_version.as_ref();
        let declared = declared.with_context(|| format!("{} has no rust-version", member.name))?;
        promised = promised.max(Some(declared));
        for (package, chain) in ws.shipped(member) {
            if let (Some(version), Some(_)) = (&package.rust_version, &package.source) {
                needed = needed.max(Some((version, chain)));
            }
        }
    }
    let (needed, chain) = needed.context("no dependency declares its oldest Rust")?;
    let promised = promised.context("nothing is published")?;
    println!("msrv: {}", compare(promised, needed, &chain)?);
    Ok(())
}

fn compare(promised: &Version, needed: &Version, chain: &str) -> Result<String> {
    let problem = format!("rust-version is {promised}, but {chain} needs {needed}");
    ensure!(promised >= needed, "{problem}: raise it, or do without");
    ensure!(promised <= needed, "{problem} alone: lower it");
    Ok(format!("{promised}, for {chain} needs it"))
}

/// Builds a copy of the workspace, so that Cargo.lock can change. Only direct dependencies get
/// their oldest version: many packages do not build with the oldest of their own dependencies.
pub(crate) fn minimal(ws: &Workspace) -> Result<()> {
    let (sh, copy) = (&ws.sh, ws.root().join("target/minimal-versions"));
    sh.remove_path(copy.join("crates"))?;
    for path in ws.files("crates Cargo.lock LICENSE-APACHE LICENSE-MIT")? {
        sh.write_file(copy.join(&path), sh.read_binary_file(&path)?)?;
    }
    // Without xtask and the example, which may need newer versions.
    let manifest = sh.read_file("Cargo.toml")?;
    let members = manifest.lines().find(|line| line.starts_with("members = "));
    let members = members.context("Cargo.toml has no `members = `")?;
    let manifest = manifest.replacen(members, "members = [\"crates/*\"]", 1);
    sh.write_file(copy.join("Cargo.toml"), manifest)?;
    let _folder = sh.push_dir(&copy);
    let _target = sh.push_env("CARGO_TARGET_DIR", copy.join("target"));
    // The option to choose the oldest versions is not stable yet.
    let _unstable = sh.push_env("RUSTC_BOOTSTRAP", "1");
    let low = "a version in [workspace.dependencies] is too low";
    let update = ws.run("cargo update --quiet -Zdirect-minimal-versions");
    update.context(low)?;
    ws.published().try_for_each(|package| {
        let check = format!("cargo check --quiet --all-features -p {}", package.name);
        ws.run(&check).context(low)
    })
}

/// Checks the content of each package, and that it builds alone. Packages have no tests: those need
/// fixtures that are not packed.
pub(crate) fn package(ws: &Workspace) -> Result<()> {
    let mut findings = Vec::new();
    for package in ws.published() {
        let name = &package.name;
        let list = ws.read(&format!("cargo package --list --allow-dirty -p {name}"))?;
        for file in "README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT".split(' ') {
            if list.lines().all(|path| path != file) {
                findings.push(format!("{name} lacks {file}"));
            }
        }
        for (folder, file) in list.lines().filter_map(|path| path.split_once('/')) {
            if !["src", "examples", "assets"].contains(&folder) {
                findings.push(format!("{name} has {folder}/{file}"));
            }
        }
    }
    require_none(&findings, "see `include` in the manifests")?;
    pack(ws, "--allow-dirty").context("a package does not build by itself")
}

/// Packs all published crates, and builds each from `target/package`.
pub(crate) fn pack(ws: &Workspace, option: &str) -> Result<()> {
    // cargo reuses an unpacked and built package of the same version. The registry of packages that
    // are not published has no host name, so its folder begins with `-`.
    let unpacked = ws.sh.read_dir(cargo_home()?.join("registry/src"));
    for folder in unpacked.unwrap_or_default() {
        let name = folder.file_name().unwrap_or_default();
        if name.as_encoded_bytes().starts_with(b"-") {
            ws.sh.remove_path(&folder)?;
        }
    }
    let names = ws.published().map(|it| format!(" -p {}", it.name));
    let names = names.collect::<String>();
    let pack = format!("cargo package --quiet --locked {option}{names}");
    // Without this variable the dependencies would be built again for each package.
    let target = ws.sh.var_os("CARGO_TARGET_DIR");
    let target = target.unwrap_or_else(|| "target".into());
    let clean = format!("cargo clean --quiet{names}");
    ws.line(&clean).env("CARGO_TARGET_DIR", &target).run()?;
    Ok(ws.line(&pack).env("CARGO_TARGET_DIR", target).run()?)
}

#[test]
fn the_oldest_rust_that_is_declared_is_the_one_that_is_needed() {
    let compare = |needed| compare(&Version::new(1, 89, 0), &Version::new(1, needed, 0), "aes");
    let error = |needed| compare(needed).unwrap_err().to_string();
    assert_eq!(compare(89).unwrap(), "1.89.0, for aes needs it");
    assert!(error(90).contains("aes needs 1.90.0: raise it"));
    assert!(error(9).contains("aes needs 1.9.0 alone: lower it"));
}
