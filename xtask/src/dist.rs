//! `cargo xtask dist`: the program for this platform, as it is given to people.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::Package;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use tar::{Builder, Header};
use xshell::{Shell, cmd};

use crate::release::require_clean;
use crate::workspace::{Workspace, missing};

/// With `check_reproducible`, what is committed is built once more in another folder and compared.
pub(crate) fn run(ws: &Workspace, check_reproducible: bool) -> Result<()> {
    let (sh, root) = (&ws.sh, ws.root());
    if let Some(why) = missing(&["cargo-auditable"]) {
        println!("scanners will not see the program's dependencies: {why}");
    }
    if check_reproducible {
        require_clean(ws)?;
    }
    let rustc = cmd!(ws, "rustc -vV").read()?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say what it runs on")?;
    let time = cmd!(ws, "git log -1 --format=%ct").read()?;
    let program = build(ws, root, host, &time)?;
    if check_reproducible {
        let clone = root.join("target/dist/another place");
        sh.remove_path(&clone)?;
        cmd!(ws, "git clone --quiet --local . {clone}").run()?;
        let again = build(ws, &clone, host, &time)?;
        let is_same = sh.read_binary_file(&program)? == sh.read_binary_file(&again)?;
        ensure!(
            is_same,
            "two builds differ: {} and {}",
            program.display(),
            again.display()
        );
        println!("two builds in different folders are the same, byte for byte");
    }
    let name = format!("wxpay-{}-{host}", ws.member("wxpay-cli")?.version);
    let folder = root.join("target/dist").join(&name);
    fill(ws, &folder, &program, host)?;
    pack(
        sh,
        &folder,
        time.parse().context("git's time is no number")?,
    )?;
    let archive = format!("{name}.tar.gz");
    let _folder = sh.push_dir("target/dist");
    // `0123abcd *wxpay-0.1.0.tar.gz`, which `sha256sum --check` reads.
    let sum = cmd!(ws, "openssl dgst -sha256 -r {archive}").read()?;
    sh.write_file("SHA256SUMS", sum + "\n")?;
    println!("{}", folder.with_file_name(archive).display());
    Ok(())
}

/// Builds the program of a workspace so that it is the same in every folder; where it is then.
fn build(ws: &Workspace, root: &Path, host: &str, time: &str) -> Result<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home
        .or_else(|| Some(env::home_dir()?.join(".cargo")))
        .context("no home folder")?;
    // The folders by which places in sources are named, in panics and for debuggers.
    let names = [(root, "/wxpay"), (&home, "/cargo")];
    let names = names.map(|(path, name)| format!("{}={name}", path.display()));
    let for_rust = names
        .each_ref()
        .map(|it| format!("--remap-path-prefix={it}"));
    let for_c = names.map(|it| format!("'-ffile-prefix-map={it}'"));
    // Not the folder of other builds, which may have been made with other flags.
    let folder = root.join("target/dist/build");
    let _folder = ws.sh.push_dir(root);
    // It puts the list of dependencies into the program.
    let auditable = missing(&["cargo-auditable"])
        .is_none()
        .then_some("auditable");
    let build = cmd!(
        ws,
        "cargo {auditable...} build --release --locked -p wxpay-cli"
    );
    let build = build.args(["--target", host, "--target-dir"]).arg(&folder);
    let build = build.env("CARGO_ENCODED_RUSTFLAGS", for_rust.join("\u{1f}"));
    // A folder's name may hold spaces.
    let build = build
        .env("CFLAGS", for_c.join(" "))
        .env("CC_SHELL_ESCAPED_FLAGS", "1");
    build
        .env("SOURCE_DATE_EPOCH", time)
        .env("CARGO_INCREMENTAL", "0")
        .run()?;
    Ok(folder
        .join(host)
        .join("release")
        .join(format!("wxpay{}", env::consts::EXE_SUFFIX)))
}

fn fill(ws: &Workspace, folder: &Path, wxpay: &Path, host: &str) -> Result<()> {
    let sh = &ws.sh;
    sh.remove_path(folder)?;
    let man = sh.create_dir(folder.join("man"))?;
    sh.copy_file(wxpay, folder)?;
    for file in [
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "README.zh-CN.md",
    ] {
        sh.copy_file(file, folder)?;
    }
    ws.cmd(wxpay).arg("man").arg(man).read()?;
    for (shell, file) in [
        ("bash", "wxpay.bash"),
        ("elvish", "wxpay.elv"),
        ("fish", "wxpay.fish"),
        ("powershell", "_wxpay.ps1"),
        ("zsh", "_wxpay"),
    ] {
        let script = ws.cmd(wxpay).args(["completions", shell]).read()?;
        sh.write_file(folder.join("completions").join(file), script + "\n")?;
    }
    let components = components(ws, host)?;
    sh.write_file(folder.join("LICENSES.txt"), licences(sh, &components)?)?;
    let time = cmd!(
        ws,
        "git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ"
    );
    let time = time.env("TZ", "UTC0").read()?;
    let bill = bill(&components, &sh.read_file("Cargo.lock")?, &time);
    Ok(sh.write_file(folder.join("sbom.cdx.json"), format!("{bill:#}\n"))?)
}

