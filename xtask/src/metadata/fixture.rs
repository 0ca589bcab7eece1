//! Small answers of `cargo metadata`, written as arrows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Metadata;

/// A workspace from lines such as `wxpay-xml -> quick-xml`, `wxpay-xml -> proptest (dev)` or, for a
/// package without dependencies, its name alone.
///
/// `wxpay-…` and `xtask` are members. `name = ring, aws-lc-rs` gives a package its features,
/// `name @ 1.89` its oldest Rust, and `wxpay-xml -> serde (default)` leaves default features on. All but `wxpay-cli` and `xtask` are
/// libraries.
pub(crate) fn metadata(lines: &str) -> Metadata {
    let mut packages: BTreeMap<&str, Value> = BTreeMap::new();
    for line in lines.lines().map(str::trim) {
        if let Some((from, to)) = line.split_once(" -> ") {
            let (to, note) = to.split_once(' ').unwrap_or((to, ""));
            packages.entry(to).or_insert_with(|| package(to));
            let kind = match note {
                "(dev)" => Some("dev"),
                "(build)" => Some("build"),
                _ => None,
            };
            let from = packages.entry(from).or_insert_with(|| package(from));
            let dependencies = from["dependencies"].as_array_mut().unwrap();
            dependencies.push(json!({
                "name": to, "kind": kind, "uses_default_features": note == "(default)",
            }));
        } else if let Some((name, version)) = line.split_once(" @ ") {
            let package = packages.entry(name).or_insert_with(|| package(name));
            package["rust_version"] = json!(version);
        } else if let Some((name, features)) = line.split_once(" = ") {
            let package = packages.entry(name).or_insert_with(|| package(name));
            for feature in features.split(", ") {
                package["features"][feature] = match feature {
                    "default" => json!(["std"]),
                    _ => json!([]),
                };
            }
        } else {
            packages.entry(line).or_insert_with(|| package(line));
        }
    }
    let members: Vec<_> = packages.keys().filter(|name| is_member(name)).collect();
    let nodes: Vec<_> = packages.values().map(node).collect();
    let json = json!({
        "packages": packages.values().collect::<Vec<_>>(),
        "workspace_members": members,
        "workspace_root": "/somewhere",
        "resolve": { "nodes": nodes },
    });
    Metadata::parse(&json.to_string()).unwrap()
}

fn is_member(name: &str) -> bool {
    name.starts_with("wxpay-") || name == "xtask"
}

fn package(name: &str) -> Value {
    let folder = match name {
        "xtask" => "xtask",
        _ => &format!("crates/{name}"),
    };
    let kind = match name {
        "xtask" | "wxpay-cli" => "bin",
        _ => "lib",
    };
    json!({
        "id": name,
        "name": name,
        "version": "0.1.0",
        "publish": (name == "xtask").then_some([(); 0]),
        "manifest_path": format!("/somewhere/{folder}/Cargo.toml"),
        "features": {},
        "dependencies": [],
        "targets": [{ "kind": [kind] }],
    })
}

fn node(package: &Value) -> Value {
    let dependencies = package["dependencies"].as_array().unwrap();
    let deps: Vec<_> = dependencies
        .iter()
        .map(|it| json!({ "pkg": it["name"], "dep_kinds": [{ "kind": it["kind"] }] }))
        .collect();
    json!({ "id": package["id"], "deps": deps })
}
