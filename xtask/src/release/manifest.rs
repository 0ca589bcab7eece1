//! Versions in manifests and lock files, which otherwise keep their form.

use anyhow::{Context, bail};
use semver::Version;
use toml_edit::{DocumentMut, Item, Value};

/// A package's manifest with another version.
pub(super) fn with_version(manifest: &str, version: &Version) -> anyhow::Result<String> {
    let mut document = parse(manifest)?;
    let Some(item) = at(&mut document, &["package", "version"]) else {
        bail!("the manifest has no `package.version`");
    };
    if !item.is_str() {
        bail!("the version is not the package's own: each is released by itself");
    }
    replace(item, version);
    Ok(document.to_string())
}

/// The workspace's manifest with another version of a package in `[workspace.dependencies]`, where it
/// is there.
pub(super) fn with_requirement(
    manifest: &str,
    package: &str,
    version: &Version,
) -> anyhow::Result<String> {
    let mut document = parse(manifest)?;
    let path = ["workspace", "dependencies", package, "version"];
    if let Some(item) = at(&mut document, &path) {
        replace(item, version);
    }
    Ok(document.to_string())
}

/// A lock file with another version of a package that comes from the workspace. cargo would write
/// the same, but only with its index at hand.
pub(super) fn with_locked(lock: &str, package: &str, version: &Version) -> anyhow::Result<String> {
    let mut document = parse(lock)?;
    let packages = at(&mut document, &["package"]).and_then(Item::as_array_of_tables_mut);
    for entry in packages.into_iter().flat_map(|it| it.iter_mut()) {
        let is_it = entry.get("name").and_then(Item::as_str) == Some(package);
        if is_it
            && !entry.contains_key("source")
            && let Some(item) = entry.get_mut("version")
        {
            replace(item, version);
        }
    }
    Ok(document.to_string())
}

fn parse(text: &str) -> anyhow::Result<DocumentMut> {
    text.parse().context("not TOML")
}

/// Not by `Item::get_mut`, which makes what it does not find.
fn at<'a>(document: &'a mut DocumentMut, path: &[&str]) -> Option<&'a mut Item> {
    let mut keys = path.iter();
    keys.try_fold(document.as_item_mut(), |item, key| {
        item.as_table_like_mut()?.get_mut(key)
    })
}

/// Spaces and comments around the value stay.
fn replace(item: &mut Item, version: &Version) {
    if let Some(value) = item.as_value_mut() {
        let decor = value.decor().clone();
        *value = Value::from(version.to_string());
        *value.decor_mut() = decor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Version = Version::new(0, 2, 0);

    #[test]
    fn a_version_changes_and_nothing_else() {
        let manifest = "[package]\nname = \"a\" # it\nversion =  \"0.1.0\" # own\n\n[lints]\n";
        assert_eq!(
            with_version(manifest, &NEW).unwrap(),
            manifest.replace("0.1.0", "0.2.0")
        );
    }

    #[test]
    fn a_version_of_the_workspace_is_refused() {
        let error = with_version("[package]\nversion.workspace = true\n", &NEW).unwrap_err();
        assert!(error.to_string().contains("own"), "{error}");
    }

    #[test]
    fn a_requirement_keeps_what_stands_beside_it() {
        let manifest = "[workspace.dependencies]\n\
                        wxpay-sign = { version = \"0.1.0\", path = \"a\", features = [\"b\"] }\n\
                        wxpay-xml = { version = \"0.1.0\", path = \"c\" }\n";
        let changed = with_requirement(manifest, "wxpay-sign", &NEW).unwrap();
        assert_eq!(changed, manifest.replacen("0.1.0", "0.2.0", 1));
        let unknown = with_requirement(manifest, "wxpay-cli", &NEW).unwrap();
        assert_eq!(unknown, manifest);
    }

    #[test]
    fn only_the_workspaces_own_package_is_locked_anew() {
        let lock = "version = 4\n\n\
                    [[package]]\nname = \"a\"\nversion = \"0.1.0\"\n\n\
                    [[package]]\nname = \"a\"\nversion = \"0.1.0\"\nsource = \"registry\"\n\n\
                    [[package]]\nname = \"b\"\nversion = \"0.1.0\"\n";
        let changed = with_locked(lock, "a", &NEW).unwrap();
        assert_eq!(changed, lock.replacen("0.1.0", "0.2.0", 1));
    }
}
