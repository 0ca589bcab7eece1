//! `release rehearse`: this workspace's own crates, packed as two releases would, and used by
//! strangers.

use anyhow::Result;
use std::path::{Path, PathBuf};

use xshell::cmd;

use super::{LISTINGS, Plan, bump, tag};
use crate::{manifests, workspace::Workspace};

/// Somebody who signs, and nothing else. It is the example of the API's own pages.
const USES_SIGN: &str = r#"
use wxpay_sign::{ApiKey, Params, SignType};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    let params = Params::new([
        ("appid", "wxd930ea5d5a258f4f"),
        ("mch_id", "10000100"),
        ("device_info", "1000"),
        ("body", "test"),
        ("nonce_str", "ibuaiVcKdpRxkhJA"),
    ])?;
    let sign = params.sign(SignType::Md5, &key);
    assert_eq!(sign.to_string(), "9A0A8659F005D6984697E2CA0A9CF3B7");
    println!("wxpay-sign, {}: {sign}", wxpay_sign::REHEARSED);
    Ok(())
}
"#;

/// Releases what is committed, in a clone.
pub(super) fn run(ws: &Workspace, breaking: bool) -> Result<()> {
    let folder = ws.root().join("target/rehearsal");
    let clone = folder.join("workspace");
    for name in ["workspace", "uses-wxpay-sign", "uses-wxpay-media"] {
        ws.sh.remove_path(folder.join(name))?;
    }
    // Without tags, so that everything is released.
    cmd!(ws, "git clone --quiet --no-tags . {clone}").run()?;
    println!("not part of a rehearsal: `cargo xtask ci`\n\n== the first release ==\n");
    release(&clone, &folder)?;
    println!("\n== the second, after a change of wxpay-sign ==\n");
    change_sign(&open(&clone)?, breaking)?;
    release(&clone, &folder)?;
    let strangers = Strangers {
        released: open(&clone)?,
        folder,
    };
    println!("\n== a project with wxpay-sign alone ==\n");
    strangers.use_sign()?;
    println!("\n== a project with wxpay-media, tested against wxpay-sandbox ==\n");
    strangers.use_media()
}

fn open(clone: &Path) -> Result<Workspace> {
    let ws = Workspace::load(clone)?;
    for role in ["AUTHOR", "COMMITTER"] {
        ws.sh.set_var(format!("GIT_{role}_NAME"), "Rehearsal");
        ws.sh
            .set_var(format!("GIT_{role}_EMAIL"), "rehearsal@example.com");
    }
    cmd!(ws, "git config commit.gpgSign false").run()?;
    Ok(ws)
}

/// Bumps what has changed, packs all, and tags as if it were published.
fn release(clone: &Path, folder: &Path) -> Result<()> {
    bump(&open(clone)?, LISTINGS)?;
    let ws = open(clone)?;
    ws.sh.set_var("CARGO_TARGET_DIR", folder.join("target"));
    manifests::pack(&ws, "")?;
    for entry in Plan::new(&ws, LISTINGS)?.due() {
        let tag = tag(&entry.package.name, &entry.version);
        cmd!(ws, "git update-ref refs/tags/{tag} HEAD").run()?;
    }
    Ok(())
}

/// A constant more, in its API and in its changelog.
fn change_sign(clone: &Workspace, breaking: bool) -> Result<()> {
    let edit = |file: &str, edit: &dyn Fn(String) -> String| {
        let path = format!("crates/wxpay-sign/{file}");
        clone.sh.write_file(&path, edit(clone.sh.read_file(&path)?))
    };
    let constant = "/// For a rehearsal.\npub const REHEARSED: &str = \"the second release\";\n";
    edit("src/lib.rs", &|text| format!("{text}\n{constant}"))?;
    edit("public-api.txt", &|text| {
        text + "pub const wxpay_sign::REHEARSED: &str\n"
    })?;
    let entry = match breaking {
        true => "### Changed\n\n- **Breaking**: `REHEARSED`.",
        false => "### Added\n\n- `REHEARSED`.",
    };
    let heading = "## [Unreleased]\n";
    let more = format!("{heading}\n{entry}\n");
    edit("CHANGELOG.md", &|text| text.replacen(heading, &more, 1))?;
    Ok(cmd!(clone, "git commit --quiet --all --message rehearsed").run()?)
}

/// Projects outside of the workspace, which have nothing of it but the unpacked packages.
struct Strangers {
    released: Workspace,
    folder: PathBuf,
}

impl Strangers {
    /// With a requirement as a README has it, and no other package of ours.
    fn use_sign(&self) -> Result<()> {
        let version = &self.released.member("wxpay-sign")?.version;
        let (major, minor) = (version.major, version.minor);
        let manifest = format!(
            "[package]\nname = \"uses-wxpay-sign\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\nwxpay-sign = \"{major}.{minor}\"\n"
        );
        let project = self.folder.join("uses-wxpay-sign");
        self.released
            .sh
            .write_file(project.join("src/main.rs"), USES_SIGN)?;
        self.start(&project, &manifest, |name| name == "wxpay-sign", "run")
    }

    /// The example of the workspace, with the requirements of the root's manifest and without its
    /// paths. Its test uploads pictures to the sandbox.
    fn use_media(&self) -> Result<()> {
        let (sh, project) = (&self.released.sh, self.folder.join("uses-wxpay-media"));
        for path in self.released.files("examples")? {
            sh.write_file(project.join(&path), sh.read_binary_file(&path)?)?;
        }
        let mut manifest = String::new();
        for line in sh.read_file("Cargo.toml")?.lines() {
            manifest += &match line.split_once(", path = \"") {
                Some((before, after)) => {
                    before.to_owned() + after.split_once('"').unwrap_or_default().1
                }
                None if line.starts_with("members = ") => "members = [\"examples/*\"]".to_owned(),
                None => line.to_owned(),
            };
            manifest += "\n";
        }
        self.start(&project, &manifest, |_| true, "test")
    }

    fn start(
        &self,
        project: &Path,
        manifest: &str,
        is_used: impl Fn(&str) -> bool,
        verb: &str,
    ) -> Result<()> {
        let (sh, target) = (&self.released.sh, self.folder.join("target"));
        let mut manifest = format!("{manifest}\n[patch.crates-io]\n");
        for package in self.released.libraries().filter(|it| is_used(&it.name)) {
            let (name, version) = (&package.name, &package.version);
            let path = target.join(format!("package/{name}-{version}"));
            manifest += &format!("{name} = {{ path = '{}' }}\n", path.display());
        }
        sh.write_file(project.join("Cargo.toml"), manifest)?;
        // Third-party packages are those of this workspace, so that they are built once.
        sh.copy_file("Cargo.lock", project)?;
        let _folder = sh.push_dir(project);
        Ok(cmd!(self.released, "cargo {verb}")
            .env("CARGO_TARGET_DIR", target)
            .run()?)
    }
}
