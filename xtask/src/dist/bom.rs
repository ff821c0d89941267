//! The bill of materials: which packages the binary is made of.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::command::cargo;
use crate::result::Result;

/// The packages of which this one is made for this target, in the format of `CycloneDX` 1.5.
pub(super) fn of(package: &str, triple: &str) -> Result<String> {
    let output = cargo(&["metadata", "--format-version", "1", "--locked", "--filter-platform", triple]).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let tree = cargo(&["tree", "--locked", "--package", package, "--target", triple])
        .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .output()?;
    let components = components(&metadata, &String::from_utf8(tree.stdout)?);
    if components.len() < 10 {
        return Err(format!("only {} packages were found that {package} is made of", components.len()).into());
    }
    let bom = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components });
    Ok(serde_json::to_string_pretty(&bom)? + "\n")
}

/// One entry for each line of the tree, `NAME vVERSION ...`, in the order of the names.
fn components(metadata: &Value, tree: &str) -> Vec<Value> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let licences: BTreeMap<_, _> = packages
        .map(|package| ((text(&package["name"]), text(&package["version"])), text(&package["license"])))
        .collect();
    let mut components = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next().and_then(|word| word.strip_prefix('v'))) else {
            continue;
        };
        let mut component = json!({
            "type": "library", "name": name, "version": version, "purl": format!("pkg:cargo/{name}@{version}"),
        });
        if let Some(licence) = licences.get(&(name, version)).filter(|licence| !licence.is_empty()) {
            component["licenses"] = json!([{ "expression": licence }]);
        }
        components.insert((name, version), component);
    }
    components.into_values().collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_of_the_tree_is_listed_once_with_its_licence() {
        let metadata = json!({ "packages": [
            { "name": "a", "version": "1.0.0", "license": "MIT" }, { "name": "b", "version": "2.0.0", "license": null },
        ] });
        let found = components(&metadata, "b v2.0.0 (/some/where)\na v1.0.0\n\nb v2.0.0 (/some/where) (*)\n");
        let expected = [
            json!({ "type": "library", "name": "a", "version": "1.0.0", "purl": "pkg:cargo/a@1.0.0", "licenses": [{ "expression": "MIT" }] }),
            json!({ "type": "library", "name": "b", "version": "2.0.0", "purl": "pkg:cargo/b@2.0.0" }),
        ];
        assert_eq!(found, expected);
    }
}
