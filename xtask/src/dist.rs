//! `cargo xtask dist`: builds the archive of the program for this platform.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::Package;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use tar::{Builder, Header};
use xshell::Shell;

use crate::release::require_clean;
use crate::workspace::{Workspace, cargo_home, missing};

/// With `check_reproducible`, builds the commit once more in another folder, and compares.
pub(crate) fn run(ws: &Workspace, check_reproducible: bool) -> Result<()> {
    let (sh, root) = (&ws.sh, ws.root());
    if let Some(why) = missing(&["cargo-auditable"]) {
        println!("scanners will not see the program's dependencies: {why}");
    }
    check_reproducible.then(|| require_clean(ws)).transpose()?;
    let host = &ws.read("rustc --print host-tuple")?;
    let time = ws.read("git log -1 --format=%ct")?;
    let program = build(ws, root, host, &time)?;
    if check_reproducible {
        let clone = root.join("target/dist/another place");
        sh.remove_path(&clone)?;
        ws.line("git clone --quiet --local .").arg(&clone).run()?;
        let again = build(ws, &clone, host, &time)?;
        let is_same = sh.read_binary_file(&program)? == sh.read_binary_file(&again)?;
        ensure!(is_same, "two builds differ: {program:?} and {again:?}");
        println!("two builds in different folders are the same, byte for byte");
    }
    let name = format!("wxpay-{}-{host}", ws.member("wxpay-cli")?.version);
    let folder = root.join("target/dist").join(&name);
    fill(ws, &folder, &program, host)?;
    pack(sh, &folder, time.parse()?)?;
    let _folder = sh.push_dir("target/dist");
    // `0123abcd *wxpay-0.1.0.tar.gz`, which `sha256sum --check` reads.
    let sum = ws.read(&format!("openssl dgst -sha256 -r {name}.tar.gz"))?;
    sh.write_file("SHA256SUMS", sum + "\n")?;
    println!("{}.tar.gz", folder.display());
    Ok(())
}

/// Builds the program so that it is the same in every folder, and returns its path.
fn build(ws: &Workspace, root: &Path, host: &str, time: &str) -> Result<PathBuf> {
    let home = cargo_home()?;
    // Panics and debug information name sources by these folders.
    let names = [(root, "/wxpay"), (&home, "/cargo")];
    let names = names.map(|(path, name)| format!("{}={name}", path.display()));
    let [one, two] = &names;
    let for_rust = format!("--remap-path-prefix={one}\u{1f}--remap-path-prefix={two}");
    let for_c = format!("'-ffile-prefix-map={one}' '-ffile-prefix-map={two}'");
    // Other builds may have used other flags.
    let folder = root.join("target/dist/build");
    let _folder = ws.sh.push_dir(root);
    // It embeds the list of dependencies.
    let is_auditable = missing(&["cargo-auditable"]).is_none();
    let auditable = if is_auditable { "auditable" } else { "" };
    let build = format!("cargo {auditable} build --release --locked -p wxpay-cli --target {host}");
    let build = ws.line(&build).arg("--target-dir").arg(&folder).envs([
        ("CARGO_ENCODED_RUSTFLAGS", for_rust.as_str()),
        ("CFLAGS", &for_c),
        // A folder's name may hold spaces.
        ("CC_SHELL_ESCAPED_FLAGS", "1"),
        ("SOURCE_DATE_EPOCH", time),
        ("CARGO_INCREMENTAL", "0"),
    ]);
    build.run()?;
    let program = format!("{host}/release/wxpay{}", env::consts::EXE_SUFFIX);
    Ok(folder.join(program))
}

fn fill(ws: &Workspace, folder: &Path, wxpay: &Path, host: &str) -> Result<()> {
    let sh = &ws.sh;
    sh.remove_path(folder)?;
    let man = sh.create_dir(folder.join("man"))?;
    sh.copy_file(wxpay, folder)?;
    for file in "LICENSE-APACHE LICENSE-MIT README.md README.zh-CN.md".split(' ') {
        sh.copy_file(file, folder)?;
    }
    ws.cmd(wxpay).arg("man").arg(man).read()?;
    let names = "bash wxpay.bash elvish wxpay.elv fish wxpay.fish powershell _wxpay.ps1 zsh _wxpay";
    for pair in names.split(' ').collect::<Vec<_>>().chunks(2) {
        let script = ws.cmd(wxpay).args(["completions", pair[0]]).read()?;
        let path = folder.join("completions").join(pair[1]);
        sh.write_file(path, script + "\n")?;
    }
    let components = components(ws, host)?;
    sh.write_file(folder.join("LICENSES.txt"), licences(sh, &components)?)?;
    let time = ws.line("git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ");
    let time = time.env("TZ", "UTC0").read()?;
    let bill = bill(&components, &sh.read_file("Cargo.lock")?, &time);
    Ok(sh.write_file(folder.join("sbom.cdx.json"), format!("{bill:#}\n"))?)
}