/// The packages whose code is in the program, by `name@version`, each with those that it uses. No
/// macros, which run when it is built, and nothing of tests.
type Components<'a> = BTreeMap<String, (&'a Package, Vec<String>)>;

fn components<'a>(ws: &'a Workspace, host: &str) -> Result<Components<'a>> {
    let tree = cmd!(
        ws,
        "cargo tree --locked -p wxpay-cli --target {host} --prefix depth"
    );
    let tree = tree
        .args(["--edges", "normal,no-proc-macro", "--format", " {p}"])
        .read()?;
    let mut components = Components::new();
    let mut above: Vec<String> = Vec::new();
    // `2 ring v0.17.14`; what stands below a package that came before is not told again.
    for line in tree.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let [depth, name, version, ..] = words[..] else {
            bail!("`cargo tree` has another form than expected: {line}");
        };
        let key = format!("{name}@{}", version.trim_start_matches('v'));
        let mut packages = ws.metadata.packages.iter();
        let package = packages.find(|it| format!("{}@{}", it.name, it.version) == key);
        let package = package.with_context(|| format!("{key} is not in the metadata"))?;
        above.truncate(depth.parse().with_context(|| format!("no depth: {line}"))?);
        if let Some((_, uses)) = above.last().and_then(|above| components.get_mut(above)) {
            uses.push(key.clone());
        }
        components
            .entry(key.clone())
            .or_insert((package, Vec::new()));
        above.push(key);
    }
    Ok(components)
}

/// The licence texts of all packages, out of the packages themselves, each text once. Where a package
/// holds no text its repository is named instead, and nothing is made up.
fn licences(sh: &Shell, components: &Components<'_>) -> Result<String> {
    const APACHE: [&str; 2] = [
        "TERMS AND CONDITIONS FOR USE",
        "END OF TERMS AND CONDITIONS",
    ];
    let mut all = "Licences of what is in this program.\n\n".to_owned();
    let mut apache = String::new();
    // By its words, for lines are broken in many ways: the text itself, and whose it is.
    let mut texts: BTreeMap<Vec<String>, (String, Vec<&str>)> = BTreeMap::new();
    for (key, (package, _)) in components {
        let licence = package.license.as_deref();
        let licence = licence.with_context(|| format!("{key} does not say its licence"))?;
        all += &format!("{key}: {licence}\n");
        let found = licence_texts(sh, package)?;
        if found.is_empty() {
            let place = package.repository.as_deref().unwrap_or("its registry");
            all += &format!("    the package holds no text: see {place}\n");
        }
        for mut text in found {
            // Its terms are the same in all, what stands around them is not.
            let [start, end] = APACHE.map(|words| text.find(words));
            if let (Some(start), Some(end)) = (start, end) {
                let reference = "[The terms of the Apache License 2.0: see the end of this file.]";
                apache = text[start..end].to_owned();
                text.replace_range(start..end, &format!("{reference}\n\n   "));
            }
            let words = text.split_whitespace().map(str::to_owned).collect();
            texts.entry(words).or_insert((text, Vec::new())).1.push(key);
        }
    }
    let mut texts: Vec<_> = texts.into_values().collect();
    texts.sort_by(|a, b| a.1.cmp(&b.1));
    texts.push((apache, vec!["The terms of the Apache License 2.0"]));
    for (text, whose) in texts {
        let line = "=".repeat(78);
        all += &format!(
            "\n{line}\n{}\n{line}\n\n{}\n",
            whose.join("\n"),
            text.trim_end()
        );
    }
    Ok(all)
}

fn licence_texts(sh: &Shell, package: &Package) -> Result<Vec<String>> {
    let folder = package
        .manifest_path
        .parent()
        .context("a manifest is in a folder")?;
    let mut texts = Vec::new();
    for path in sh.read_dir(folder)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_uppercase();
        let beginnings = ["LICENSE", "LICENCE", "COPYING", "NOTICE"];
        if path.is_file() && beginnings.iter().any(|it| name.starts_with(it)) {
            texts.push(String::from_utf8_lossy(&sh.read_binary_file(path)?).into_owned());
        }
    }
    Ok(texts)
}

/// The bill of materials, as the standard `CycloneDX` has it: <https://cyclonedx.org/docs/1.6/json/>.
/// There is no serial number: the same program has the same bill.
fn bill(components: &Components<'_>, lock: &str, time: &str) -> Value {
    let reference = |key: &String| format!("pkg:cargo/{key}");
    let (mut program, mut libraries, mut edges) = (Value::Null, Vec::new(), Vec::new());
    for (key, (package, uses)) in components {
        let mut value = json!({
            "type": "library",
            "bom-ref": reference(key),
            "name": package.name,
            "version": package.version.to_string(),
            "purl": reference(key),
        });
        if let Some(licence) = &package.license {
            // Before SPDX had `OR`, cargo took a slash.
            value["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
        }
        if let Some(checksum) = checksum(lock, package) {
            value["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        let uses: Vec<_> = uses.iter().map(reference).collect();
        edges.push(json!({ "ref": reference(key), "dependsOn": uses }));
        if package.name == "wxpay-cli" {
            value["type"] = "application".into();
            program = value;
        } else {
            libraries.push(value);
        }
    }
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "timestamp": time, "component": program },
        "components": libraries,
        "dependencies": edges,
    })
}

