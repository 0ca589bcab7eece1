//! The bill of materials, as the standard `CycloneDX` has it: <https://cyclonedx.org/docs/1.6/json/>.

use anyhow::Context;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::linked::{Component, Linked};

/// `time` is in seconds since 1970. There is no serial number: the same program has the same bill.
pub(super) fn json(linked: &Linked<'_>, time: u64) -> anyhow::Result<String> {
    let (program, libraries) = linked.0.split_first().context("nothing is linked")?;
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": rfc3339(time)?,
            "component": component(program, "application"),
        },
        "components": libraries.iter().map(|it| component(it, "library")).collect::<Vec<_>>(),
        "dependencies": [{
            "ref": reference(program),
            "dependsOn": libraries.iter().map(reference).collect::<Vec<_>>(),
        }],
    });
    serde_json::to_string_pretty(&bill).context("a bill is JSON")
}

fn component(component: &Component<'_>, kind: &str) -> Value {
    let package = component.package;
    let mut value = json!({
        "type": kind,
        "bom-ref": reference(component),
        "name": package.name,
        "version": package.version.to_string(),
        "purl": reference(component),
    });
    if let Some(licence) = &package.license {
        // Before SPDX had `OR`, cargo took a slash.
        value["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
    }
    if let Some(checksum) = &component.checksum {
        value["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    value
}

fn reference(component: &Component<'_>) -> String {
    let package = component.package;
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

/// In UTC.
fn rfc3339(time: u64) -> anyhow::Result<String> {
    let time = OffsetDateTime::from_unix_timestamp(time.try_into()?)?;
    time.format(&Rfc3339).context("a time of this century")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Metadata, metadata};

    fn component<'a>(metadata: &'a Metadata, name: &str, checksum: Option<&str>) -> Component<'a> {
        Component {
            package: metadata.packages.iter().find(|it| it.name == name).unwrap(),
            folder: "".into(),
            checksum: checksum.map(str::to_owned),
        }
    }

    #[test]
    fn the_program_is_what_it_is_about_and_the_rest_its_components() {
        let metadata = metadata("wxpay-cli -> ring");
        let linked = Linked(vec![
            component(&metadata, "wxpay-cli", None),
            component(&metadata, "ring", Some("abc")),
        ]);
        let bill: Value = serde_json::from_str(&json(&linked, 1_790_000_000).unwrap()).unwrap();
        assert_eq!(bill["metadata"]["timestamp"], "2026-09-21T14:13:20Z");
        assert_eq!(bill["metadata"]["component"]["name"], "wxpay-cli");
        assert_eq!(bill["components"][0]["purl"], "pkg:cargo/ring@0.1.0");
        assert_eq!(bill["components"][0]["hashes"][0]["content"], "abc");
        assert_eq!(
            bill["dependencies"][0]["dependsOn"][0],
            "pkg:cargo/ring@0.1.0"
        );
    }
}