/// The packages whose code is in the program, by `name@version`, each with its dependencies;
/// without procedural macros and dependencies of tests.
type Components<'a> = BTreeMap<String, (&'a Package, Vec<String>)>;

fn components<'a>(ws: &'a Workspace, host: &str) -> Result<Components<'a>> {
    let tree = format!("cargo tree --locked -p wxpay-cli --target {host} --prefix depth");
    let tree = ws.line(&tree).args(["--edges", "normal,no-proc-macro"]);
    let tree = tree.args(["--format", " {p}"]).read()?;
    let mut components = Components::new();
    let mut above: Vec<String> = Vec::new();
    // `2 ring v0.17.14`; the dependencies of a package are listed only once.
    for line in tree.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let [depth, name, version, ..] = words[..] else {
            bail!("`cargo tree` has another form than expected: {line}");
        };
        let key = format!("{name}@{}", version.trim_start_matches('v'));
        let mut packages = ws.metadata.packages.iter();
        let package = packages.find(|it| format!("{}@{}", it.name, it.version) == key);
        let package = package.with_context(|| format!("{key} is not in the metadata"))?;
        above.truncate(depth.parse()?);
        if let Some((_, uses)) = above.last().and_then(|it| components.get_mut(it)) {
            uses.push(key.clone());
        }
        above.push(key.clone());
        components.entry(key).or_insert((package, Vec::new()));
    }
    Ok(components)
}

/// The licence texts from all packages, each text once. For a package without a text there is only
/// the address of its repository.
fn licences(sh: &Shell, components: &Components<'_>) -> Result<String> {
    let (mut all, mut apache) = (String::new(), String::new());
    // By words, since lines are broken differently: the text, and its packages.
    let mut texts: BTreeMap<Vec<String>, (String, Vec<&str>)> = BTreeMap::new();
    for (key, (package, _)) in components {
        let licence = package.license.as_deref();
        let licence = licence.with_context(|| format!("{key} does not say its licence"))?;
        let place = package.repository.as_deref().unwrap_or("its registry");
        all += &format!("{key}: {licence}, from {place}\n");
        let folder = package.manifest_path.parent();
        for path in sh.read_dir(folder.context("a manifest is in a folder")?)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = name.to_ascii_uppercase();
            let beginnings = ["LICENSE", "LICENCE", "COPYING", "NOTICE"];
            if !path.is_file() || !beginnings.iter().any(|it| name.starts_with(it)) {
                continue;
            }
            let text = sh.read_binary_file(path)?;
            let mut text = String::from_utf8_lossy(&text).into_owned();
            // The terms are the same in all packages, the text around them is not.
            let start = text.find("TERMS AND CONDITIONS FOR USE");
            let end = text.find("END OF TERMS AND CONDITIONS");
            if let (Some(start), Some(end)) = (start, end) {
                apache = text[start..end].to_owned();
                text.replace_range(start..end, "[They stand at the end of this file.]\n\n   ");
            }
            let words = text.split_whitespace().map(str::to_owned).collect();
            texts.entry(words).or_insert((text, Vec::new())).1.push(key);
        }
    }
    let mut texts: Vec<_> = texts.into_values().collect();
    texts.sort_by(|a, b| a.1.cmp(&b.1));
    texts.push((apache, vec!["The terms of the Apache License 2.0"]));
    for (text, whose) in texts {
        let (line, whose) = ("=".repeat(78), whose.join("\n"));
        all += &format!("\n{line}\n{whose}\n{line}\n\n{}\n", text.trim_end());
    }
    Ok(all)
}

