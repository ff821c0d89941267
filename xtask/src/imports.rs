//! No circle of imports: what a file is made of lies below it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::command::root;

/// A crate that is made of files of another, which are looked at there.
const EXCEPT: [&str; 1] = ["interleavings"];

/// Folders of `slocket-os` whose modules the root of the crate names as its own, as Linux has them.
const BY_THE_ROOT: [&str; 2] = ["linux", "unix"];

/// The folder of the programs of a crate, each of which is a crate of its own.
const PROGRAMS: &str = "bin";

/// A module by the path to it; the crate itself is the empty one.
type Module = Vec<String>;

/// The modules of a crate, each with the names that it says, as paths from the crate.
fn modules(folder: &Path, at: &[String], modules: &mut BTreeMap<Module, BTreeSet<Module>>) {
    for entry in fs::read_dir(folder).expect("sources") {
        let path = entry.expect("a source").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let module = match name.as_str() {
            "lib" | "main" | "mod" => at.to_vec(),
            _ => [at, &[name]].concat(),
        };
        if path.is_dir() {
            self::modules(&path, &module, modules);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let mut names = BTreeSet::new();
            walk(tokens, &module, &mut names);
            modules.entry(module).or_default().extend(names);
        }
    }
}

/// Collects the paths that begin in this crate, as seen from `module`; not those of tests. (Comments for the documentation are
/// strings here.)
fn walk(tokens: TokenStream, module: &[String], names: &mut BTreeSet<Module>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut is_test = false;
    for (index, token) in tokens.iter().enumerate() {
        let is_inside_path = tokens[..index].last_chunk().is_some_and(are_colons);
        match token {
            // (A group after colons is part of a path.)
            TokenTree::Group(group) if !is_inside_path => {
                is_test |= group.stream().to_string().replace(' ', "") == "cfg(test)";
                if !is_test {
                    walk(group.stream(), module, names);
                }
                is_test &= group.delimiter() != Delimiter::Brace;
            }
            TokenTree::Ident(first) if !is_inside_path && !is_test => {
                let from = match first.to_string().as_str() {
                    // (`$crate` is said in the crate that calls the macro.)
                    "crate" if tokens[..index].last().is_some_and(|before| before.to_string() == "$") => continue,
                    "crate" => Vec::new(),
                    "self" => module.to_vec(),
                    "super" => module[..module.len().saturating_sub(1)].to_vec(),
                    name => [module, &[name.to_owned()]].concat(),
                };
                if tokens[index + 1..].first_chunk().is_some_and(are_colons) {
                    follow(from, &tokens[index + 1..], names);
                }
            }
            TokenTree::Punct(punct) => is_test &= punct.as_char() != ';',
            TokenTree::Group(_) | TokenTree::Ident(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn are_colons(tokens: &[TokenTree; 2]) -> bool {
    tokens.iter().all(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':'))
}

/// Collects the path, or the tree of paths, that goes on with these tokens.
fn follow(mut path: Module, mut tokens: &[TokenTree], names: &mut BTreeSet<Module>) {
    while let Some((colons, [next, rest @ ..])) = tokens.split_first_chunk()
        && are_colons(colons)
    {
        match next {
            TokenTree::Ident(name) if name == "super" => drop(path.pop()),
            TokenTree::Ident(name) => path.push(name.to_string()),
            TokenTree::Group(group) => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                for branch in inner.split(|token| token.to_string() == ",") {
                    if let [TokenTree::Ident(first), rest @ ..] = branch {
                        let path =
                            if first == "self" { path.clone() } else { [&path[..], &[first.to_string()]].concat() };
                        follow(path, rest, names);
                    }
                }
                return;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => break,
        }
        tokens = rest;
    }
    names.insert(path);
}

/// For each module of a crate those that it imports from.
fn imports(sources: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut said = BTreeMap::new();
    modules(sources, &[], &mut said);
    said.retain(|module, _| module.first().is_none_or(|first| first != PROGRAMS));
    let all: BTreeSet<_> = said.keys().cloned().collect();
    let of = |name: &Module| {
        let in_folders = BY_THE_ROOT.into_iter().map(|folder| [&[folder.to_owned()], &name[..]].concat());
        let names = [name.clone()].into_iter().chain(in_folders);
        let prefixes = names.flat_map(|name| (2..=name.len()).rev().map(move |length| name[..length].to_vec()));
        let short = [name.first().into_iter().cloned().collect(), Vec::new()];
        prefixes.chain(short).find(|name| all.contains(name))
    };
    said.iter()
        .map(|(module, names)| {
            let from = names.iter().filter_map(of).filter(|from| from != module).collect();
            (module.clone(), from)
        })
        .collect()
}

/// The imports that are part of a circle.
fn circles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<String> {
    let leads_to = |from: &Module, to: &Module| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(module) = next.pop() {
            if seen.insert(module) {
                next.extend(imports.get(module).into_iter().flatten());
            }
        }
        seen.contains(to)
    };
    let pairs = imports.iter().flat_map(|(module, from)| from.iter().map(move |from| (module, from)));
    let is_in_one = |(module, from): &(&Module, &Module)| leads_to(from, module);
    pairs.filter(is_in_one).map(|(module, from)| format!("{} → {}", module.join("::"), from.join("::"))).collect()
}

#[test]
fn no_crate_has_a_circle_of_imports() {
    let folders = |of: &Path| {
        let entries = fs::read_dir(of).into_iter().flatten().map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let crates = folders(&root()).into_iter().filter(|folder| !EXCEPT.iter().any(|name| folder.ends_with(name)));
    let sources: Vec<_> = crates.map(|folder| folder.join("src")).filter(|sources| sources.is_dir()).collect();
    let programs = sources.iter().flat_map(|sources| folders(&sources.join(PROGRAMS)));
    let mut count = 0;
    for folder in programs.chain(sources.iter().cloned()) {
        let imports = imports(&folder);
        count += imports.values().map(BTreeSet::len).sum::<usize>();
        let circles = circles(&imports);
        assert!(circles.is_empty(), "{} has a circle of imports:\n{}", folder.display(), circles.join("\n"));
    }
    assert!(count > 300, "{count} imports are found");
}

#[test]
fn what_counts_as_an_import() {
    let text = "
        //! [`Nothing`](crate::in_a_comment::Nothing)
        use crate::a::{self, b::{B, C}};
        use super::d::D;
        fn f(f: crate::F) { child::e(std::g::G) }
        macro_rules! m { () => { $crate::elsewhere::H } }
        #[cfg(test)]
        use crate::in_a_test::I;
        #[cfg(test)]
        mod tests { use crate::in_tests::J; }
        use crate::last::K;";
    let mut names = BTreeSet::new();
    walk(text.parse().expect("tokens"), &["up", "here"].map(str::to_owned), &mut names);
    let names: Vec<_> = names.iter().map(|name| name.join("::")).collect();
    let of_others = ["F", "a", "a::b::B", "a::b::C", "last::K"];
    assert_eq!(names, [&of_others[..], &["up::d::D", "up::here::child::e", "up::here::std::g::G"]].concat());
}
