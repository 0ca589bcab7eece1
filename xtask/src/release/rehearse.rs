//! `release rehearse`: packs the crates as two releases would, and builds foreign projects with
//! them.

use std::path::Path;

use anyhow::Result;

use super::{Plan, bump, tag};
use crate::manifests;
use crate::workspace::Workspace;

/// A program that only signs: the example of the API's documentation.
const USES_SIGN: &str = r#"
use wxpay_sign::{ApiKey, Params, SignType};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    let more = [("device_info", "1000"), ("body", "test"), ("nonce_str", "ibuaiVcKdpRxkhJA")];
    let ids = [("appid", "wxd930ea5d5a258f4f"), ("mch_id", "10000100")];
    let params = Params::new(ids.into_iter().chain(more))?;
    let sign = params.sign(SignType::Md5, &key);
    assert_eq!(sign.to_string(), "9A0A8659F005D6984697E2CA0A9CF3B7");
    println!("wxpay-sign, {}: {sign}", wxpay_sign::REHEARSED);
    Ok(())
}
"#;

pub(super) fn run(ws: &Workspace, breaking: bool) -> Result<()> {
    let folder = ws.root().join("target/rehearsal");
    let clone = folder.join("workspace");
    for name in ["workspace", "uses-wxpay-sign", "uses-wxpay-media"] {
        ws.sh.remove_path(folder.join(name))?;
    }
    // Without tags, so that every crate is released.
    ws.line("git clone --quiet --no-tags .").arg(&clone).run()?;
    let user = "[user]\nname = Rehearsal\nemail = r@example.com\n[commit]\ngpgSign = false\n";
    let config = clone.join(".git/config");
    let user = ws.sh.read_file(&config)? + user;
    ws.sh.write_file(&config, user)?;
    println!("not part of a rehearsal: `cargo xtask ci`\n\n== the first release ==\n");
    release(&clone, &folder)?;
    println!("\n== the second, after a change of wxpay-sign ==\n");
    change_sign(&Workspace::load(&clone)?, breaking)?;
    release(&clone, &folder)?;
    let released = Workspace::load(&clone)?;
    println!("\n== a project with wxpay-sign alone ==\n");
    use_sign(&released, &folder)?;
    println!("\n== a project with wxpay-media, tested against wxpay-sandbox ==\n");
    use_media(&released, &folder)
}

/// Bumps the changed crates, packs all, and tags them as if they were published.
fn release(clone: &Path, folder: &Path) -> Result<()> {
    bump(&Workspace::load(clone)?, false)?;
    let ws = Workspace::load(clone)?;
    ws.sh.set_var("CARGO_TARGET_DIR", folder.join("target"));
    manifests::pack(&ws, "")?;
    Plan::new(&ws, false)?.due().try_for_each(|entry| {
        let tag = tag(&entry.package.name, &entry.version);
        ws.run(&format!("git update-ref refs/tags/{tag} HEAD"))
    })
}

fn change_sign(clone: &Workspace, breaking: bool) -> Result<()> {
    let edit = |file: &str, old: &str, new: &str| {
        let path = format!("crates/wxpay-sign/{file}");
        let text = clone.sh.read_file(&path)?;
        clone.sh.write_file(&path, text.replacen(old, new, 1))
    };
    let constant = "/// For a rehearsal.\npub const REHEARSED: &str = \"the second release\";\n";
    edit("src/lib.rs", "\nmod ", &format!("\n{constant}\nmod "))?;
    edit("public-api.txt", "", "pub const wxpay_sign::REHEARSED\n")?;
    let is_breaking = if breaking { "**Breaking**: " } else { "" };
    let heading = "## [Unreleased]\n";
    let more = format!("{heading}\n### Added\n\n- {is_breaking}`REHEARSED`.\n");
    edit("CHANGELOG.md", heading, &more)?;
    clone.run("git commit --quiet --all --message rehearsed")
}

/// Builds with the requirement of a README, and with no other package of ours.
fn use_sign(released: &Workspace, folder: &Path) -> Result<()> {
    let version = &released.member("wxpay-sign")?.version;
    let manifest = format!(
        "[package]\nname = \"uses-wxpay-sign\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nwxpay-sign = \"{}.{}\"\n",
        version.major, version.minor
    );
    let (sh, project) = (&released.sh, folder.join("uses-wxpay-sign"));
    sh.write_file(project.join("src/main.rs"), USES_SIGN)?;
    start(released, &project, &manifest, "run")
}

/// Tests the example of the workspace, which uploads pictures to the sandbox, with the requirements
/// of the root's manifest and without its paths.
fn use_media(released: &Workspace, folder: &Path) -> Result<()> {
    let (sh, project) = (&released.sh, folder.join("uses-wxpay-media"));
    for path in released.files("examples")? {
        sh.write_file(project.join(&path), sh.read_binary_file(&path)?)?;
    }
    let mut manifest = String::new();
    for line in sh.read_file("Cargo.toml")?.lines() {
        let (before, after) = line.split_once(", path = \"").unwrap_or((line, "\""));
        let after = after.split_once('"').map_or("", |(_, after)| after);
        let is_list = line.starts_with("members = ");
        let list = "members = [\"examples/sandbox-in-tests\"]";
        let before = if is_list { list } else { before };
        manifest += &format!("{before}{after}\n");
    }
    start(released, &project, &manifest, "test")
}

/// Runs cargo in a project outside the workspace, which has only the unpacked packages.
fn start(released: &Workspace, project: &Path, manifest: &str, verb: &str) -> Result<()> {
    let (sh, target) = (&released.sh, project.with_file_name("target"));
    let mut manifest = format!("{manifest}\n[patch.crates-io]\n");
    for package in released.libraries() {
        let (name, version) = (&package.name, &package.version);
        let path = target.join(format!("package/{name}-{version}"));
        // Other patches would not be used.
        if verb == "test" || *name == "wxpay-sign" {
            manifest += &format!("{name} = {{ path = '{}' }}\n", path.display());
        }
    }
    sh.write_file(project.join("Cargo.toml"), manifest)?;
    // The same third-party packages as in this workspace are built only once.
    sh.copy_file("Cargo.lock", project)?;
    let _folder = sh.push_dir(project);
    let cargo = released.line(&format!("cargo {verb}"));
    Ok(cargo.env("CARGO_TARGET_DIR", target).run()?)
}
