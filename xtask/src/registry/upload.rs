//! What `cargo publish` sends.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::index::{Dependency, Line};

/// A crate on its way in.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) line: Line,
    pub(super) archive: Vec<u8>,
}

#[derive(Deserialize)]
struct Description {
    name: String,
    vers: String,
    deps: Vec<Need>,
    features: BTreeMap<String, Vec<String>>,
    links: Option<String>,
    rust_version: Option<String>,
}

#[derive(Deserialize)]
struct Need {
    name: String,
    version_req: String,
    features: Vec<String>,
    optional: bool,
    default_features: bool,
    target: Option<String>,
    kind: String,
    registry: Option<String>,
    explicit_name_in_toml: Option<String>,
}

impl Upload {
    /// Two parts, each behind its length in four bytes, the lowest first: a description, the archive.
    pub(super) fn parse(body: &[u8]) -> anyhow::Result<Self> {
        let (description, rest) = part(body)?;
        let (archive, rest) = part(rest)?;
        if !rest.is_empty() {
            bail!("something follows the archive");
        }
        let description: Description =
            serde_json::from_slice(description).context("the description has another form")?;
        Ok(Self {
            line: description.line(archive),
            archive: archive.to_vec(),
        })
    }
}

impl Description {
    fn line(self, archive: &[u8]) -> Line {
        let digest = Sha256::digest(archive);
        Line {
            name: self.name,
            vers: self.vers,
            deps: self.deps.into_iter().map(Need::dependency).collect(),
            cksum: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            features: BTreeMap::new(),
            features2: self.features,
            yanked: false,
            links: self.links,
            rust_version: self.rust_version,
            v: 2,
        }
    }
}

impl Need {
    fn dependency(self) -> Dependency {
        let (name, package) = match self.explicit_name_in_toml {
            Some(alias) => (alias, Some(self.name)),
            None => (self.name, None),
        };
        Dependency {
            name,
            req: self.version_req,
            features: self.features,
            optional: self.optional,
            default_features: self.default_features,
            target: self.target,
            kind: self.kind,
            registry: self.registry,
            package,
        }
    }
}

fn part(bytes: &[u8]) -> anyhow::Result<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk().context("no length")?;
    let length = usize::try_from(u32::from_le_bytes(*length)).context("too long")?;
    rest.split_at_checked(length).context("cut short")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(description: &str, archive: &[u8]) -> Vec<u8> {
        let length = |part: &[u8]| u32::try_from(part.len()).unwrap().to_le_bytes();
        let description = description.as_bytes();
        [&length(description), description, &length(archive), archive].concat()
    }

    const DESCRIPTION: &str = r#"{
        "name": "a", "vers": "0.1.0", "links": null, "rust_version": "1.89", "authors": [],
        "features": { "default": ["dep:b"] },
        "deps": [{
            "name": "b", "version_req": "^1", "features": ["std"], "optional": true,
            "default_features": false, "target": null, "kind": "normal", "registry": null,
            "explicit_name_in_toml": "c"
        }]
    }"#;

    #[test]
    fn becomes_a_line_of_the_index() {
        let upload = Upload::parse(&body(DESCRIPTION, b"abc")).unwrap();
        assert_eq!(upload.archive, b"abc");
        assert!(upload.line.cksum.starts_with("ba7816bf"));
        assert_eq!(upload.line.features2["default"], ["dep:b"]);
        let dependency = &upload.line.deps[0];
        assert_eq!(dependency.name, "c");
        assert_eq!(dependency.package.as_deref(), Some("b"));
    }

    #[test]
    fn half_of_it_is_refused() {
        let whole = body(DESCRIPTION, b"abc");
        assert!(Upload::parse(&whole[..whole.len() - 1]).is_err());
        assert!(Upload::parse(&whole[..2]).is_err());
        assert!(Upload::parse(&[&whole[..], b"d"].concat()).is_err());
        assert!(Upload::parse(&body("{}", b"abc")).is_err());
    }
}