/// The bill of materials: <https://cyclonedx.org/docs/1.6/json/>. It has no serial number, so the
/// same program has the same bill.
fn bill(components: &Components<'_>, lock: &str, time: &str) -> Value {
    let reference = |key: &String| format!("pkg:cargo/{key}");
    let (mut program, mut libraries, mut edges) = (Value::Null, Vec::new(), Vec::new());
    for (key, (package, uses)) in components {
        let (name, version) = (&package.name, package.version.to_string());
        let mut value = json!({
            "type": "library", "bom-ref": reference(key), "purl": reference(key),
            "name": name, "version": version,
        });
        if let Some(licence) = &package.license {
            // Before SPDX had `OR`, cargo took a slash.
            value["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
        }
        // Packages of the workspace have no checksum.
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\nsource");
        let entry = lock.split_once(&entry).map_or("", |(_, after)| after);
        if let Some((_, checksum)) = entry.split_once("checksum = \"") {
            let checksum = checksum.split('"').next();
            value["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        let uses: Vec<_> = uses.iter().map(reference).collect();
        edges.push(json!({ "ref": reference(key), "dependsOn": uses }));
        if *name == "wxpay-cli" {
            value["type"] = "application".into();
            program = value;
        } else {
            libraries.push(value);
        }
    }
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": { "timestamp": time, "component": program },
        "components": libraries, "dependencies": edges,
    })
}

/// Packs a folder into `FOLDER.tar.gz` beside it, which depends only on the content and on `time`.
fn pack(sh: &Shell, folder: &Path, time: u64) -> Result<()> {
    let name = Path::new(folder.file_name().context("a folder has a name")?);
    let file = File::create(format!("{}.tar.gz", folder.display()))?;
    // The header of gzip gets no name and no time.
    let gzip = GzBuilder::new().write(file, Compression::best());
    let mut archive = Builder::new(gzip);
    for part in ["", "completions", "man"] {
        for path in sh.read_dir(folder.join(part))? {
            if path.is_dir() {
                continue;
            }
            let content = sh.read_binary_file(&path)?;
            let is_program = part.is_empty() && path.file_stem() == Some("wxpay".as_ref());
            let mut header = Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mtime(time);
            header.set_mode(if is_program { 0o755 } else { 0o644 });
            let inside = name.join(path.strip_prefix(folder)?);
            archive.append_data(&mut header, inside, &content[..])?;
        }
    }
    archive.into_inner()?.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bill_has_true_edges_and_no_macros_and_each_licence_is_there_once() {
        let ws = Workspace::find().unwrap();
        let components = components(&ws, "x86_64-unknown-linux-gnu").unwrap();
        let lock = ws.sh.read_file("Cargo.lock").unwrap();
        let bill = bill(&components, &lock, "now");
        let list = |key: &str| bill[key].as_array().unwrap();
        let named = |name: &str| list("components").iter().find(|it| it["name"] == name);
        let ring = named("ring").unwrap();
        assert_eq!(ring["hashes"][0]["content"].as_str().unwrap().len(), 64);
        assert!(named("wxpay-sign").unwrap()["hashes"].is_null());
        for absent in ["serde_derive", "proptest", "windows-sys", "wxpay-cli"] {
            assert!(named(absent).is_none(), "{absent}");
        }
        let uses = |edge: &Value, purl| edge["dependsOn"].as_array().unwrap().contains(purl);
        let is_used = |purl| list("dependencies").iter().any(|it| uses(it, purl));
        assert!(list("components").iter().all(|it| is_used(&it["purl"])));
        let program = &bill["metadata"]["component"]["purl"];
        let mut edges = list("dependencies").iter();
        let edge = edges.find(|edge| edge["ref"] == *program).unwrap();
        assert!(!uses(edge, &ring["purl"]), "the program uses ring");
        let texts = licences(&ws.sh, &components).unwrap();
        for words in ["TERMS AND CONDITIONS FOR USE", "Grant of Patent License"] {
            assert_eq!(texts.matches(words).count(), 1, "{words}");
        }
    }

    #[test]
    fn the_same_files_give_the_same_archive() {
        let sh = Shell::new().unwrap();
        let root = sh.create_temp_dir().unwrap();
        let [one, two] = ["one", "two"].map(|place| {
            let folder = root.path().join(place).join("wxpay-1");
            for file in ["wxpay", "completions/wxpay.bash", "man/wxpay.1"] {
                sh.write_file(folder.join(file), file).unwrap();
            }
            pack(&sh, &folder, 1_790_000_000).unwrap();
            sh.read_binary_file(folder.with_extension("tar.gz")).ok()
        });
        assert!(one.is_some() && one == two);
    }
}