/// SHA-256 of what the registry has; none for those of the workspace.
fn checksum<'a>(lock: &'a str, package: &Package) -> Option<&'a str> {
    let head = format!(
        "name = \"{}\"\nversion = \"{}\"\n",
        package.name, package.version
    );
    let mut entries = lock
        .split("\n[[package]]\n")
        .filter_map(|it| it.strip_prefix(&head));
    let mut lines = entries.next()?.lines();
    lines.find_map(|line| line.strip_prefix("checksum = \"")?.strip_suffix('"'))
}

/// Packs a folder into `FOLDER.tar.gz` beside it. Names, times, owners and order depend on nothing but
/// the content.
fn pack(sh: &Shell, folder: &Path, time: u64) -> Result<()> {
    let name = folder.file_name().context("a folder has a name")?;
    let file = File::create(format!("{}.tar.gz", folder.display()));
    let file = file.context("cannot write the archive")?;
    // Without the name and the time that gzip would keep.
    let mut archive = Builder::new(GzBuilder::new().write(file, Compression::best()));
    for path in files(sh, folder)? {
        let content = sh.read_binary_file(&path)?;
        let is_program = path.file_stem().is_some_and(|it| it == "wxpay");
        let mut header = Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mtime(time);
        header.set_mode(if is_program && path.parent() == Some(folder) {
            0o755
        } else {
            0o644
        });
        let inside = Path::new(name).join(path.strip_prefix(folder)?);
        archive.append_data(&mut header, inside, content.as_slice())?;
    }
    archive.into_inner()?.finish()?;
    Ok(())
}

/// All files, sorted.
fn files(sh: &Shell, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in sh.read_dir(folder)? {
        match path.is_dir() {
            true => files.extend(self::files(sh, &path)?),
            false => files.push(path),
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "x86_64-unknown-linux-gnu";

    #[test]
    fn the_bill_has_the_stack_with_its_edges_and_no_macros() {
        let ws = Workspace::find().unwrap();
        let lock = ws.sh.read_file("Cargo.lock").unwrap();
        let bill = bill(&components(&ws, HOST).unwrap(), &lock, "now");
        let program = &bill["metadata"]["component"];
        assert_eq!(program["name"], "wxpay-cli");
        let list = |key: &str| bill[key].as_array().unwrap();
        let named = |name: &str| list("components").iter().find(|it| it["name"] == name);
        let ring = named("ring").unwrap();
        assert_eq!(ring["hashes"][0]["content"].as_str().unwrap().len(), 64);
        assert!(named("wxpay-sign").unwrap()["hashes"].is_null());
        for absent in ["serde_derive", "proptest", "windows-sys", "wxpay-cli"] {
            assert!(named(absent).is_none(), "{absent}");
        }
        let uses = |edge: &Value, purl| edge["dependsOn"].as_array().unwrap().contains(purl);
        let is_used = |purl| list("dependencies").iter().any(|edge| uses(edge, purl));
        assert!(list("components").iter().all(|it| is_used(&it["purl"])));
        let mut edges = list("dependencies").iter();
        let edge = edges.find(|edge| edge["ref"] == program["purl"]).unwrap();
        assert!(
            !uses(edge, &ring["purl"]),
            "the program does not use ring itself"
        );
    }

    #[test]
    fn a_text_that_many_share_is_there_once() {
        let ws = Workspace::find().unwrap();
        let components = components(&ws, HOST).unwrap();
        let texts = licences(&ws.sh, &components).unwrap();
        for words in ["TERMS AND CONDITIONS FOR USE", "Grant of Patent License"] {
            assert_eq!(texts.matches(words).count(), 1, "{words}");
        }
        assert!(texts.contains("\nring@"));
    }

    #[test]
    fn the_same_folder_gives_the_same_archive() {
        let sh = Shell::new().unwrap();
        let root = sh.create_temp_dir().unwrap();
        let packed = ["one", "two"].map(|place| {
            let folder = root.path().join(place).join("wxpay-1");
            sh.write_file(folder.join("wxpay"), "program").unwrap();
            sh.write_file(folder.join("man/wxpay.1"), "page").unwrap();
            pack(&sh, &folder, 1_790_000_000).unwrap();
            sh.read_binary_file(folder.with_file_name("wxpay-1.tar.gz"))
                .unwrap()
        });
        assert_eq!(packed[0], packed[1]);
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed[0][..]));
        let mut entries = Vec::new();
        for entry in archive.entries().unwrap() {
            let header = entry.unwrap().header().clone();
            let path = header.path().unwrap().display().to_string();
            entries.push(format!("{path} {:o}", header.mode().unwrap()));
        }
        assert_eq!(entries, ["wxpay-1/man/wxpay.1 644", "wxpay-1/wxpay 755"]);
    }
}
